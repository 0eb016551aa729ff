"""Offers and needs laid out for scanning: one row an offer with its teacher's attributes beside it, one a learner."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine import received
from services.matching.engine.cells import LEVELS, Cells, cell_of, differ, lay
from services.matching.engine.people import Problem
from services.matching.engine.population import WORD, Bools, Ints, Masks, Population, both_ways, mixed

Small = NDArray[np.int32]
Short = NDArray[np.int16]
LONGEST_WAIT = 3
LONG = 256
"""Offers to one challenge above which they lie in runs."""
UNASKED = 99
"""A level at which nobody could teach."""


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
    """Offers by their teachers' challenges: those of skill `s` are `at[s]:at[s + 1]`, sorted by mark and cell.

    Where more than a few have the same challenge they lie in runs: of one cell, and of teachers who ask for it at one
    level. In a run what costs least comes first, so that reading it may end early.
    """

    at: Ints
    mark: Small
    offer: Small
    cell: Small
    """Of the offer."""
    asked: Small
    """The level at which the teacher asks to be taught what the challenge is, UNASKED for not at all; 0 where few."""
    end: Small
    """The first place after the run; after the offer itself where there are few."""
    alike: Small
    """How many from each place on cost the same, in the run."""


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
    received: Ints
    """Points for how pairs of a class were received, by its number."""


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
    knobs = _knobs(problem)
    heard = bool(knobs.received.any())
    weighed = (
        (pop.level, knobs.seniority or heard),
        (pop.liked, knobs.preferred_time),
        (pop.site, knobs.same_site or (heard and problem.in_person)),
    )
    cells, row, kind = lay(pop, teaches, [column for column, weight in weighed if weight])
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
    wants = needs if wants is None else wants
    near = _near(pop, wants, barred)
    return Market(
        cells,
        offers,
        _returns(pop, near, offers, cells, wants),
        _learners(pop, problem, learners, needs),
        near,
        _side(pop, teaches, wish, kind),
        knobs,
    )


def _returns(pop: Population, near: Near, offers: Offers, cells: Cells, wants: Ints) -> Returns:
    count = np.diff(near.marks_at)[offers.teacher]
    offer = np.repeat(offers.at, count)
    teacher = offers.teacher[offer]
    want = near.marks_at[teacher] + np.arange(len(offer)) - np.repeat(np.cumsum(count) - count, count)
    skill, mark = pop.offers.skill[offers.row[offer]], near.marks[want]
    order = np.argsort(skill * _marks(pop) + mark, kind="stable")
    offer, teacher, skill, mark = offer[order], teacher[order], skill[order], mark[order]
    cell = cell_of(cells)[offer]
    at = np.searchsorted(skill, np.arange(len(pop.skills) + 1)).astype(np.int64)
    level, end = _runs(pop, wants, skill, mark, teacher, cell, offer)
    alike = (end - np.arange(len(end))).astype(np.int32)
    return Returns(at, mark.astype(np.int32), offer, cell, level, end, alike)


def asked(pop: Population, needs: Ints, person: Ints, skill: Ints) -> Ints:
    """The level at which each of these people asks for a skill, or for what a mark is; UNASKED for not at all."""
    if not len(needs):
        return np.full(len(person), UNASKED)
    keys = pop.needs.person[needs] * _marks(pop) + pop.needs.skill[needs]
    wanted = person * _marks(pop) + skill
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, pop.needs.level[needs[found]], UNASKED)


def _runs(
    pop: Population, wants: Ints, skill: Ints, mark: Ints, teacher: Small, cell: Small, offer: Small
) -> tuple[Small, Small]:
    """At what level each teacher asks for the challenge, and where the runs end; long ones are put in order."""
    level = np.zeros(len(offer), np.int32)
    end = np.arange(1, len(offer) + 1, dtype=np.int32)
    group = np.cumsum(differ(skill, mark)) - 1
    long_ = np.flatnonzero(np.bincount(group, minlength=1)[group] > LONG)
    if len(long_):
        told = asked(pop, wants, teacher[long_].astype(np.int64), mark[long_])
        order = np.lexsort((told, cell[long_], group[long_]))
        offer[long_], cell[long_], level[long_] = offer[long_[order]], cell[long_[order]], told[order]
        new = differ(group[long_], cell[long_], level[long_])
        last = np.append(np.flatnonzero(new)[1:], len(long_)) - 1
        end[long_] = long_[last[np.cumsum(new) - 1]] + 1
    return level, end


def _bits(people: int, person: Ints, skill: Ints) -> Masks:
    bits = np.zeros(people, np.uint64)
    np.bitwise_or.at(bits, person, np.uint64(1) << (skill % WORD).astype(np.uint64))
    return bits


def bonus(pop: Population, problem: Problem, learner: Ints) -> dict[str, Ints]:
    """The terms that depend on the learner alone."""
    weights = problem.rules.weights
    return {
        "newcomer": weights["newcomer"] * (pop.tenure[learner] < problem.rules.newcomer_days).astype(np.int64),
        "waited": waited(pop, problem, learner),
        "preferred_pace": weights["preferred_pace"] * pop.keen[learner].astype(np.int64),
    }


def waited(pop: Population, problem: Problem, learner: Ints) -> Ints:
    """Points for the rounds that had nobody for them."""
    return problem.rules.weights["waited"] * np.minimum(pop.waited[learner], LONGEST_WAIT) // LONGEST_WAIT


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
    wanted = np.zeros(len(pop.skills), np.bool_)
    wanted[pop.needs.skill[needs]] = True
    knows = np.lexsort((pop.offers.skill, pop.offers.person))
    knows = knows[wanted[pop.offers.skill[knows]]]
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
        received=received.of_problem(problem),
    )
