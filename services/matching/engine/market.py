"""Offers and needs laid out for scanning: one row an offer with its teacher's attributes beside it, one a learner."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import EMPTY, compiled, mix
from services.matching.engine.people import Problem
from services.matching.engine.population import WORD, Bools, Ints, Masks, Population, both_ways, mixed

Small = NDArray[np.int32]
Short = NDArray[np.int16]
LEVELS = 6
LONGEST_WAIT = 3


class Cells(NamedTuple):
    """Runs of offers of one skill and level whose teachers work at the same half-hours of the week.

    The cells from `at[skill * LEVELS + level]` on are theirs, the offers `start[c]:start[c + 1]` those of cell `c`.
    """

    at: Ints
    start: Ints
    hours: Masks
    week: Masks


class Offers(NamedTuple):
    """What may be taught, by skill, level and working week; inside a cell what costs least comes first."""

    teacher: Small
    level: Small
    languages: Masks
    manager: Small
    unit: Small
    site: Small
    rank: Small
    liked: Masks
    wish: Masks
    """What the teacher's challenges are, a bit for each modulo the word: where no bit is mine, nothing is."""
    lot: Masks
    row: Ints
    """Place in the population's offers."""
    at: Small
    """Place in the market's own order."""
    price: Ints
    """What a place with the teacher costs, scaled."""


class Returns(NamedTuple):
    """Offers by their teachers' challenges: those of skill `s` are `at[s]:at[s + 1]`, sorted by mark."""

    at: Ints
    mark: Small
    offer: Small
    cell: Small
    """Of the offer."""


class Learners(NamedTuple):
    """Who asks: row `r` is person `person[r]` with the needs `start[r]:start[r + 1]`."""

    person: Ints
    start: Ints
    skill: Ints
    level: Ints
    target: Ints
    bonus: Ints
    """Points that every match of theirs has, whoever teaches."""


class Near(NamedTuple):
    """What each person wants, knows and must not meet: `wants[wants_at[p]:wants_at[p + 1]]` and so on."""

    wants_at: Ints
    wants: Ints
    wants_level: Ints
    knows_at: Ints
    knows: Ints
    knows_level: Ints
    marks_at: Ints
    marks: Ints
    """Their challenges, as `challenges` numbers them."""
    barred_at: Ints
    barred: Ints


class Side(NamedTuple):
    """Attributes of everybody, as the scan reads them of the one who asks."""

    hours: Masks
    week: Masks
    kind: Small
    """Which of all weeks they work."""
    languages: Masks
    manager: Ints
    unit: Ints
    site: Ints
    rank: Ints
    liked: Masks
    teaches: Bools
    kin: Masks
    """What they could teach and what their challenges are, a bit for each modulo the word."""
    lots: Masks


class Knobs(NamedTuple):
    """Thresholds and weights of the rules, as the scan reads them."""

    margin: int
    half_hours: int
    need_met: int
    skill_gap: int
    target_reached: int
    reciprocity: int
    shared_challenge: int
    cross_unit: int
    same_site: int
    common_hours: int
    seniority: int
    preferred_time: int


class Market(NamedTuple):
    """All that the scan for candidates reads."""

    cells: Cells
    offers: Offers
    returns: Returns
    learners: Learners
    near: Near
    side: Side
    knobs: Knobs


def build(
    pop: Population, problem: Problem, learners: Ints, needs: Ints, barred: Ints, wants: Ints | None = None
) -> Market:
    """Lay out the usable offers and the asked `needs`; `barred` are sorted keys of pairs that must not meet.

    `learners` are sorted, `needs` are rows of the population's needs by person and skill, one a person and skill.
    What `learners` could teach in return is among `wants`, the same of everybody; as a rule those who are asked.
    """
    teaches = pop.available & (pop.slots > 0)
    cells, row, kind = _cells(pop, teaches)
    teacher = pop.offers.person[row]
    marks_at, marks = challenges(pop)
    wish = _bits(len(pop), np.repeat(np.arange(len(pop)), np.diff(marks_at)), marks)
    offers = Offers(
        teacher=teacher.astype(np.int32),
        level=np.clip(pop.offers.level[row], 0, LEVELS - 1).astype(np.int32),
        languages=pop.languages[teacher],
        manager=pop.manager[teacher].astype(np.int32),
        unit=pop.unit[teacher].astype(np.int32),
        site=pop.site[teacher].astype(np.int32),
        rank=pop.level[teacher].astype(np.int32),
        liked=pop.liked[teacher],
        wish=wish[teacher],
        lot=mixed(pop.lots[teacher]),
        row=row,
        at=np.arange(len(row), dtype=np.int32),
        price=np.zeros(len(row), np.int64),
    )
    near = _near(pop, needs if wants is None else wants, barred)
    return Market(
        cells,
        offers,
        _returns(pop, near, offers, cells),
        _learners(pop, problem, learners, needs),
        near,
        _side(pop, teaches, wish, kind),
        _knobs(problem),
    )


def _cells(pop: Population, teaches: Bools) -> tuple[Cells, Ints, Small]:
    """The cells, the rows of the population's offers in their order, and which of all weeks everybody works."""
    row = np.flatnonzero(teaches[pop.offers.person])
    level = np.clip(pop.offers.level[row], 0, LEVELS - 1)
    person = pop.offers.person[row]
    first, kind = _kinds(pop.week)
    order = np.lexsort((person, kind[person], level, pop.offers.skill[row]))
    row, person = row[order], person[order]
    bucket, at_work = pop.offers.skill[row] * LEVELS + level[order], kind[person]
    new = np.ones(len(row), np.bool_)
    new[1:] = (np.diff(bucket) != 0) | (np.diff(at_work) != 0)
    start = np.flatnonzero(new)
    at = np.searchsorted(bucket[start], np.arange(len(pop.skills) * LEVELS + 1)).astype(np.int64)
    week = pop.week[first[at_work[start]]]
    return Cells(at, np.append(start, len(row)).astype(np.int64), pop.hours[person[start]], week), row, kind


@compiled
def _kinds(week: Masks) -> tuple[Ints, Small]:
    """The first row of each kind of week, and which kind every row is."""
    size = 1
    while size < 2 * len(week):
        size *= 2
    table = np.full(size, EMPTY, np.int32)
    first, kind, count = np.empty(len(week), np.int64), np.empty(len(week), np.int32), 0
    for row in range(len(week)):
        key = np.uint64(0)
        for day in range(week.shape[1]):
            key = mix(key ^ week[row, day])
        place = np.int64(key & np.uint64(size - 1))
        while table[place] != EMPTY and (week[first[table[place]]] != week[row]).any():
            place = (place + 1) % size
        if table[place] == EMPTY:
            table[place], first[count] = count, row
            count += 1
        kind[row] = table[place]
    return first[:count].copy(), kind


def _returns(pop: Population, near: Near, offers: Offers, cells: Cells) -> Returns:
    count = np.diff(near.marks_at)[offers.teacher]
    offer = np.repeat(offers.at, count)
    want = near.marks_at[offers.teacher[offer]] + np.arange(len(offer)) - np.repeat(np.cumsum(count) - count, count)
    skill, mark = pop.offers.skill[offers.row[offer]], near.marks[want]
    order = np.argsort(skill * _marks(pop) + mark, kind="stable")
    at = np.searchsorted(skill[order], np.arange(len(pop.skills) + 1)).astype(np.int64)
    cell = np.repeat(np.arange(len(cells.hours), dtype=np.int32), np.diff(cells.start))
    return Returns(at, mark[order].astype(np.int32), offer[order], cell[offer[order]])


def _bits(people: int, person: Ints, skill: Ints) -> Masks:
    bits = np.zeros(people, np.uint64)
    np.bitwise_or.at(bits, person, np.uint64(1) << (skill % WORD).astype(np.uint64))
    return bits


def bonus(pop: Population, problem: Problem, learner: Ints) -> dict[str, Ints]:
    """The terms that depend on the learner alone."""
    weights = problem.rules.weights
    waited = np.minimum(pop.waited[learner], LONGEST_WAIT)
    return {
        "newcomer": weights["newcomer"] * (pop.tenure[learner] < problem.rules.newcomer_days).astype(np.int64),
        "waited": weights["waited"] * waited // LONGEST_WAIT,
        "preferred_pace": weights["preferred_pace"] * pop.keen[learner].astype(np.int64),
    }


def _learners(pop: Population, problem: Problem, learners: Ints, needs: Ints) -> Learners:
    person = pop.needs.person[needs]
    return Learners(
        person=learners,
        start=np.concatenate((np.searchsorted(person, learners), [len(needs)])).astype(np.int64),
        skill=pop.needs.skill[needs],
        level=pop.needs.level[needs],
        target=pop.needs.target[needs],
        bonus=np.sum(list(bonus(pop, problem, learners).values()), axis=0, dtype=np.int64).reshape(-1),
    )


def _near(pop: Population, needs: Ints, barred: Ints) -> Near:
    everybody = np.arange(len(pop) + 1)
    knows = np.lexsort((pop.offers.skill, pop.offers.person))
    marks_at, marks = challenges(pop)
    at, others = both_ways(barred, len(pop))
    return Near(
        wants_at=np.searchsorted(pop.needs.person[needs], everybody).astype(np.int64),
        wants=pop.needs.skill[needs],
        wants_level=pop.needs.level[needs],
        knows_at=np.searchsorted(pop.offers.person[knows], everybody).astype(np.int64),
        knows=pop.offers.skill[knows],
        knows_level=pop.offers.level[knows],
        marks_at=marks_at,
        marks=marks,
        barred_at=at,
        barred=others,
    )


def challenges(pop: Population) -> tuple[Ints, Ints]:
    """What people work on or have been through: those of person `p` are `marks[at[p]:at[p + 1]]`, in order.

    All that they want to learn, whatever the round is about and whoever it asks, by its number as a skill; then their
    tags, numbered from the last skill on.
    """
    lived, tags = pop.lived
    person = np.concatenate((pop.needs.person, lived))
    mark = np.concatenate((pop.needs.skill, tags + len(pop.skills)))
    order = np.lexsort((mark, person))
    return np.searchsorted(person[order], np.arange(len(pop) + 1)).astype(np.int64), mark[order]


def _marks(pop: Population) -> int:
    return len(pop.skills) + len(pop.tags)


def _side(pop: Population, teaches: Bools, wish: Masks, kind: Small) -> Side:
    return Side(
        hours=pop.hours,
        week=pop.week,
        kind=kind,
        languages=pop.languages,
        manager=pop.manager,
        unit=pop.unit,
        site=pop.site,
        rank=pop.level,
        liked=pop.liked,
        teaches=teaches,
        kin=wish | np.where(teaches, _bits(len(pop), pop.offers.person, pop.offers.skill), np.uint64(0)),
        lots=pop.lots,
    )


def _knobs(problem: Problem) -> Knobs:
    rules = problem.rules
    weights = rules.weights
    return Knobs(
        margin=rules.margin,
        half_hours=rules.common_half_hours,
        need_met=weights["need_met"],
        skill_gap=weights["skill_gap"],
        target_reached=weights["target_reached"],
        reciprocity=weights["reciprocity"],
        shared_challenge=weights["shared_challenge"],
        cross_unit=weights["cross_unit"],
        same_site=weights["same_site"] * problem.in_person,
        common_hours=weights["common_hours"],
        seniority=weights["seniority"],
        preferred_time=weights["preferred_time"],
    )
