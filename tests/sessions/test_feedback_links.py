"""A link in a message: it opens the questions for one person, without a log-in, for one answer, and no more."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.sessions.commands.erasures import erase_people
from services.sessions.commands.prompts import plan_prompts, send_prompts
from services.sessions.domain import letters
from services.sessions.domain.feeds import token_hash
from shared import tracing
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle, contact, person
from tests.sessions.mailbox import Mailbox, deliver, serving_mailbox
from tests.sessions.test_follow_up import run
from tests.sessions.test_forms import choose, form
from tests.sessions.test_quiet import WEEK, zone_at

LINK = re.compile(r"http://127\.0\.0\.1:8103/feedback/([\w-]{43})\b")


@dataclass
class Asked:
    """Everybody was in a session, and was mailed a link about it."""

    world: World
    box: Mailbox
    programme: UUID
    session: UUID
    people: list[UUID]
    tokens: list[str]

    async def open(self, token: str) -> httpx.Response:
        return await self.world.client.get(f"/feedback/{token}")

    async def send(self, token: str, **fields: Any) -> httpx.Response:
        """As a browser sends the page's own form, with something else in some of its fields."""
        said = Form.on((await self.open(token)).text).said | {"score0": "5", "score1": "4", "score2": "3"}
        return await self.world.client.post("/feedback", data={**said, "token": token, **fields})

    async def answers(self) -> int:
        (row,) = await self.world.fetch("SELECT coalesce(sum(cardinality(answers)), 0) AS n FROM feedback_cells")
        return int(row["n"])


class Form(HTMLParser):
    """What a page's form sends untouched, and what is in it for those who do not see it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.typed: dict[str, str] = {}
        self.tags: list[str] = []

    @classmethod
    def on(cls, page: str) -> "Form":
        found = cls()
        found.feed(page)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "textarea" or (tag == "input" and (given["type"] == "hidden" or "checked" in given)):
            self.said[str(given["name"])] = given.get("value") or ""
        if tag == "input" and given["type"] in {"text", "number"}:
            self.typed[str(given["name"])] = given.get("value") or ""


@pytest.fixture
async def asked(world: World) -> AsyncIterator[Asked]:
    people = await world.people(6, time_zone=zone_at(12), **WEEK)
    for number, one in enumerate(people):
        await world.hear(contact(one, email=f"p{number}@example.org"))
    programme = await world.programme(**PAST, group_size_max=8, group_size_min=4, confidentiality="open")
    await world.hear(circle(programme, people, None))
    ((session,),) = await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1 LIMIT 1", programme)
    await world.execute("DELETE FROM sessions WHERE session_id <> $1", session)
    await world.execute(
        "UPDATE sessions SET state = 'held', changed_at = now(), starts_at = now() - interval '25 hours',"
        " ends_at = now() - interval '24 hours'"
    )
    await world.execute("UPDATE participants SET state = 'attended'")
    async with serving_mailbox() as box:
        await run(world, plan_prompts, send_prompts)
        found = Asked(world, box, programme, session, people, [""] * len(people))
        for mail in await deliver(world, box, queue=False):
            who = int(str(mail["To"].addresses[0].username).removeprefix("p"))
            found.tokens[who] = LINK.findall(mail.get_content())[0]
        assert len(set(found.tokens)) == len(people)
        yield found


async def test_a_link_opens_the_questions_for_one_answer_and_says_nothing_of_whom_it_asks(
    asked: Asked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C15, K4."""
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("lateral"))
    token, other = asked.tokens[:2]
    with caplog.at_level(logging.DEBUG):
        page = await asked.open(token)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert "script" not in page.headers["content-security-policy"]
        assert [page.text.count(word) for word in ("It was useful.", "It was about my work.", "I was engaged.")] == [
            1
        ] * 3
        shown = Form.on(page.text)
        assert (shown.said["token"], shown.tags.count("fieldset"), shown.tags.count("legend")) == (token, 3, 3)
        assert "script" not in shown.tags
        for asking in (*map(str, asked.people), "example.org", str(asked.session), "Somebody"):
            assert asking not in page.text
        assert (await asked.open(token)).status_code == 200  # a mail program has looked, too
        thanked = await asked.send(token, comment="thanks")
        again = await asked.send(token)
    assert (thanked.status_code, again.status_code, (await asked.open(token)).status_code) == (200, 409, 409)
    assert "answered already" in again.text
    assert (await asked.open(other)).status_code == 200
    ((answers, comments),) = await asked.world.fetch("SELECT answers, comments FROM feedback_cells")
    assert ([tuple(one) for one in answers], comments) == ([(5, 4, 3)], ["thanks"])
    given = await asked.world.fetch("SELECT session_id, person_id FROM feedback_given")
    assert [tuple(row) for row in given] == [(asked.session, asked.people[0])]
    told = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    told += " ".join(f"{span.name} {dict(span.attributes or {})}" for span in spans.get_finished_spans())
    assert "GET /feedback/{token}" in told
    for table in ("audit", "idempotency_keys", "messages", "outbox", "prompts"):
        told += str([dict(row) for row in await asked.world.fetch(f"SELECT * FROM {table}")])
    assert token not in told
    audited = await asked.world.fetch("SELECT actor, object FROM audit WHERE action = 'take_feedback'")
    assert [row["object"] for row in audited] == ["/feedback"]
    assert audited[0]["actor"] == f"feedback link {token_hash(token).hex()[:16]}"


async def test_of_answers_given_at_once_one_counts(asked: Asked) -> None:
    first, second, third = asked.tokens[:3]
    path = f"/v1/sessions/{asked.session}/feedback"
    body = {"usefulness": 1, "relevance": 1, "engagement": 1}
    key = {"Idempotency-Key": "the-same-everywhere"}
    said = {"form_id": "", "form_version": "1", "score0": "2", "score1": "2", "score2": "2", "comment": ""}
    replies = await asyncio.gather(
        asked.send(first),
        asked.send(first),
        asked.world.call("POST", path, body, who=asked.people[0]),
        *(
            asked.world.client.post("/feedback", data={**said, "token": one}, headers=key)
            for one in (second, third, second)
        ),
    )
    codes = [reply.status_code for reply in replies]
    assert sorted(codes[:3]) in ([200, 409, 409], [202, 409, 409])
    assert codes[3:] == [200, 200, 200]  # the second time the first reply is repeated, and nobody else's
    assert await asked.answers() == 3


async def test_a_link_ends_with_its_time_its_person_or_when_it_is_revoked(asked: Asked) -> None:
    world, (ended, absent, revoked, left, erased, good) = asked.world, asked.tokens
    await world.execute("UPDATE prompts SET expires_on = current_date - 1 WHERE person_id = $1", asked.people[0])
    await world.execute("UPDATE participants SET state = 'no_show' WHERE person_id = $1", asked.people[1])
    assert (await world.call("DELETE", "/v1/feedback-links", who=asked.people[2])).status_code == 204
    await world.hear(person(asked.people[3], 2, status="left"))
    async with world.db.transaction() as conn:
        await erase_people(conn, [asked.people[4]])
    for token, status, words in (
        (ended, 409, "time for an answer is over"),
        (absent, 409, "those who were there"),
        (revoked, 404, "opens nothing"),
        (left, 404, "opens nothing"),
        (erased, 404, "opens nothing"),
        ("x" * 43, 404, "opens nothing"),
        ("é", 404, "opens nothing"),
    ):
        said = {"token": token, "form_id": "", "form_version": "1", "score0": "1", "score1": "1", "score2": "1"}
        for reply in (await asked.open(token), await world.client.post("/feedback", data=said)):
            assert (reply.status_code, words in reply.text) == (status, True), (token, reply.text)
    assert await asked.answers() == 0
    assert (await asked.send(good)).status_code == 200
    assert await asked.answers() == 1


async def test_what_is_missing_is_asked_for_again_and_nothing_is_used_up(asked: Asked) -> None:
    token = asked.tokens[0]
    for wrong in ({"score1": ""}, {"score1": "6"}, {"comment": "x" * 2001}, {"form_id": "1"}):
        again = await asked.send(token, **wrong)
        assert (again.status_code, "Answer every question" in again.text) == (422, True), wrong
        assert Form.on(again.text).said["score0"] == "5"
    assert (await asked.world.client.post("/feedback", content=b"\xff")).status_code == 422
    assert (await asked.world.client.post("/feedback", content=b"x" * 40_000)).status_code == 413
    before = Form.on((await asked.open(token)).text).said
    own = await form(asked.world)
    assert (await choose(asked.world, asked.programme, "feedback", own)).status_code == 200
    other = await asked.send(**before)
    assert (other.status_code, "Other questions are asked now" in other.text) == (409, True)
    assert Form.on(other.text).said == {"token": token, "family": "feedback", "form_id": own, "form_version": "1"}
    assert (await asked.send(token)).status_code == 422  # three scores for two questions
    said = {"token": token, "form_id": own, "form_version": "1", "score0": "5", "score1": "4"}
    assert (await asked.world.client.post("/feedback", data=said)).status_code == 200
    ((kept,),) = await asked.world.fetch("SELECT answers FROM answer_cells")
    assert kept == [{"s": [5, 4]}]


async def test_a_message_sent_again_has_a_link_of_its_own_and_none_goes_to_who_has_answered(asked: Asked) -> None:
    world = asked.world
    await world.execute("UPDATE messages SET state = 'queued'")
    assert (await asked.send(asked.tokens[0])).status_code == 200
    mails = await deliver(world, asked.box, queue=False)
    assert len(mails) == 5
    rows = await world.fetch("SELECT person_id FROM messages WHERE state = 'unwanted'")
    assert [row["person_id"] for row in rows] == [asked.people[0]]
    newer = {str(mail["To"].addresses[0].username): LINK.findall(mail.get_content())[0] for mail in mails}["p1"]
    assert newer != asked.tokens[1]
    assert [(await asked.open(token)).status_code for token in (newer, asked.tokens[1])] == [200, 200]
    assert [(await asked.send(token)).status_code for token in (newer, asked.tokens[1])] == [200, 409]


async def test_of_a_closed_session_the_page_says_no_subject(asked: Asked) -> None:
    """C3."""
    await asked.world.execute("UPDATE programmes SET name = 'Redundancies'")
    assert "Mentoring circle: Redundancies" in (await asked.open(asked.tokens[0])).text
    await asked.world.execute("UPDATE programmes SET confidentiality = 'closed', name = '<script>'")
    page = (await asked.open(asked.tokens[0])).text
    assert "Peer learning, " in page
    assert "script" not in page


def test_a_chat_has_the_link_behind_a_word() -> None:
    text = letters.linked_text("feedback", "https://learn.example/feedback/abc", TODAY)
    section = letters.slack(text, "U1")["blocks"][-1]
    assert section["text"] == {"type": "mrkdwn", "text": "<https://learn.example/feedback/abc|Answer>"}
    (action,) = letters.teams(text, "aad")["attachments"][0]["content"]["actions"]
    assert action == {"type": "Action.OpenUrl", "title": "Answer", "url": "https://learn.example/feedback/abc"}
