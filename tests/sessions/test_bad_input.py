"""Bad input, each through HTTP with the exact answer; and afterwards everything is as it was."""

import ast
import importlib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

import services.sessions
from shared.refusal import Refused
from tests.sessions.conftest import PROGRAMME, World
from tests.sessions.events import contact
from tests.sessions.gathering import add, attend, begin, found, workday
from tests.sessions.mailbox import Mailbox, deliver, serving_mailbox
from tests.sessions.replies import google

DETAILS = ("status", "type", "title", "detail", "errors", "state")


def problem(reply: httpx.Response) -> dict[str, Any]:
    """What is said to whoever asked, without the number that finds it in the logs."""
    assert reply.headers["content-type"] == "application/problem+json"
    said = reply.json()
    assert said.pop("instance")
    return {name: said[name] for name in DETAILS if name in said}


def invalid(field: str, message: str) -> dict[str, Any]:
    return {
        "status": 422, "type": "/problems/invalid-request", "title": "Invalid request",
        "detail": f"{field}: {message}", "errors": [{"field": field, "message": message}],
    }  # fmt: skip


async def community(world: World) -> tuple[UUID, dict[str, Any]]:
    (founder,) = await world.people(1)
    return founder, await found(world, founder, await world.programme(format="community_of_practice"), charter="We")


async def everything(world: World) -> list[Any]:
    """All there is of sessions, groups and what is told of them."""
    tables = ("programmes", "groups", "sessions", "participants", "outbox", "calendar_replies")
    return [(await world.fetch(f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {t} AS t"))[0] for t in tables]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"time_zone": "Mars/Olympus"}, invalid("time_zone", "is no known time zone")),
        ({"rrule": "FREQ=DAILY"}, invalid("rrule", "never ends: it needs COUNT or UNTIL")),
        ({"rrule": "FREQ=DAILY;COUNT=367"}, invalid("rrule", "makes more than 366 sessions")),
        ({"title": "A\r\nATTENDEE:mailto:eve@example.org"}, None),
    ],
)  # fmt: skip
async def test_a_series_that_cannot_be_is_refused_and_nothing_is_made(
    change: dict[str, Any], answer: dict[str, Any] | None, world: World
) -> None:
    founder, group = await community(world)
    start = datetime.combine(workday(7).date(), time(9)).isoformat()
    body = {"rrule": "FREQ=WEEKLY;COUNT=3", "starts_at": start, "time_zone": "Europe/Berlin", "title": "Data hour"}
    path, before = f"/v1/groups/{group['group_id']}/series", await everything(world)
    said = problem(await world.call("POST", path, body | change, who=founder))
    if answer is None:
        assert (said["status"], said["type"], [one["field"] for one in said["errors"]]) == (
            422, "/problems/invalid-request", ["title"],
        )  # fmt: skip
    else:
        assert said == answer
    assert await everything(world) == before
    assert (await world.call("POST", path, body, who=founder)).status_code == 201


@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("/v1/programmes", "name", PROGRAMME),
        ("/v1/formats", "title", {"name": "data_clinic", "based_on": "peer_discussion"}),
        ("/v1/programme-templates", "title", {"name": "my_own", "programme": {}}),
        ("/v1/knowledge", "title", {"kind": "resource", "body": "b"}),
    ],
)
async def test_a_title_of_two_lines_is_refused_wherever_a_calendar_or_a_mail_may_say_it(
    path: str, field: str, body: dict[str, Any], world: World
) -> None:
    before = await everything(world)
    caller: dict[str, Any] = {"who": uuid4()} if path.endswith("knowledge") else {"roles": ("programme-owner",)}
    for line in ("A\r\nATTENDEE:mailto:eve@example.org", "A\nB", "A\rB"):
        said = problem(await world.call("POST", path, {**body, field: line}, **caller))
        assert (said["status"], field in [one["field"] for one in said["errors"]]) == (422, True)
    assert await everything(world) == before


async def test_overlapping_times_are_refused_with_what_stands_in_the_way(world: World) -> None:
    founder, group = await community(world)
    await add(world, founder, group, workday(3))
    before = await everything(world)
    overlap = {"starts_at": (workday(3) + timedelta(minutes=30)).isoformat()}
    reply = await world.call("POST", f"/v1/groups/{group['group_id']}/sessions", overlap, who=founder)
    assert problem(reply) == {
        "status": 409, "type": "/problems/overlapping-times", "title": "Overlapping times",
        "detail": "You are in another session then.", "state": "taken",
    }  # fmt: skip
    assert await everything(world) == before


async def test_ten_megabytes_of_description_are_too_much(world: World) -> None:
    before = await everything(world)
    reply = await world.own("POST", "/v1/programmes", {**PROGRAMME, "objective": "x" * 10_000_000})
    assert (reply.status_code, problem(reply)["status"]) == (413, 413)
    long = await world.own("POST", "/v1/programmes", {**PROGRAMME, "objective": "x" * 100_000})
    assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "objective")
    assert await everything(world) == before


async def test_a_reply_for_a_cancelled_session_is_refused_kept_and_answered_by_mail(world: World) -> None:
    lead, guest = await world.people(2, work_starts=0, work_ends=1440, work_days=(1, 2, 3, 4, 5, 6, 7))
    for number, one in enumerate((lead, guest)):
        await world.hear(contact(one, email=f"p{number}@example.org"))
    programme = await world.programme(format="study_group")
    group = await found(world, lead, programme, members=[{"person_id": str(guest)}])
    session = await add(world, lead, group, workday(3))
    async with serving_mailbox() as box:
        await deliver(world, box)
        assert (await world.call("POST", f"/v1/sessions/{session}/cancel", who=lead)).status_code == 200
        mail = google(f"{session}@lateral", "p1@example.org", "ACCEPTED", 1)
        token = world._tokens.token(("operator",), person_id=None)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
        refused = await world.client.post("/v1/calendar-replies", content=mail, headers=headers)
        assert problem(refused) == {
            "status": 409, "type": "/problems/session-is-cancelled", "title": "Session is cancelled",
            "detail": "It is cancelled.", "state": "cancelled",
        }  # fmt: skip
        (kept,) = (await world.call("GET", "/v1/calendar-replies", roles=("operator",))).json()["items"]
        assert (kept["person_id"], kept["answer"], kept["outcome"]) == (str(guest), "ACCEPTED", "session-is-cancelled")
        assert "The session has been cancelled." in "".join(await _texts(world, box))


async def _texts(world: World, box: Mailbox) -> list[str]:
    """What newly arrived says."""
    found_ = [part for mail in await deliver(world, box) for part in mail.walk()]
    return [str(part.get_content()) for part in found_ if part.get_content_type() == "text/plain"]


async def test_every_state_machine_refuses_an_impossible_move_and_says_the_state(world: World) -> None:
    lead, guest, third = await world.people(3)
    draft = await world.programme(publish=False, format="study_group")
    programme = await world.programme(format="study_group")
    members = [{"person_id": str(one)} for one in (guest, third)]
    group = await found(world, lead, programme, members=members)
    coming, over = [await add(world, lead, group, workday(day)) for day in (3, 5)]
    await world.call("POST", f"/v1/sessions/{coming}/cancel", who=lead)
    await world.call("POST", f"/v1/sessions/{over}/rsvp", {"answer": "decline"}, who=guest)
    await begin(world, over)
    await attend(world, over, [lead, third], lead)
    log = {"people": [str(guest)], "topic": "A plan", "minutes": 15}
    await world.programme(format="ad_hoc")
    logged = (await world.call("POST", "/v1/quick-logs", log, who=lead)).json()["session_id"]
    said = f"/v1/quick-logs/{logged}/confirmation"
    assert (await world.call("POST", said, {"agreed": False}, who=guest)).status_code == 200
    missing = {"entries": [{"person_id": str(guest), "state": "no_show"}]}
    accept = {"answer": "accept", "rules_version": 1}
    later = {"starts_at": datetime.combine(workday(9).date(), time(12), UTC).isoformat()}
    before = await everything(world)
    owner: dict[str, Any] = {"roles": ("programme-owner",)}
    for method, path, body, options, kind, state in (
        ("POST", f"/v1/programmes/{programme}/publish", None, owner, "programme-not-draft", "published"),
        ("POST", f"/v1/programmes/{draft}/close", {"reason": "Enough"}, owner, "programme-not-published", "draft"),
        (
            "PATCH",
            f"/v1/programmes/{programme}",
            {"format": "cohort"},
            owner | {"If_Match": '"v2"'},
            "programme-fixed",
            "published",
        ),
        (
            "POST",
            "/v1/groups",
            {"programme_id": str(draft), "name": "G"},
            {"who": lead},
            "programme-not-published",
            "draft",
        ),
        ("POST", f"/v1/sessions/{coming}/cancel", None, {"who": lead}, "session-is-cancelled", "cancelled"),
        (
            "POST",
            f"/v1/sessions/{coming}/move",
            later,
            {"who": lead, "If_Match": '"v2"'},
            "session-is-cancelled",
            "cancelled",
        ),
        ("POST", f"/v1/sessions/{coming}/rsvp", accept, {"who": guest}, "session-is-cancelled", "cancelled"),
        ("PUT", f"/v1/sessions/{coming}/attendance", missing, {"who": lead}, "session-is-cancelled", "cancelled"),
        ("PUT", f"/v1/sessions/{coming}/watch", None, {"who": guest}, "session-is-cancelled", "cancelled"),
        ("PUT", f"/v1/sessions/{over}/attendance", missing, {"who": lead}, "impossible-move", "cancelled_early"),
        ("POST", f"/v1/sessions/{logged}/rsvp", accept, {"who": guest}, "session-is-cancelled", "cancelled"),
        ("POST", said, {"agreed": True}, {"who": guest}, "log-settled", "refused"),
    ):
        answer = problem(await world.call(method, path, body, **options))
        assert (answer["status"], answer["type"], answer.get("state")) == (409, f"/problems/{kind}", state), path
    assert await everything(world) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/v1/preferences", {"quiet_to": 60}, "quiet_from"),
        ("PUT", "/v1/availability", {"busy": [dict.fromkeys(("starts_at", "ends_at"), "2027-01-12T14:00:00Z")]},
         "busy.0.ends_at"),
        ("POST", f"/v1/groups/{UUID(int=1)}/sessions", {"starts_at": "2027-01-12T14:00:00Z", "capacity_remote": 3},
         "capacity_in_person"),
        ("PUT", f"/v1/sessions/{UUID(int=1)}/attendance",
         {"entries": [{"person_id": str(uuid4()), "state": "no_show", "minutes": 5}]}, "entries.0.state"),
        ("POST", f"/v1/sessions/{UUID(int=1)}/check-ins/30", {"applied": 0, "frequency": 2}, "applied"),
    ],
)  # fmt: skip
async def test_what_does_not_go_with_the_rest_is_refused_by_the_name_of_its_field(
    method: str, path: str, body: dict[str, Any], field: str, world: World
) -> None:
    (who,) = await world.people(1)
    refused = await world.call(method, path, body, who=who)
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, [field])


def test_every_refusal_says_the_state() -> None:
    """What is raised with 409 tells how things are; read from the code, for each has its own way to come about."""
    silent = []
    for file in sorted(Path(services.sessions.__path__[0]).rglob("*.py")):
        names = vars(importlib.import_module(".".join(file.relative_to(Path.cwd()).with_suffix("").parts)))
        for call in (each.exc for each in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(each, ast.Raise)):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            kind = names.get(call.func.id)
            refuses = isinstance(kind, type) and issubclass(kind, Refused) and kind.status == 409
            heard = call.func.id == "UnknownTimeZone"  # of an event: nobody asked
            if refuses and not heard and "state" not in {word.arg for word in call.keywords}:
                silent.append(f"{file.name}:{call.lineno} {call.func.id}")
    assert silent == []
