"""What those who learn say of pairs more or less alike: told in tens of people, of nobody."""

import asyncio
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.matching.commands.answers import answer
from services.matching.commands.rounds import run_round
from services.matching.settings import MatchingSettings
from services.sessions.commands.feedback import give_feedback, release_likeness
from services.sessions.domain.feedback import release_alike
from services.sessions.domain.forms import usefulness
from shared.db import Database
from shared.events.matching import MatchAccepted, MatchProposed
from shared.events.sessions import FeedbackAnswer, LikenessRated, ProgrammeChanged
from shared.settings import load
from tests.conftest import NewDatabase
from tests.matching import world as there
from tests.matching.conftest import World as Matching
from tests.sessions.conftest import PAST, World
from tests.sessions.events import circle, pair

ALIKE = "another_unit.same_site.1"


async def met(world: World, pairs: int, **changes: Any) -> list[tuple[list[UUID], UUID, UUID]]:
    """Pairs of one likeness who have met: their sessions in order, who learnt, and from whom."""
    programme = await world.programme(**{**PAST, "format": "mentoring", "cadence_days": 7, **changes})
    people = await world.people(2 * pairs)
    matches = [
        pair(programme, one, other, likeness=ALIKE) for one, other in zip(people[:pairs], people[pairs:], strict=True)
    ]
    await world.hear(*matches)
    await world.execute("UPDATE participants SET state = 'attended'")
    # In one quarter, whenever this runs.
    await world.execute(
        "UPDATE sessions SET starts_at = date_trunc('quarter', now(), 'UTC') + number * interval '1 day',"
        " ends_at = date_trunc('quarter', now(), 'UTC') + number * interval '1 day' + interval '1 hour'"
    )
    sessions = {match.match_id: list[UUID]() for match in matches}
    for row in await world.fetch(
        "SELECT g.match_id, s.session_id FROM sessions AS s JOIN groups AS g USING (group_id)"
        " WHERE g.programme_id = $1 ORDER BY s.number",
        programme,
    ):
        sessions[row["match_id"]].append(row["session_id"])
    return [(sessions[each.match_id], each.members[0].person_id, each.members[1].person_id) for each in matches]


async def say(world: World, session: UUID, person: UUID, useful: int) -> None:
    async with world.db.transaction() as conn:
        await give_feedback(
            conn, session, person, FeedbackAnswer(usefulness=useful, relevance=1, engagement=1), "a comment"
        )


async def release(world: World) -> int:
    async with world.db.transaction() as conn:
        return await release_likeness(conn)


async def test_what_ten_who_learn_say_is_told_as_a_sum_and_once(world: World) -> None:
    pairs = await met(world, 10)
    for number, (sessions, learner, _) in enumerate(pairs[:9]):
        await say(world, sessions[0], learner, 1 + number % 5)
    assert await release(world) == 0
    await say(world, pairs[9][0][0], pairs[9][1], 5)
    assert await release(world) == 1
    assert await release(world) == 0
    (event,) = await world.told("likeness.rated")
    assert event == {"format": "mentoring", "likeness": ALIKE, "answers": 10, "usefulness": 5 + 2 * 10 + 5 - 5 + 5}
    assert await world.fetch("SELECT FROM likeness_cells WHERE cardinality(answers) > 0") == []
    rows = await world.fetch("SELECT header_names, header_values FROM outbox WHERE topic = 'sessions.likeness'")
    ids = [dict(zip(row["header_names"], row["header_values"], strict=True))["ce_id"].decode() for row in rows]
    assert [UUID(each).version for each in ids] == [4], "an id that sorts by time would tell when"


async def test_who_teaches_is_not_asked_what_learning_from_them_was_like(world: World) -> None:
    pairs = await met(world, 10)
    await asyncio.gather(*(say(world, sessions[0], teacher, 5) for sessions, _, teacher in pairs))
    assert await world.fetch("SELECT FROM likeness_cells") == []
    assert await world.fetch("SELECT FROM feedback_cells") != []


async def test_many_answers_of_few_people_stay_held(world: World) -> None:
    """Also of sessions in different months and programmes: nobody is twice among those who are told of."""
    pairs = await met(world, 5)
    for one in (0, 1, 2):
        for sessions, learner, _ in pairs:
            await say(world, sessions[one], learner, 3)
    assert await release(world) == 0
    rows = await world.fetch("SELECT round, answers FROM likeness_cells ORDER BY round")
    assert [tuple(row) for row in rows] == [(number, [3] * 5) for number in (1, 2, 3)]


async def test_an_answer_is_one_answer_however_many_are_given_at_once(world: World) -> None:
    pairs = await met(world, 10)
    await asyncio.gather(
        *(say(world, session, learner, 2) for sessions, learner, _ in pairs for session in sessions[:2])
    )
    assert await release(world) == 2
    told = await world.told("likeness.rated")
    assert [(one["answers"], one["usefulness"]) for one in told] == [(10, 20), (10, 20)]


async def test_a_form_of_one_s_own_counts_where_it_asks_that(world: World) -> None:
    pairs = await met(world, 1, format="job_shadowing")
    (((session, *_), learner, _),) = pairs
    form = (await world.call("GET", f"/v1/sessions/{session}/feedback-form", who=learner)).json()
    own = {"form_id": form["form_id"], "form_version": form["form_version"], "scores": [4, 1, 1]}
    reply = await world.call("POST", f"/v1/sessions/{session}/feedback", {"own": own}, who=learner)
    assert reply.status_code == 202, reply.text
    rows = await world.fetch("SELECT format, likeness, answers FROM likeness_cells")
    assert [tuple(row) for row in rows] == [("job_shadowing", ALIKE, [4])]


async def test_circles_and_pairs_of_before_are_of_no_likeness(world: World) -> None:
    people = await world.people(6)
    programme = await world.programme(**PAST, cadence_days=7)
    await world.hear(circle(programme, people[:4], None))
    await world.hear(pair(programme, people[4], people[5]))
    await world.execute("UPDATE participants SET state = 'attended'")
    for row in await world.fetch("SELECT session_id, person_id FROM participants"):
        await say(world, row["session_id"], row["person_id"], 4)
    assert await world.fetch("SELECT FROM likeness_cells") == []


async def test_no_column_leads_from_what_was_said_to_whoever_said_it(world: World) -> None:
    rows = await world.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = 'likeness_cells'")
    assert {row["column_name"] for row in rows} == {"format", "likeness", "quarter", "round", "answers"}
    stored = []
    for backwards in (False, True):
        pairs = await met(world, 4)
        for number, (sessions, learner, _) in enumerate(reversed(pairs) if backwards else pairs):
            await say(world, sessions[0], learner, 4 - number if backwards else 1 + number)
        rows = await world.fetch("SELECT answers FROM likeness_cells")
        stored.append([row["answers"] for row in rows])
        await world.execute("DELETE FROM likeness_cells")
    assert stored == [[[1, 2, 3, 4]], [[1, 2, 3, 4]]]


async def test_what_learners_say_here_is_what_rounds_there_score_by(world: World, new_database: NewDatabase) -> None:
    """As the events say it: ten who learn from somebody of their rank are content, ten who do not are not."""
    await world.programme(**PAST, format="mentoring")
    (told,) = [ProgrammeChanged.model_validate(each) for each in await world.told("programme.changed")][-1:]
    levels = [2 if number < 10 else 5 for number in range(20)]
    pairs = [
        (there.learner(skill=f"s/{number}"), there.teacher(skill=f"s/{number}", job_level=level))
        for number, level in enumerate(levels)
    ]
    people = [one for each in pairs for one in each]
    db = await Database.connect(load(MatchingSettings, "matching", database_url=await new_database("matching")))
    matching = Matching(db)
    await matching.hear(told)
    for each in (matching, world):
        await each.hear(*people)
    async with db.transaction() as conn:
        await run_round(conn, told.programme_id)
    for match in await matching.said(MatchProposed):
        async with db.transaction() as conn:
            for member in match["members"]:
                await answer(conn, UUID(match["match_id"]), UUID(member["person_id"]), "accepted")
    await world.hear(*map(MatchAccepted.model_validate, await matching.said(MatchAccepted)))
    await world.execute("UPDATE participants SET state = 'attended'")
    content = {person.person_id for person in people[:20]}
    for row in await world.fetch("SELECT session_id, person_id FROM participants"):
        await say(world, row["session_id"], row["person_id"], 5 if row["person_id"] in content else 2)
    await release(world)
    await matching.hear(*map(LikenessRated.model_validate, await world.told("likeness.rated")))
    near, far = there.teacher(job_level=4), there.teacher(job_level=5)
    await matching.hear(there.learner(job_level=4), near, far, there.learner(job_level=1))
    async with db.transaction() as conn:
        await run_round(conn, told.programme_id)
    reasons = {
        match["members"][1]["person_id"]: {why["code"]: why["points"] for why in match["reasons"]}
        for match in (await matching.said(MatchProposed))[20:]
    }
    assert reasons[str(near.person_id)]["well_received"] == 5
    assert "well_received" not in reasons[str(far.person_id)]
    await db.close()


@given(st.lists(st.integers(1, 5)))
def test_answers_leave_in_tens_and_none_is_lost_or_made_up(answers: list[int]) -> None:
    leaving, waiting = release_alike(answers)
    assert sorted(leaving + waiting) == sorted(answers)
    assert (len(leaving) % 10, len(waiting)) == (0, len(answers) % 10)


def test_which_answers_wait_is_drawn_by_lot() -> None:
    assert len({tuple(release_alike(range(11))[1]) for _ in range(200)}) > 1


def test_usefulness_is_read_as_it_was_meant() -> None:
    other = {"code": "other", "reverse": False}
    assert usefulness([1, 4], [other, {"code": "usefulness", "reverse": False}]) == 4
    assert usefulness([2], [{"code": "usefulness", "reverse": True}]) == 4
    assert usefulness([9], [{"code": "usefulness", "reverse": False, "scale": "recommendation"}]) is None
    assert usefulness([3], [other]) is None
