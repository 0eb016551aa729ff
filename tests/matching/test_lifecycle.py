"""From proposal to end: what is over takes nothing from anybody any more."""

from typing import Any
from uuid import UUID

from services.matching.timers import TIMERS
from shared.events.directory import PersonChanged, PersonErased
from shared.events.matching import CircleFormed, MatchEnded, MatchExpired, MatchProposed
from shared.events.sessions import ProgrammeChanged
from tests.matching.conftest import Caller, World
from tests.matching.test_previews import run
from tests.matching.test_upkeep import a_circle
from tests.matching.world import learner, programme, teacher


def of(event: dict[str, Any], role: str) -> list[str]:
    """Who is in a match as this."""
    return [member["person_id"] for member in event["members"] if member["role"] == role]


def later(one: ProgrammeChanged, **changes: object) -> ProgrammeChanged:
    return ProgrammeChanged.model_validate(one.model_dump() | {"version": one.version + 1} | changes)


async def accept(call: Caller, match_id: str, *people: PersonChanged) -> None:
    for one in people:
        answer = await call("POST", f"/v1/matches/{match_id}/accept", person=one.person_id)
        assert answer.status_code == 200, answer.text


async def test_with_a_programme_its_matches_end_and_its_proposals_expire(world: World, call: Caller) -> None:
    mentoring, guide, one, other = programme(), teacher(capacity=2), learner(), learner()
    await world.hear(mentoring)
    await world.hear(guide, one, other)
    await run(call, mentoring.programme_id)
    by_learner = {of(event, "learner")[0]: event["match_id"] for event in await world.said(MatchProposed)}
    await accept(call, by_learner[str(one.person_id)], one, guide)
    another, third = programme(), learner()
    await world.hear(another)
    await world.hear(third)
    assert (await run(call, another.programme_id, people=[str(third.person_id)]))["matched"] == 0
    closed = later(mentoring, status="closed")
    await world.hear(closed)
    await world.hear(closed)
    (ended,), (expired,) = await world.said(MatchEnded), await world.said(MatchExpired)
    assert (ended["match_id"], ended["reason"]) == (by_learner[str(one.person_id)], "programme_closed")
    assert expired["match_id"] == by_learner[str(other.person_id)]
    assert (await run(call, another.programme_id, people=[str(third.person_id)]))["matched"] == 1
    assert len(await world.said(MatchProposed)) == 3


async def test_the_circles_of_programmes_closed_before_anybody_looked_end_too(world: World) -> None:
    await a_circle(world)
    (formed,) = await world.said(CircleFormed)
    await world.execute("UPDATE programmes SET status = 'closed' WHERE programme_id = $1", UUID(formed["programme_id"]))
    timer = next(timer for timer in TIMERS if timer.name == "end-with-closed-programmes")
    for count in (1, 0):
        async with world.db.transaction() as conn:
            assert await timer.run(conn) == count
    (ended,) = await world.said(MatchEnded)
    assert (ended["match_id"], ended["reason"]) == (formed["match_id"], "programme_closed")


async def test_two_who_are_or_were_lately_together_are_not_proposed_to_each_other(world: World, call: Caller) -> None:
    mentoring, another, guide, one = programme(), programme(), teacher(), learner()
    await world.hear(mentoring, another)
    await world.hear(guide, one)
    await run(call, mentoring.programme_id)
    (match,) = await world.said(MatchProposed)
    await accept(call, match["match_id"], one, guide)
    years = "UPDATE matches SET {0} = {0} - interval '2 years'"
    for column in ("created_at", "changed_at"):
        await world.execute(years.format(column))
    assert (await run(call, another.programme_id, dry_run=True))["unmatched_by_reason"] == {"matched_recently": 1}
    await world.hear(later(mentoring, status="closed"))
    assert (await run(call, another.programme_id, dry_run=True))["unmatched_by_reason"] == {"matched_recently": 1}
    await world.execute(years.format("changed_at"))
    assert (await run(call, another.programme_id, dry_run=True))["matched"] == 1


async def test_whoever_waited_has_waited_no_longer_once_somebody_came(world: World, call: Caller) -> None:
    mentoring, one, resting = programme(), learner(), learner(time_budget_minutes=0)
    await world.hear(mentoring)
    await world.hear(one, resting)

    async def served() -> float | None:
        found = await run(call, mentoring.programme_id)
        share: float | None = found["figures"]["coverage_of_those_who_waited"]  # type: ignore[index]
        return share

    assert await served() is None
    guide = teacher()
    await world.hear(guide)
    assert await served() == 1
    (match,) = await world.said(MatchProposed)
    await accept(call, match["match_id"], one, guide)
    await world.hear(PersonErased(person_id=guide.person_id))
    assert await served() is None
    assert await served() == 0
