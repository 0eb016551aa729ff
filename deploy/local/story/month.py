"""The simulated month: ground rules, invitations, attendance, contributions, feedback; each through its own people."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from deploy.local.story import behaviour
from deploy.local.story.behaviour import Seat
from deploy.local.story.cast import People, Setting, employee
from deploy.local.story.client import Caller, eventually, in_parallel
from deploy.local.story.groups import Group, with_sessions
from deploy.local.story.matches import Matched
from deploy.local.story.programmes import Programme

INVITATIONS_ANSWERED = 2
"""Nobody answers more than their next two invitations at once."""
KNOW = frozenset({"presenter", "mentor", "host", "buddy", "facilitator"})


@dataclass
class Lived:
    """What came of the month."""

    groups: int = 0
    unschedulable: int = 0
    sessions: int = 0
    past: int = 0
    answers: int = 0
    """Feedback given."""


class Month:
    """Lets the groups live through their sessions."""

    def __init__(self, setting: Setting, owner: Caller, people: People) -> None:
        self._setting = setting
        self._services = setting.services
        self._seed = setting.organization.seed
        self._owner = owner
        self._people = people
        self._now = datetime.now(UTC)

    async def run(self, programmes: Mapping[str, Programme], matched: Matched) -> Lived:
        """Wait for the scheduled sessions, then act; what an earlier run did is not done again."""
        lived = Lived()
        groups: list[Group] = []
        with self._setting.steps.step("Sessions scheduled") as step:
            for name, programme in programmes.items():
                formed = matched.count(name, "accepted", "formed")
                look = partial(self._scheduled, programme, formed)
                found = await eventually(f"{formed} groups of {name}", look)
                lived.groups += len(found)
                lived.unschedulable += sum(group["state"] == "unschedulable" for group in found)
                groups += await with_sessions(self._setting, self._owner, self._people, programme, found)
            lived.sessions = sum(len(group.sessions) for group in groups)
            lived.past = sum(self._started(session) for group in groups for session in group.sessions)
            step.note = f"{lived.sessions} in {lived.groups} groups, {lived.past} of them in the month that was"
        await self._acknowledge(groups)
        await self._answer_invitations(groups)
        await self._attend(groups)
        lived.answers = await self._give_feedback(groups)
        return lived

    async def _scheduled(self, programme: Programme, formed: int) -> list[dict[str, Any]] | None:
        """The programme's groups, once all of them are settled."""
        groups = await self._services.all(self._owner, "sessions", "/v1/groups", programme_id=programme.programme_id)
        settled = [group for group in groups if group["state"] != "waiting"]
        return settled if len(settled) >= formed and len(settled) == len(groups) else None

    def _started(self, session: Mapping[str, Any]) -> bool:
        return datetime.fromisoformat(session["starts_at"]) < self._now

    async def _acknowledge(self, groups: Iterable[Group]) -> None:
        """Everybody accepts the ground rules before anything else."""
        wanted = [
            (group, person)
            for group in groups
            for person in group.members
            if person not in group.found["acknowledged"] and group.sessions
        ]
        with self._setting.steps.step("Ground rules acknowledged") as step:
            step.expect(len(wanted))

            async def acknowledge(one: tuple[Group, str]) -> None:
                group, person = one
                path = f"/v1/groups/{group.found['group_id']}/acknowledgements"
                body = {"rules_version": group.found["ground_rules"]["version"]}
                await self._services.do(employee(person), "sessions", "POST", path, body)
                step.advance()

            await in_parallel(wanted, acknowledge)
            step.note = f"{len(wanted)} times"

    async def _answer_invitations(self, groups: Iterable[Group]) -> None:
        """Most accept, some decline; who declines within a day of the session is late."""
        wanted = [
            (session, part["person_id"], group.seat(number, part["person_id"]))
            for group in groups
            for number, session in _next(group, self._started)
            for part in session["participants"]
            if part["state"] == "invited" and part["person_id"] in group.members
        ]
        with self._setting.steps.step("Invitations answered") as step:
            step.expect(len(wanted))

            async def answer(one: tuple[Mapping[str, Any], str, Seat]) -> None:
                session, person, seat = one
                body = {"answer": "accept" if behaviour.accepts(self._seed, seat) else "decline"}
                path = f"/v1/sessions/{session['session_id']}/rsvp"
                await self._services.do(employee(person), "sessions", "POST", path, body, refusals={409})
                step.advance()

            await in_parallel(wanted, answer)
            accepted = sum(behaviour.accepts(self._seed, seat) for _, _, seat in wanted)
            step.note = f"{accepted} accepted, {len(wanted) - accepted} declined"

    async def _attend(self, groups: Iterable[Group]) -> None:
        """The facilitator, or in a pair one of the two, records who was there and what they gave."""
        wanted = [
            (group, number, session)
            for group in groups
            for number, session in enumerate(group.sessions)
            if session["state"] == "scheduled" and self._started(session)
        ]
        with self._setting.steps.step("Attendance and contributions recorded") as step:
            step.expect(len(wanted))

            async def record(one: tuple[Group, int, Mapping[str, Any]]) -> None:
                group, number, session = one
                body = {"entries": list(self._entries(group, number, session))}
                scribe = employee(session["facilitator_id"] or group.members[0])
                path = f"/v1/sessions/{session['session_id']}/attendance"
                await self._services.do(scribe, "sessions", "PUT", path, body)
                step.advance()

            await in_parallel(wanted, record)
            step.note = f"{len(wanted)} sessions"

    def _entries(self, group: Group, number: int, session: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        minutes = _minutes(session)
        for member in session["participants"]:
            if member["person_id"] not in group.members:
                continue
            seat = group.seat(number, member["person_id"])
            free = not behaviour.busy(self._seed, self._people.number_of[member["person_id"]])
            part = behaviour.part(self._seed, seat, minutes, knows=member["role"] in KNOW, free=free)
            yield {
                "person_id": member["person_id"],
                "state": part.state,
                "minutes": part.minutes,
                **part.contributions,
            }

    async def _give_feedback(self, groups: Iterable[Group]) -> int:
        """Most of those who attended say what it was worth; returns how many answers that were."""
        wanted = [
            (session["session_id"], entry["person_id"], scores)
            for group in groups
            for number, session in enumerate(group.sessions)
            if self._started(session)
            for entry in self._entries(group, number, session)
            if entry["state"] == "attended"
            and (scores := behaviour.feedback(self._seed, group.seat(number, entry["person_id"])))
        ]
        with self._setting.steps.step("Feedback given") as step:
            step.expect(len(wanted))

            async def give(one: tuple[str, str, behaviour.Scores]) -> None:
                session_id, person, scores = one
                path = f"/v1/sessions/{session_id}/feedback"
                # 409: given in an earlier run
                await self._services.do(
                    employee(person), "sessions", "POST", path, scores._asdict(), refusals={409}, confidential=True
                )
                step.advance()

            await in_parallel(wanted, give)
            step.note = f"{len(wanted)} answers"
        return len(wanted)


def _minutes(session: Mapping[str, Any]) -> int:
    length = datetime.fromisoformat(session["ends_at"]) - datetime.fromisoformat(session["starts_at"])
    return int(length.total_seconds()) // 60


def _next(group: Group, started: Any) -> list[tuple[int, Mapping[str, Any]]]:
    coming = [(number, session) for number, session in enumerate(group.sessions) if not started(session)]
    return coming[:INVITATIONS_ANSWERED]
