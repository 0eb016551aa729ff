"""What a teacher is worth to a learner, and whether the two may meet: the arithmetic of a single pair, compiled."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import EMPTY, lean, ones
from services.matching.engine.market import Knobs, Near, Offers, Side
from services.matching.engine.population import Ints, Masks
from services.matching.engine.received import number

BEST_GAP, GAP_STEP = 2, 4
HALF_HOURS_A_POINT = 2
RANK_POINTS = 3


class Self(NamedTuple):
    """The one who asks."""

    person: int
    week: Masks
    languages: NDArray[np.uint64]
    manager: int
    unit: int
    site: int
    rank: int
    liked: np.uint64
    lot: np.uint64
    barred: Ints


class Ask(NamedTuple):
    """What they want to learn, the points that every offer of it has, and those that likeness can add at most."""

    skill: int
    level: int
    target: int
    sure: int
    rest: int


@lean
def step(knobs: Knobs, level: int, target: int, offered: int) -> int:
    """Points for how far ahead the teacher is."""
    ahead = abs(offered - level) - BEST_GAP
    points = knobs.skill_gap * (GAP_STEP - min(max(ahead, 0), GAP_STEP)) // GAP_STEP
    return points + knobs.target_reached if offered >= target else points


@lean
def mutual(near: Near, side: Side, margin: int, learner: int, teacher: int) -> bool:
    """Whether the learner could teach something the teacher asks for."""
    if not side.teaches[learner]:
        return False
    for want in range(near.wants_at[teacher], near.wants_at[teacher + 1]):
        for know in range(near.knows_at[learner], near.knows_at[learner + 1]):
            if near.wants[want] == near.knows[know] and near.knows_level[know] >= near.wants_level[want] + margin:
                return True
    return False


@lean
def in_common(at: Ints, marks: Ints, one: int, other: int) -> int:
    """A challenge of both, the first of them; EMPTY for none. `marks[at[p]:at[p + 1]]` are those of a person."""
    for mine in range(at[one], at[one + 1]):
        for theirs in range(at[other], at[other + 1]):
            if marks[mine] == marks[theirs]:
                return int(marks[mine])
    return EMPTY


@lean
def kinship(near: Near, side: Side, knobs: Knobs, learner: int, teacher: int) -> int:
    """Points for what joins two people beyond the need: it could go both ways, or a challenge of both."""
    points = knobs.reciprocity if mutual(near, side, knobs.margin, learner, teacher) else 0
    if in_common(near.marks_at, near.marks, learner, teacher) != EMPTY:
        points += knobs.shared_challenge
    return points


@lean
def barred(near: Near, one: int, other: int) -> bool:
    """Whether these two must not meet."""
    for place in range(near.barred_at[one], near.barred_at[one + 1]):
        if near.barred[place] == other:
            return True
    return False


@lean
def speak(languages: NDArray[np.uint64], row: int, mine: NDArray[np.uint64]) -> bool:
    """Whether a row of language masks has one in common with mine."""
    for word in range(mine.shape[0]):
        if languages[row, word] & mine[word]:
            return True
    return False


@lean
def meet(offers: Offers, at: int, me: Self) -> bool:
    """Whether nothing but hours speaks against this teacher: line, language, or what must not be."""
    teacher = offers.teacher[at]
    if teacher == me.person or offers.manager[at] == me.person or me.manager == teacher:
        return False
    for other in me.barred:
        if other == teacher:
            return False
    return speak(offers.languages, at, me.languages)


@lean
def likeness(offers: Offers, at: int, knobs: Knobs, me: Self) -> int:
    """Points for where two people are in the organization."""
    return placed(offers, at, knobs, me, offers.unit[at] != me.unit)


@lean
def placed(offers: Offers, at: int, knobs: Knobs, me: Self, another_unit: bool) -> int:
    """The same, were they of another unit or of one."""
    apart, same_site = abs(offers.rank[at] - me.rank), offers.site[at] == me.site
    points: int = max(0, knobs.seniority - RANK_POINTS * apart) + knobs.received[number(another_unit, same_site, apart)]
    if another_unit:
        points += knobs.cross_unit
    if same_site:
        points += knobs.same_site
    if suits(offers.liked[at] & me.liked, knobs.half_hours):
        points += knobs.preferred_time
    return points


@lean
def likely(offers: Offers, at: int, knobs: Knobs, me: Self) -> int:
    """`likeness` at the most, of whoever is of the same rank and site and likes the same hours, in any unit."""
    return max(placed(offers, at, knobs, me, True), placed(offers, at, knobs, me, False))


@lean
def suits(liked: np.uint64, half_hours: int) -> bool:
    """Whether the half of the day that both like, or one where the other likes any, is long enough to meet in."""
    return not liked >> np.uint64(63) and ones(liked) >= half_hours


@lean
def overlap(knobs: Knobs, common: int) -> int:
    """Points for half-hours in common."""
    return min((common - knobs.half_hours) // HALF_HOURS_A_POINT, knobs.common_hours)
