"""Why somebody has no teacher: how many candidates each constraint leaves, and the smallest change that opens some."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled, ones, place_in
from services.matching.engine.people import Change, Count, Problem, Unmatched
from services.matching.engine.population import Bools, Ints, Masks, Population, both_ways, pair_keys
from services.matching.engine.scan import speak

STAGES = (
    "nobody_offers_it",
    "level_too_low",
    "not_available",
    "capacity_full",
    "reporting_line",
    "no_common_language",
    "too_few_common_hours",
    "matched_recently",
)
LEVEL, AWAY, FULL, LINE, SPEECH, HOURS, RECENT = range(1, 8)
ONE_LEVEL, HALF_AN_HOUR = 8, 9
TALLIES = 10
CHANGES = (
    (HALF_AN_HOUR, "half_an_hour_more"),
    (SPEECH, "another_language"),
    (HOURS, "other_hours"),
    (ONE_LEVEL, "one_level_less"),
    (FULL, "more_capacity"),
    (RECENT, "shorter_cool_off"),
)
"""What would help alone, the smallest change first. What is nobody's to change or to know is not among them."""


class Crowd(NamedTuple):
    """Everybody, as the count reads them."""

    start: Ints
    teacher: Ints
    level: Ints
    available: Bools
    slots: Ints
    manager: Ints
    languages: Masks
    hours: Masks
    days: Masks
    lots: Masks
    apart_at: Ints
    apart: Ints
    recent_at: Ints
    recent: Ints


@dataclass(frozen=True)
class Funnel:
    """For each row how many candidates every stage leaves, how many each alone holds back, and what comes nearest."""

    left: Ints
    opens: Ints
    words: Ints
    """How many each language (a bit) would open."""

    def explain(self, pop: Population, person: int, row: int, otherwise: str) -> Unmatched:
        """The first stage that left nobody; `otherwise` when candidates were left and others got them."""
        left = [Count(stage, int(count)) for stage, count in zip(STAGES, self.left[row], strict=True)]
        opens = zip(STAGES, self.opens[row].tolist(), strict=False)
        return Unmatched(
            person=pop.ids[person],
            reason=next((stage for stage, count in left if count == 0), otherwise),
            left=tuple(left),
            opens=tuple(Count(stage, count) for stage, count in opens if count),
            change=self._change(pop, row, int(left[0].people)),
        )

    def _change(self, pop: Population, row: int, offered: int) -> Change | None:
        """The smallest change that alone opens a candidate, by how small it is."""
        if not offered:
            return Change("find_teacher", 0)
        bit = int(np.argmax(self.words[row]))
        for tally, code in CHANGES:
            if self.opens[row, tally]:
                language = tally == SPEECH
                people = int(self.words[row, bit] if language else self.opens[row, tally])
                return Change(code, people, pop.spoken[bit] if language else None)
        return None


def pairs(pop: Population, problem: Problem, people: Ints, needs: Ints) -> Funnel:
    """Count the candidates of each of these people, over those of `needs` that are theirs."""
    shape = (len(people), len(STAGES))
    funnel = Funnel(
        np.zeros(shape, np.int64),
        np.zeros((len(people), TALLIES), np.int64),
        np.zeros((len(people), pop.languages.shape[1] * 64), np.int64),
    )
    owner = pop.needs.person[needs]
    start = np.searchsorted(owner, people).astype(np.int64)
    end = np.searchsorted(owner, people, "right").astype(np.int64)
    rules = problem.rules
    crowd = _crowd(pop, pair_keys(pop.index, problem.recent))
    skill, level = pop.needs.skill[needs], pop.needs.level[needs]
    _count(
        crowd,
        people,
        start,
        end,
        skill,
        level,
        rules.margin,
        rules.common_half_hours,
        rules.looks,
        funnel.left,
        funnel.opens,
        funnel.words,
    )
    return funnel


def _crowd(pop: Population, recent: Ints) -> Crowd:
    return Crowd(
        pop.offers.start,
        pop.offers.person,
        pop.offers.level,
        pop.available,
        np.minimum(pop.slots, pop.places),
        pop.manager,
        pop.languages,
        pop.hours,
        pop.days,
        pop.lots,
        *both_ways(pop.apart, len(pop)),
        *both_ways(recent, len(pop)),
    )


@compiled
def _among(at: Ints, others: Ints, one: int, other: int) -> bool:
    for place in range(at[one], at[one + 1]):
        if others[place] == other:
            return True
    return False


@compiled
def _count(
    crowd: Crowd,
    people: Ints,
    start: Ints,
    end: Ints,
    skill: Ints,
    level: Ints,
    margin: int,
    half_hours: int,
    looks: int,
    left: Ints,
    opens: Ints,
    words: Ints,
) -> None:
    for row in range(len(people)):
        me = people[row]
        for need in range(start[row], end[row]):
            begin = crowd.start[skill[need]]
            many = crowd.start[skill[need] + 1] - begin
            first = 0 if many <= looks else place_in(crowd.lots[me], many)
            for look in range(min(many, looks)):
                offer = begin + (first + look) % many
                other = crowd.teacher[offer]
                if other == me:
                    continue
                common = ones(crowd.hours[me] & crowd.hours[other])
                days = crowd.days[me] & crowd.days[other]
                failed = 0
                if crowd.level[offer] < level[need] + margin:
                    failed |= 1 << LEVEL
                if not crowd.available[other] or _among(crowd.apart_at, crowd.apart, me, other):
                    failed |= 1 << AWAY
                if crowd.slots[other] <= 0:
                    failed |= 1 << FULL
                if crowd.manager[other] == me or crowd.manager[me] == other:
                    failed |= 1 << LINE
                if not speak(crowd.languages, other, crowd.languages[me]):
                    failed |= 1 << SPEECH
                if common < half_hours or not days:
                    failed |= 1 << HOURS
                if _among(crowd.recent_at, crowd.recent, me, other):
                    failed |= 1 << RECENT
                for stage in range(8):
                    if failed & ((1 << (stage + 1)) - 1) == 0:
                        left[row, stage] += 1
                    if failed == 1 << stage:
                        opens[row, stage] += 1
                if failed == 1 << LEVEL and crowd.level[offer] == level[need] + margin - 1:
                    opens[row, ONE_LEVEL] += 1
                if failed == 1 << HOURS and days and common == half_hours - 1:
                    opens[row, HALF_AN_HOUR] += 1
                if failed == 1 << SPEECH:
                    for word in range(crowd.languages.shape[1]):
                        for bit in range(64):
                            if crowd.languages[other, word] >> np.uint64(bit) & np.uint64(1):
                                words[row, word * 64 + bit] += 1
