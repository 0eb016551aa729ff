"""Rounds of matching, and what the people say who were proposed to each other."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

from deploy.local.story.behaviour import busy, declines
from deploy.local.story.cast import People, Setting, employee
from deploy.local.story.client import POLL, Caller, Unexpected, eventually, in_parallel, published_round
from deploy.local.story.programmes import BUDDIES, CIRCLES, PAIRS, Programme

HIRED_WITHIN = timedelta(days=30)
NO_MORE_AFTER = 4.0
ROUND_SECONDS = 600.0
"""Seconds without another buddy, after which the newcomers without one are left without."""
TOO_BUSY = "no_time"


@dataclass
class Matched:
    """What became of the rounds; `reasons` say why people are left over."""

    hires: int = 0
    asked: int = 0
    unmatched: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    states: dict[str, Counter[str]] = field(default_factory=dict)
    """Matches by programme and state."""

    def count(self, programme: str, *states: str) -> int:
        """Matches of a programme in any of these states."""
        found = self.states.get(programme, Counter())
        return sum(found[state] for state in states) if states else found.total()


class Matchmaking:
    """Brings the programmes' people together, in the owner's name."""

    def __init__(self, setting: Setting, owner: Caller, programmes: Mapping[str, Programme], people: People) -> None:
        self._setting = setting
        self._services = setting.services
        self._owner = owner
        self._programmes = programmes
        self._people = people

    async def run(self) -> Matched:
        """Buddies first, who come by themselves; then a round each for pairs and circles; then the answers."""
        matched = Matched(hires=self._hires())
        with self._setting.steps.step("Buddies for new hires") as step:
            found = await self._buddies(matched.hires)
            step.note = f"{len(found)} for {matched.hires} hires"
        for name in (PAIRS, CIRCLES):
            with self._setting.steps.step(f"Round of {name.lower()}") as step:
                round_ = await self._round(self._programmes[name])
                matched.asked += round_["asked"]
                matched.unmatched += round_["unmatched"]
                matched.reasons.update(round_["unmatched_by_reason"])
                step.note = f"{round_['matches']} matches, {round_['matched']} of {round_['asked']} people matched"
        with self._setting.steps.step("Proposals answered") as step:
            proposals = [await self._matches(name, state="proposed") for name in (BUDDIES, PAIRS)]
            ranked = [(rank, match) for found in proposals for rank, match in enumerate(found)]
            step.expect(len(ranked))

            async def answer(one: tuple[int, dict[str, Any]]) -> None:
                await self._answer(*one)
                step.advance()

            await in_parallel(ranked, answer)
            for name in self._programmes:
                matched.states[name] = Counter(match["state"] for match in await self._matches(name))
            step.note = ", ".join(f"{name}: {dict(states)}" for name, states in matched.states.items())
        return matched

    def _hires(self) -> int:
        """New hires of the feed that a buddy is for: those who start a month before or after today."""
        around = {
            worker.employee_number: worker.status
            for worker in self._setting.organization.workers()
            if abs(worker.hire_date - self._setting.today) <= HIRED_WITHIN
        }
        return sum(status in {"active", "prehire"} for status in around.values())

    async def _buddies(self, hires: int) -> list[dict[str, Any]]:
        """Wait until every hire has a buddy, or no more come."""
        found: list[dict[str, Any]] = []
        last = monotonic()
        while monotonic() - last < NO_MORE_AFTER:
            now = await self._matches(BUDDIES)
            if len(now) > len(found):
                found, last = now, monotonic()
            if len(found) >= hires:
                break
            await asyncio.sleep(POLL)
        return found

    async def _round(self, programme: Programme) -> dict[str, Any]:
        """The programme's published round: an earlier run's, or a new one, once matching has heard of the programme."""
        for round_ in await self._services.all(
            self._owner, "matching", "/v1/rounds", programme_id=programme.programme_id
        ):
            if round_["state"] in {"solving", "publishing", "published"}:
                break
        else:
            round_ = await eventually(f"matching knows {programme.name}", partial(self._new_round, programme))
        return await published_round(self._services, self._owner, round_["round_id"], ROUND_SECONDS)

    async def _new_round(self, programme: Programme) -> dict[str, Any] | None:
        body = {"programme_id": programme.programme_id, "seed": self._setting.organization.seed}
        answer = await self._services.do(self._owner, "matching", "POST", "/v1/rounds", body, refusals={404, 409, 422})
        if answer.status_code == 422:  # noqa: PLR2004 - a request that will never do
            raise Unexpected(answer.text)
        found: dict[str, Any] = answer.json()
        return found if answer.is_success else None

    async def _matches(self, name: str, **filters: str) -> list[dict[str, Any]]:
        """A programme's matches, in an order that does not depend on anybody's random id."""
        found = await self._services.all(
            self._owner, "matching", "/v1/matches", programme_id=self._programmes[name].programme_id, **filters
        )
        return sorted(found, key=lambda match: self._people.order(member["person_id"] for member in match["members"]))

    async def _answer(self, rank: int, match: Mapping[str, Any]) -> None:
        """Everybody asked says yes, but for who is busy and the first one asked in some pairs.

        A newcomer's buddy never says no.
        """
        asked = sorted(
            (member for member in match["members"] if member["answer"] == "pending"),
            key=lambda member: (member["role"], self._people.number_of[member["person_id"]]),
        )
        path = f"/v1/matches/{match['match_id']}"
        seed = self._setting.organization.seed
        no = [member for member in asked if busy(seed, self._people.number_of[member["person_id"]])]
        if match["kind"] == "pair" and (no or declines(seed, rank)):
            await self._say((no or asked)[:1], f"{path}/decline", {"reason_code": TOO_BUSY})
        else:
            await self._say(asked, f"{path}/accept", None)

    async def _say(self, members: Sequence[Mapping[str, Any]], path: str, body: object) -> None:
        for member in members:  # 409: it was answered in an earlier run, or has ended since
            await self._services.do(employee(member["person_id"]), "matching", "POST", path, body, refusals={409})
