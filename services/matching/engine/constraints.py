"""Hard constraints: each a reason code, in the order they are tried; a pair that breaks one is never formed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import compiled
from services.matching.engine.people import Change, Count, Unmatched
from services.matching.engine.population import Bools, Ints, Population, contains

Failures = NDArray[np.uint16]
"""One bit per constraint a pair breaks, in the order of its stages."""


def speechless(pop: Population, left: Ints, right: Ints) -> Bools:
    """They have no language in common."""
    common = pop.languages[left] & pop.languages[right]
    return np.asarray(~common.any(axis=-1))


def few_hours(pop: Population, left: Ints, right: Ints, half_hours: int) -> Bools:
    """They work too few half-hours of the day both, on weekdays they share."""
    few: Bools = pop.common(left, right) < half_hours
    return few


def in_line(pop: Population, left: Ints, right: Ints) -> Bools:
    """One reports to the other."""
    line: Bools = (pop.manager[left] == right) | (pop.manager[right] == left)
    return line


def above_or_below(pop: Population, left: Ints, right: Ints) -> Bools:
    """One stands above the other, at any distance."""
    return pop.above(left, right) | pop.above(right, left)


def elsewhere(pop: Population, left: Ints, right: Ints) -> Bools:
    """They work at different sites."""
    apart: Bools = pop.site[left] != pop.site[right]
    return apart


def unavailable(pop: Population, _left: Ints, right: Ints) -> Bools:
    """`right` may not be offered to anybody now."""
    return ~pop.available[right]


def apart(pop: Population, left: Ints, right: Ints) -> Bools:
    """One wishes not to meet the other. It is never counted: nobody may read it from what they are told."""
    return contains(pop.apart, pop.keys(left, right))


@compiled
def nearest(masks: Ints, fixed: int) -> int:
    """The set of constraints, none of them `fixed`, of fewest bits that holds somebody back; 0 for none."""
    best, least, most = 0, 99, 0
    for mask in range(1, len(masks)):
        if masks[mask] and not mask & fixed:
            bits, rest = 0, mask
            while rest:
                bits += rest & 1
                rest >>= 1
            if bits < least or (bits == least and masks[mask] > most):
                best, least, most = mask, bits, masks[mask]
    return best


def pack(*broken: Bools) -> Failures:
    """One bit per constraint, the first tried lowest."""
    bits = np.zeros(broken[0].shape, np.uint16)
    for place, mask in enumerate(broken):
        bits |= mask.astype(np.uint16) << np.uint16(place)
    return bits


def own(pop: Population, person: int, half_hours: int) -> str | None:
    """The change without which they can meet or talk with nobody at all."""
    if not pop.languages[person].any():
        return "another_language"
    works = np.bitwise_count(np.bitwise_or.reduce(pop.week[person]))
    return "other_hours" if works < half_hours else None


SPEECH = "no_common_language"
SITE = "another_site"
"""Tried last, where only people of one site may meet."""
CHANGES = {
    SPEECH: "another_language",
    "too_few_common_hours": "other_hours",
    "capacity_full": "more_capacity",
    "matched_recently": "shorter_cool_off",
    "nobody_experienced": "less_experience",
    SITE: "meet_remotely",
}
"""What could be changed; the other stages are nobody's to change."""


def _language(pop: Population, strangers: Ints, least: int) -> Change | None:
    """The language that most of them speak, where so many do."""
    speaks = np.unpackbits(pop.languages[strangers].view(np.uint8), axis=1, bitorder="little")[:, : len(pop.spoken)]
    people = speaks.sum(axis=0, dtype=np.int64)
    best = int(people.argmax())
    return Change(CHANGES[SPEECH], int(people[best]), pop.spoken[best]) if people[best] >= least else None


class Funnel:
    """Counts, for each row asked about, how many candidates every stage leaves and each one alone holds back.

    A wish to stay apart is no stage: who is kept from somebody by it is told what they would be told without it.
    """

    def __init__(self, stages: Sequence[str], rows: int) -> None:
        self._stages = tuple(stages)
        self._left = np.zeros((rows, len(stages)), np.int64)
        self._opens = np.zeros((rows, len(stages)), np.int64)
        self._changes: list[Change | None] = [None] * rows

    def add_one(self, pop: Population, row: int, others: Ints, failed: Failures, least: int = 1) -> None:
        """Count the candidates of one row, of whom `least` are needed; `failed` is what keeps each of the others."""
        broken = np.arange(1 << len(self._stages))
        masks = np.bincount(failed, minlength=len(broken)).astype(np.int64)
        for place in range(len(self._stages)):
            self._left[row, place] += masks[broken & ((2 << place) - 1) == 0].sum()
            self._opens[row, place] += masks[1 << place]
        missing = least - self.left(row)
        self._changes[row] = self._nearest(masks, missing) if missing > 0 else None
        if self._changes[row] == Change(CHANGES[SPEECH], int(masks[1 << self._stages.index(SPEECH)])):
            strangers = others[failed == 1 << self._stages.index(SPEECH)]
            self._changes[row] = _language(pop, strangers, missing) or self._changes[row]

    def _nearest(self, masks: Ints, least: int) -> Change | None:
        """The fewest changes that together open so many candidates."""
        fixed = sum(1 << place for place, stage in enumerate(self._stages) if stage not in CHANGES)
        mask = nearest(np.where(masks >= least, masks, 0), fixed)
        codes = [CHANGES[stage] for place, stage in enumerate(self._stages) if mask >> place & 1]
        return Change(codes[0], int(masks[mask]), also=tuple(codes[1:])) if codes else None

    def left(self, row: int) -> int:
        """How many candidates pass every stage."""
        return int(self._left[row, -1])

    def explain(self, pop: Population, person: int, row: int, otherwise: str, change: Change) -> Unmatched:
        """The first stage that left nobody; `otherwise` when candidates were left and others got them.

        `change` is what helps where nothing that is counted does.
        """
        left = [Count(stage, int(count)) for stage, count in zip(self._stages, self._left[row], strict=True)]
        opens = zip(self._stages, self._opens[row].tolist(), strict=True)
        return Unmatched(
            person=pop.ids[person],
            reason=next((stage for stage, count in left if count == 0), otherwise),
            left=tuple(left),
            opens=tuple(Count(stage, count) for stage, count in opens if count),
            change=self._changes[row] or change,
        )
