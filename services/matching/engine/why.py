"""Why somebody has no teacher: how many candidates each constraint leaves, and the smallest change that opens some."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled, place_in, shared_half_hours
from services.matching.engine.constraints import nearest, own
from services.matching.engine.people import Change, Count, Problem, Unmatched
from services.matching.engine.population import Bools, Ints, Masks, Population, both_ways, pair_keys
from services.matching.engine.scoring import speak

STAGES = (
    "nobody_offers_it",
    "level_too_low",
    "not_available",
    "capacity_full",
    "reporting_line",
    "no_common_language",
    "too_few_common_hours",
    "matched_recently",
    "another_site",
)
"""The last one is counted where only people of one site may meet."""
LEVEL, AWAY, FULL, LINE, SPEECH, HOURS, RECENT, SITE = range(1, 9)
ONE_LEVEL, HALF_AN_HOUR = 9, 10
TALLIES = 11
HIGHEST = 5
"""Of all levels, and so of all margins."""
CHANGES = (
    (HALF_AN_HOUR, "half_an_hour_more"),
    (SPEECH, "another_language"),
    (HOURS, "other_hours"),
    (ONE_LEVEL, "one_level_less"),
    (FULL, "more_capacity"),
    (RECENT, "shorter_cool_off"),
    (SITE, "meet_remotely"),
)
"""What would help alone, the smallest change first. What is nobody's to change or to know is not among them."""
TOGETHER = (
    (FULL, "more_capacity"),
    (SPEECH, "another_language"),
    (HOURS, "other_hours"),
    (LEVEL, "one_level_less"),
    (RECENT, "shorter_cool_off"),
    (SITE, "meet_remotely"),
)
"""What would help together where nothing helps alone."""
SOMEBODY = {"nobody_offers_it": "find_teacher", "level_too_low": "teacher_ahead"}
"""Whom it takes where no change to those there are helps; whatever else is in the way, `another_teacher`."""
TOO_FAR = 9
"""More than a level is missing, or no margin would do: beyond any small change."""
FIXED = 1 << AWAY | 1 << LINE | 1 << TOO_FAR
MASKS = 1 << (TOO_FAR + 1)


class Crowd(NamedTuple):
    """Everybody, as the count reads them."""

    start: Ints
    teacher: Ints
    level: Ints
    available: Bools
    slots: Ints
    manager: Ints
    languages: Masks
    week: Masks
    lots: Masks
    recent_at: Ints
    recent: Ints
    site: Ints
    """Where people meet; one number where it may be anywhere."""


class Sought(NamedTuple):
    """Of the skills each row asks for the one that most ask for, and the level it takes to teach it to them."""

    skill: Ints
    level: Ints


@dataclass(frozen=True)
class Funnel:
    """For each row how many people every stage leaves, how many each alone holds back, and what comes nearest.

    A wish to stay apart is no stage: who is kept from somebody by it is told what they would be told without it.
    """

    left: Ints
    opens: Ints
    words: Ints
    """How many each language (a bit) would open."""
    nearest: Ints
    """The fewest constraints, as bits, that together hold people back, and how many people."""
    fewer: Ints
    """How many each number of levels, down to that of the learner, would open."""
    sought: Sought
    half_hours: int
    stages: tuple[str, ...]

    def explain(self, pop: Population, person: int, row: int, otherwise: str) -> Unmatched:
        """The first stage that left nobody; `otherwise` when candidates were left.

        Whether it is room that lacks is not said then: of one kept from somebody with room by a wish it never would be.
        """
        left = [Count(stage, int(count)) for stage, count in zip(self.stages, self.left[row], strict=False)]
        opens = zip(self.stages, self.opens[row].tolist(), strict=False)
        reason = next((stage for stage, count in left if count == 0), None)
        return Unmatched(
            person=pop.ids[person],
            reason=reason or otherwise,
            left=tuple(left),
            opens=tuple(Count(stage, count) for stage, count in opens if count),
            change=self._change(pop, person, row, reason) if reason else self._another(pop, row),
        )

    def open_to(self, row: int) -> int:
        """How many pass every stage."""
        return int(self.left[row, -1])

    def _another(self, pop: Population, row: int) -> Change:
        return Change("another_teacher", 0, pop.skills[self.sought.skill[row]])

    def _change(self, pop: Population, person: int, row: int, reason: str) -> Change:
        """The smallest change that alone opens a candidate, by how small it is; else the fewest that do together."""
        bit = int(np.argmax(self.words[row]))
        for tally, code in CHANGES:
            if self.opens[row, tally]:
                language = tally == SPEECH
                people = int(self.words[row, bit] if language else self.opens[row, tally])
                return Change(code, people, pop.spoken[bit] if language else None)
        mask, people = self.nearest[row].tolist()
        if codes := [code for bit, code in TOGETHER if mask >> bit & 1]:
            return Change(codes[0], people, also=tuple(codes[1:]))
        if self.fewer[row].any():
            levels = int(np.argmax(self.fewer[row] > 0))
            return Change("levels_less", int(self.fewer[row, levels]), str(levels))
        somebody, skill = SOMEBODY.get(reason, "another_teacher"), pop.skills[self.sought.skill[row]]
        first = own(pop, person, self.half_hours)
        if self.sought.level[row] > HIGHEST:
            somebody, skill = "smaller_margin", None
        return Change(first, 0, skill, also=(somebody,)) if first else Change(somebody, 0, skill)


def pairs(pop: Population, problem: Problem, people: Ints, needs: Ints) -> Funnel:
    """Count the candidates of each of these people, over those of `needs` that are theirs."""
    shape = (len(people), len(STAGES))
    rules, skill, level = problem.rules, pop.needs.skill[needs], pop.needs.level[needs]
    funnel = Funnel(
        np.zeros(shape, np.int64),
        np.zeros((len(people), TALLIES), np.int64),
        np.zeros((len(people), pop.languages.shape[1] * 64), np.int64),
        np.zeros((len(people), 2), np.int64),
        np.zeros((len(people), rules.margin + 1), np.int64),
        _sought(people, pop.needs.person[needs], skill, level + rules.margin),
        rules.common_half_hours,
        STAGES if problem.one_site else STAGES[:SITE],
    )
    owner = pop.needs.person[needs]
    start = np.searchsorted(owner, people).astype(np.int64)
    end = np.searchsorted(owner, people, "right").astype(np.int64)
    crowd = crowd_of(pop, problem)
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
        funnel.nearest,
        funnel.fewer,
    )
    return funnel


def _sought(people: Ints, owner: Ints, skill: Ints, level: Ints) -> Sought:
    asking = np.bincount(skill, minlength=1)
    order = np.lexsort((skill, -asking[skill], owner))
    first = np.searchsorted(owner[order], people)
    mine = order[np.minimum(first, len(order) - 1)] if len(order) else np.zeros(0, np.int64)
    return Sought(skill[mine], level[mine]) if len(mine) else Sought(people * 0, people * 0)


def crowd_of(pop: Population, problem: Problem) -> Crowd:
    """Everybody laid out."""
    return Crowd(
        pop.offers.start,
        pop.offers.person,
        pop.offers.level,
        pop.available,
        np.minimum(pop.slots, pop.places),
        pop.manager,
        pop.languages,
        pop.week,
        pop.lots,
        *both_ways(pair_keys(pop.index, problem.recent), len(pop)),
        pop.site * problem.one_site,
    )


@compiled
def _among(at: Ints, others: Ints, one: int, other: int) -> bool:
    for place in range(at[one], at[one + 1]):
        if others[place] == other:
            return True
    return False


@compiled
def offering(
    crowd: Crowd, me: int, row: int, skill: Ints, least: Ints, looks: int, seen: Ints, ahead: Ints, found: Ints
) -> int:
    """Who offers one of these skills, how many they are, and how far ahead of the level it takes each one is at most.

    `seen` remembers the row that saw somebody last.
    """
    size = 0
    for need in range(len(skill)):
        begin = crowd.start[skill[need]]
        many = crowd.start[skill[need] + 1] - begin
        first = 0 if many <= looks else place_in(crowd.lots[me], many)
        for look in range(min(many, looks)):
            offer = begin + (first + look) % many
            other, spare = crowd.teacher[offer], crowd.level[offer] - least[need]
            if other == me:
                continue
            if seen[other] != row:
                seen[other], ahead[other], found[size] = row, spare, other
                size += 1
            ahead[other] = max(ahead[other], spare)
    return size


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
    near: Ints,
    fewer: Ints,
) -> None:
    found = np.zeros(len(crowd.available), np.int64)
    seen = np.full(len(crowd.available), -1, np.int64)
    ahead = np.zeros(len(crowd.available), np.int64)
    masks = np.zeros(MASKS, np.int64)
    for row in range(len(people)):
        me, mine = people[row], slice(start[row], end[row])
        size = offering(crowd, me, row, skill[mine], level[mine] + margin, looks, seen, ahead, found)
        masks[:] = 0
        for other in found[:size]:
            failed = in_the_way(crowd, me, other, ahead[other], margin, half_hours)
            masks[failed] += 1
            stages = failed & ((1 << TOO_FAR) - 1)
            for stage in range(SITE + 1):
                if stages & ((1 << (stage + 1)) - 1) == 0:
                    left[row, stage] += 1
                if stages == 1 << stage:
                    opens[row, stage] += 1
            if failed == 1 << LEVEL:
                opens[row, ONE_LEVEL] += 1
            if failed == 1 << LEVEL | 1 << TOO_FAR and -ahead[other] <= margin:
                fewer[row, -ahead[other]] += 1
            if failed == 1 << HOURS and shared_half_hours(crowd.week, other, crowd.week[me]) == half_hours - 1:
                opens[row, HALF_AN_HOUR] += 1
            if failed == 1 << SPEECH:
                for word in range(crowd.languages.shape[1]):
                    for bit in range(64):
                        if crowd.languages[other, word] >> np.uint64(bit) & np.uint64(1):
                            words[row, word * 64 + bit] += 1
        near[row, 0] = nearest(masks, FIXED)
        near[row, 1] = masks[near[row, 0]]


@compiled
def in_the_way(crowd: Crowd, me: int, other: int, ahead: int, margin: int, half_hours: int) -> int:
    """The constraints that hold somebody back, as bits."""
    failed = 0
    if ahead < 0:
        failed |= 1 << LEVEL
    if ahead < -min(1, margin):
        failed |= 1 << TOO_FAR
    if not crowd.available[other]:
        failed |= 1 << AWAY
    if crowd.slots[other] <= 0:
        failed |= 1 << FULL
    if crowd.manager[other] == me or crowd.manager[me] == other:
        failed |= 1 << LINE
    if not speak(crowd.languages, other, crowd.languages[me]):
        failed |= 1 << SPEECH
    if shared_half_hours(crowd.week, other, crowd.week[me]) < half_hours:
        failed |= 1 << HOURS
    if _among(crowd.recent_at, crowd.recent, me, other):
        failed |= 1 << RECENT
    if crowd.site[me] != crowd.site[other]:
        failed |= 1 << SITE
    return failed
