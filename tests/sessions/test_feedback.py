import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands.feedback import give_feedback, release_feedback
from services.sessions.domain.feedback import release, told_in_tens
from shared.events.sessions import FeedbackAnswer
from tests.sessions.conftest import PAST, TODAY, World
from tests.sessions.events import circle

FIRST = datetime.combine(TODAY.replace(day=1), time(9), UTC)
HOUR = timedelta(hours=1)
GOOD = {"usefulness": 5, "relevance": 4, "engagement": 3}


async def held(world: World, size: int, **changes: Any) -> tuple[list[UUID], list[UUID]]:
    """Sessions of the past, in order, of a group whose members all attended."""
    people = await world.people(size, **changes)
    programme = await world.programme(**PAST, group_size_max=8, cadence_days=7)
    await world.hear(circle(programme, people, None))
    await world.execute("UPDATE participants SET state = 'attended'")
    rows = await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1 ORDER BY starts_at", programme)
    await world.execute(
        "UPDATE sessions SET starts_at = $1::timestamptz, ends_at = $1::timestamptz + interval '1 hour'", FIRST
    )
    return [row["session_id"] for row in rows], people


async def give(
    world: World, session: UUID, person: UUID, scores: tuple[int, int, int] = (5, 4, 3), comment: str | None = None
) -> None:
    answer = FeedbackAnswer(usefulness=scores[0], relevance=scores[1], engagement=scores[2])
    async with world.db.transaction() as conn:
        await give_feedback(conn, session, person, answer, comment)


async def release_all(world: World) -> int:
    async with world.db.transaction() as conn:
        return await release_feedback(conn)


async def test_somebody_who_attended_answers_once(world: World) -> None:
    """K4."""
    (session, *_), (person, *_) = await held(world, 4)
    path = f"/v1/sessions/{session}/feedback"
    reply = await world.call("POST", path, {**GOOD, "comment": "thanks"}, who=person)
    assert (reply.status_code, reply.json()) == (202, {"session_id": str(session), "status": "accepted"})
    again = await world.call("POST", path, GOOD, who=person)
    assert (again.status_code, again.json()["type"], again.json()["state"]) == (
        409,
        "/problems/feedback-already-given",
        "given",
    )


async def test_somebody_who_was_not_there_is_refused_with_the_state(world: World) -> None:
    (session, *_), (person, *_) = await held(world, 4)
    await world.execute("UPDATE participants SET state = 'no_show'")
    reply = await world.call("POST", f"/v1/sessions/{session}/feedback", GOOD, who=person)
    assert (reply.status_code, reply.json()["type"], reply.json()["state"]) == (
        409,
        "/problems/did-not-attend",
        "no_show",
    )


@pytest.mark.parametrize("body", [{**GOOD, "usefulness": 6}, {**GOOD, "usefulness": 0}, {**GOOD, "usefulness": None}])
async def test_a_score_is_one_to_five(body: dict[str, Any], world: World) -> None:
    (session, *_), (person, *_) = await held(world, 4)
    reply = await world.call("POST", f"/v1/sessions/{session}/feedback", body, who=person)
    assert [error["field"] for error in reply.json()["errors"]] == ["usefulness"]


async def test_nothing_is_told_before_five_people_have_answered(world: World) -> None:
    (session, *_), people = await held(world, 5)
    for person in people[:4]:
        await give(world, session, person)
    assert await release_all(world) == 0
    await give(world, session, people[4], (1, 1, 1))
    assert await release_all(world) == 1
    (event,) = await world.told("feedback.released")
    assert sorted(event) == sorted(
        ["batch_id", "programme_id", "format", "division", "month", "released_on", "answers", "form_version"]
    )
    assert (event["division"], event["month"]) == ("sales", str(TODAY.replace(day=1)))
    assert sorted(answer["usefulness"] for answer in event["answers"]) == [1, 5, 5, 5, 5]
    assert UUID(event["batch_id"]).version == 4
    assert await world.fetch("SELECT FROM feedback_cells WHERE cardinality(answers) > 0") == []
    assert await release_all(world) == 0


async def test_many_answers_of_few_people_stay_held(world: World) -> None:
    sessions, people = await held(world, 4)
    assert len(sessions) >= 4
    for session in sessions:
        for person in people:
            await give(world, session, person)
    assert await release_all(world) == 0
    rows = await world.fetch("SELECT round, cardinality(answers) AS answers FROM feedback_cells ORDER BY round")
    assert [tuple(row) for row in rows] == [(number, 4) for number in range(1, len(sessions) + 1)]


async def test_a_batch_has_one_answer_a_person_although_they_answer_at_once(world: World) -> None:
    sessions, people = await held(world, 5)
    scores = {person: (number, number, number) for number, person in enumerate(people, 1)}
    await asyncio.gather(*(give(world, session, person, scores[person]) for session in sessions for person in people))
    assert await release_all(world) == len(sessions)
    for event in await world.told("feedback.released"):
        assert sorted(answer["usefulness"] for answer in event["answers"]) == [1, 2, 3, 4, 5]


async def test_another_programme_of_the_month_is_a_round_of_its_own(world: World) -> None:
    (one, *_), people = await held(world, 4)
    programme = await world.programme(**PAST, group_size_max=8, cadence_days=7)
    await world.hear(circle(programme, people, None))
    await world.execute("UPDATE participants SET state = 'attended'")
    other = (await world.fetch("SELECT session_id FROM sessions WHERE programme_id = $1 LIMIT 1", programme))[0][0]
    moved = "UPDATE sessions SET starts_at = $1, ends_at = $2 WHERE session_id = $3"
    await world.execute(moved, FIRST, FIRST + HOUR, other)
    for session in (one, other):
        await give(world, session, people[0])
    assert [row["round"] for row in await world.fetch("SELECT round FROM feedback_cells")] == [1, 1]


def test_which_answers_leave_first_is_drawn_by_lot_and_words_leave_in_tens() -> None:
    answers = [FeedbackAnswer(usefulness=1 + n // 3, relevance=1, engagement=1) for n in range(9)]
    cell = (uuid4(), "study_group", "sales", FIRST.date())
    waiting = {tuple(answer.usefulness for answer in release(cell, answers, [], TODAY)[1]) for _ in range(200)}
    assert len({tuple(sorted(one)) for one in waiting}) > 1
    batches = [(5, ["b"]), (5, ["a"]), (5, ["c"]), (4, ["d"])]
    assert [told_in_tens(batches[:count]) for count in range(5)] == [[], [], ["a", "b"], ["a", "b"], ["a", "b"]]


async def test_divisions_are_never_mixed(world: World) -> None:
    (session, *_), people = await held(world, 5)
    await world.execute("UPDATE people SET division = 'legal' WHERE person_id = $1", people[0])
    for person in people:
        await give(world, session, person)
    assert await release_all(world) == 0


async def test_the_order_of_answers_leaves_no_trace(world: World) -> None:
    stored = []
    for backwards in (False, True):
        (session, *_), people = await held(world, 4)
        given = list(zip(people, ((1, 2, 3), (5, 5, 5), (3, 3, 3), (1, 1, 1)), strict=True))
        for person, scores in reversed(given) if backwards else given:
            await give(world, session, person, scores, f"comment {scores}")
        rows = await world.fetch(
            "SELECT answers, comments FROM feedback_cells c JOIN sessions s USING (programme_id) WHERE session_id = $1",
            session,
        )
        stored.append([(list(map(tuple, row["answers"])), row["comments"]) for row in rows])
    assert stored[0] == stored[1]
    assert len(stored[0]) == 1


async def test_no_column_leads_from_an_answer_to_whoever_gave_it(world: World) -> None:
    rows = await world.fetch(
        "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_name LIKE 'feedback%'"
    )
    columns: dict[str, set[str]] = {}
    for row in rows:
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    asked = {"feedback_given": {"session_id", "person_id"}, "feedback_links": {"token_hash", "prompt_id"}}
    assert {table: columns[table] for table in asked} == asked
    for table in ("feedback_cells", "feedback_batches"):
        assert not columns[table] & {"session_id", "person_id", "group_id", "match_id"}
    kinds = {row["udt_name"] for row in rows if row["table_name"] not in asked}
    assert kinds == {"uuid", "text", "date", "int4", "_text", "_feedback_answer"}
    references = await world.fetch(
        "SELECT FROM pg_constraint WHERE contype = 'f'"
        " AND conrelid IN ('feedback_cells'::regclass, 'feedback_batches'::regclass)"
    )
    assert references == []


async def test_no_transaction_number_leads_from_an_answer_to_whoever_gave_it(world: World) -> None:
    (session, *_), people = await held(world, 4)
    for number, person in enumerate(people, 1):
        body = {"usefulness": number, "relevance": number, "engagement": number}
        reply = await world.call("POST", f"/v1/sessions/{session}/feedback", body, who=person, Idempotency_Key="k")
        assert reply.status_code == 202
    rows = await world.fetch("SELECT c.answers FROM feedback_cells c JOIN feedback_given g ON g.xmin = c.xmin")
    assert [len(row["answers"]) for row in rows] == [4]
    trail = await world.fetch("SELECT c.answers FROM feedback_cells c JOIN audit a ON a.xid::text = c.xmin::text")
    assert [len(row["answers"]) for row in trail] == [4]


async def test_a_saved_reply_does_not_remember_what_was_answered(world: World) -> None:
    (session, *_), people = await held(world, 4)
    for number, person in enumerate(people, 1):
        body = {"usefulness": number, "relevance": number, "engagement": number, "comment": f"comment {number}"}
        path = f"/v1/sessions/{session}/feedback"
        for _ in range(2):
            reply = await world.call("POST", path, body, who=person, Idempotency_Key="k")
            assert reply.status_code == 202
    rows = await world.fetch("SELECT DISTINCT fingerprint FROM idempotency_keys WHERE route LIKE '%/feedback'")
    assert len(rows) == 1


async def test_means_are_shown_to_the_facilitator_when_enough_was_released(world: World) -> None:
    (session, *_), people = await held(world, 5)
    lead = uuid4()
    await world.execute("UPDATE sessions SET facilitator_id = $1", lead)
    path = f"/v1/sessions/{session}/feedback"
    for person in people:
        await give(world, session, person)
    early = (await world.call("GET", path, who=lead)).json()
    assert (early["suppressed"], early["usefulness"], early["answers"]) == (True, None, 0)
    await release_all(world)
    shown = (await world.call("GET", path, who=lead)).json()
    assert (shown["suppressed"], shown["answers"], shown["usefulness"], shown["relevance"]) == (False, 5, 5.0, 4.0)
    assert (await world.own("GET", path)).json()["answers"] == 5
    assert (await world.call("GET", path, who=people[0])).status_code == 403
    assert (await world.call("GET", path, roles=("manager",), who=people[0])).status_code == 403
    reads = await world.fetch("SELECT FROM audit WHERE action = 'get_feedback' AND object = $1", path)
    assert len(reads) == 3


@given(st.lists(st.tuples(*[st.integers(1, 5)] * 3), min_size=5))
def test_answers_leave_in_fives_and_none_is_lost_or_made_up(scores: list[tuple[int, int, int]]) -> None:
    answers = [FeedbackAnswer(usefulness=a, relevance=b, engagement=c) for a, b, c in scores]
    batch, waiting = release((uuid4(), "mentoring", "sales", TODAY.replace(day=1)), answers, [], TODAY)
    key = lambda answer: (answer.usefulness, answer.relevance, answer.engagement)  # noqa: E731
    assert sorted([*batch.told().answers, *waiting], key=key) == sorted(answers, key=key)
    assert len(waiting) == len(answers) % 5
