"""Matching: pairs against optimum and greedy, suggestions, buddies, circles, the grouping core; and peak memory."""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from bench import mdgp, pair_solvers
from bench.crowd import population, problem
from services.matching.engine import assign, ceiling, circle, facilitators, groups, market, packing, rings, scan, trade
from services.matching.engine import buddies as befriending
from services.matching.engine.candidates import total
from services.matching.engine.circle import worth
from services.matching.engine.constraints import Funnel
from services.matching.engine.people import Problem
from services.matching.engine.population import Ints, Population
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import best

LONGER = 3
LISTED = 20
WIDTHS = (5, 10, LISTED, 30, 50)
"""Teachers listed for each learner."""
AT_ONCE = 20_000


def pairs(size: int) -> None:
    """A whole round: lists, auction, lists renewed by price; and the proof over all feasible pairs."""
    pop, learners, needs = _asking(size)
    began = time.perf_counter()
    found = trade.trade(pop, problem(), learners, needs)
    took = time.perf_counter() - began
    gap = (found.bound - found.value) / found.bound
    print(f"pairs {size:>9,}: {len(found.score):,} of {len(np.unique(pop.needs.person[needs])):,} matched", end=" ")
    print(f"in {took:.2f} s; at most {100 * gap:.3f} % better exists among all feasible pairs")


def one_skill(size: int) -> None:
    """A whole round of people who all offer and want one skill: thousands of teachers whom everybody sees alike."""
    pop, learners, needs = _asking(size, skills=1)
    began, busy = time.perf_counter(), time.process_time()
    found = trade.trade(pop, problem(), learners, needs)
    took, busy = time.perf_counter() - began, time.process_time() - busy
    gap = (found.bound - found.value) / found.bound
    print(f"one skill {size:>9,}: {len(found.score):,} of {len(np.unique(pop.needs.person[needs])):,} matched", end=" ")
    print(f"in {took:.2f} s, {busy:.2f} s of CPU; at most {100 * gap:.3f} % better exists")


def exchanges(size: int) -> None:
    """Rings of two and three: who chooses first by scarcity, and shares weighed, beside the bound."""
    pop, learners, needs = _asking(size)
    laid = rings.lay(pop, problem(exchange=True), learners, needs)
    for name, limit in (("by scarcity", 0), ("weighed", packing.LINEAR)):
        began = time.perf_counter()
        with patch.object(packing, "LINEAR", limit):
            chosen, bound = rings.choose(pop, laid.edges, len(laid.inside))
        took = time.perf_counter() - began
        value = int(laid.edges.worth[chosen].sum())
        print(f"exchanges {size:>7,}, {name:11}: {len(chosen):,} people, value {value:,},", end=" ")
        print(f"at most {100 * (bound - value) / max(1, bound):.2f} % better exists, {took:.2f} s")


def solvers(size: int) -> None:
    """One sparse instance, the twenty best teachers of each learner: auction, greedy and exact solvers."""
    pop, learners, needs = _asking(size)
    sides, laid = _laid(pop, learners, needs)
    listed = scan.scan(laid, None, LISTED, 50_000)
    column = laid.offers.teacher[listed.offer]
    pair_solvers.compare(pair_solvers.Instance(listed.size, column, listed.score, sides.slots))


def lists(size: int) -> None:
    """What the length of the lists costs: the auction on the best teachers of each, beside a whole round's."""
    pop, learners, needs = _asking(size)
    found = trade.trade(pop, problem(), learners, needs)
    print(f"lists {size:>9,}: a whole round, its lists renewed by price {found.value:,}, at most {found.bound:,}")
    for width in WIDTHS:
        graph = _sparse(pop, learners, needs, width)
        began = time.perf_counter()
        value = assign.solve(graph, exact=0).value
        took = time.perf_counter() - began
        print(
            f"  {width:>3} listed, {len(graph.row):>11,} pairs: {100 * value / found.value:7.3f} % of it, {took:6.2f} s"
        )


def mentors(size: int) -> None:
    """The rule set and the solver of an existing mentor matcher: other department, some grades above, one each."""
    from munkres import Munkres  # noqa: PLC0415 - only this peer needs it

    rng = np.random.default_rng(3)
    grade, department, skill = (
        rng.integers(1, 8, (2, size)),
        rng.integers(0, 12, (2, size)),
        rng.integers(0, 9, (2, size)),
    )
    ahead = grade[1][None, :] - grade[0][:, None]
    score = 9 * np.isin(ahead, (1, 2)) + 12 * (department[0][:, None] != department[1][None, :])
    score = np.where(ahead > 0, score + 10 * (skill[0][:, None] == skill[1][None, :]), 0)
    began = time.perf_counter()
    theirs = sum(int(score[row, column]) for row, column in Munkres().compute((100 - score).tolist()))
    there = time.perf_counter() - began
    row, column = np.nonzero(score)
    graph = assign.Graph(
        row=row,
        column=column,
        score=score[row, column].astype(np.int64),
        lot=rng.random(len(row)),
        rows=size,
        load=np.zeros(size, np.int64),
        slots=np.ones(size, np.int64),
        cost=lambda load: 0 * load,
    )
    assign.solve(_small(graph), exact=0)
    began = time.perf_counter()
    choice = assign.solve(graph, exact=0)
    here = time.perf_counter() - began
    print(
        f"mentor matcher {size} x {size}: {there:.2f} s; the auction {here:.3f} s ({there / here:,.0f} times as fast),",
        end="",
    )
    print(f" value {100 * choice.value / theirs:.2f} % of it")


def suggestions(size: int) -> None:
    """The best twenty teachers of one person, one after another."""
    pop, learners, needs = _asking(size)
    laid = market.build(pop, problem(), learners, needs, pop.apart)
    asks = laid.learners
    took = []
    for row in np.random.default_rng(1).choice(size, 3000, replace=False).tolist():
        mine = slice(int(asks.start[row]), int(asks.start[row + 1]))
        one = market.Learners(
            asks.person[row : row + 1],
            np.array([0, mine.stop - mine.start], np.int64),
            asks.skill[mine],
            asks.level[mine],
            asks.target[mine],
            asks.bonus[row : row + 1],
        )
        began = time.perf_counter()
        best(pop, laid._replace(learners=one), 20, 1 << 40)
        took.append(1000 * (time.perf_counter() - began))
    p50, p99 = np.percentile(took, (50, 99))
    print(f"suggestions {size:>9,}: top 20 of one person p50 {p50:.2f} ms, p99 {p99:.2f} ms")


def buddies(size: int) -> None:
    """A buddy for one newcomer in a hundred, from lists of the best of everybody; all can meet."""
    _buddies(size, befriending.choose)


def buddies_at_once(size: int) -> None:
    """The same from all there are, every term of each laid out, as rounds were solved before."""
    if size <= AT_ONCE:
        _buddies(size, _choose_at_once)


def _buddies(size: int, choose: Callable[..., Any]) -> None:
    for one in (2000, size):
        pop, newcomers = _onboarding(one)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        began, busy = time.perf_counter(), time.process_time()
        found = choose(pop, problem(), newcomers, Funnel(befriending.STAGES, len(newcomers)))
        took, busy = time.perf_counter() - began, time.process_time() - busy
    gap = (found.bound - found.value) / found.bound
    print(f"{choose.__name__:15} buddies {size:>9,}: {len(found.cost):,} of {len(newcomers):,}", end=" ")
    print(f"in {took:.2f} s, {busy:.2f} s of CPU, value {found.value:,}, at most {100 * gap:.4f} % better;", end=" ")
    print(f"{before:,.0f} MB before")


def _onboarding(size: int) -> tuple[Population, Ints]:
    pop = population(size)
    newcomers = np.sort(np.random.default_rng(1).choice(size, size // 100, replace=False))
    tenure = pop.tenure + Rules().buddy_tenure_days
    tenure[newcomers] = -3
    week, spoken = np.tile(pop.week[0], (size, 1)), np.ones_like(pop.languages)
    return replace(pop, tenure=tenure, week=week, languages=spoken), newcomers


def _choose_at_once(pop: Population, asked: Problem, newcomers: Ints, funnel: Funnel) -> assign.Choice:
    price = np.zeros(len(pop), np.int64)
    (row, buddy, _), _ = befriending._lists(pop, asked, newcomers, price, len(pop), funnel)  # noqa: SLF001
    score = total(befriending.terms(pop, asked, newcomers[row], buddy))
    cost = trade.load_cost(asked.rules.weights)
    lot = pop.draw(newcomers[row], buddy)
    return assign.solve(assign.Graph(row, buddy, score, lot, len(newcomers), pop.load, pop.slots, cost))


def circles(size: int) -> None:
    """Circles of four to eight with a neutral facilitator each."""
    pop, _, _ = _asking(size)
    asked = replace(problem(), size_min=4, size_max=8)
    people, rules = circle.folk(pop, asked), circle.rule(asked)
    crowd = np.flatnonzero(pop.available)
    began, busy = time.perf_counter(), time.process_time()
    formed, waiting = groups.form(pop, people, rules, asked, crowd)
    grown = time.perf_counter()
    led = facilitators.choose(pop, asked, formed)
    done, busy = time.perf_counter(), time.process_time() - busy
    count = len(formed.size)
    each = [formed.members[at, : formed.size[at]] for at in range(count)]
    broken = sum(worth(people, rules, formed.members[at], formed.size[at], formed.topic[at]) < 0 for at in range(count))
    different = sum(len(np.unique(pop.unit[members])) for members in each)
    score = sum(worth(people, rules, *one) for one, who in zip(zip(*formed, strict=True), led, strict=True) if who)
    score += sum(term.points for one in led if one for term in one.terms)
    most = ceiling.bound(pop, people, rules, asked, crowd)
    print(f"circles {size:>9,}: {count:,} in {grown - began:.2f} s, facilitators {done - grown:.2f} s,", end=" ")
    print(f"{busy:.2f} s of CPU;", end=" ")
    print(
        f"{100 * (1 - len(waiting) / len(crowd)):.2f} % placed, {sum(one is not None for one in led):,} led,", end=" "
    )
    print(f"{100 * different / formed.size.sum():.1f} % of the possible unit diversity, {broken} violations;", end=" ")
    print(f"{score:,} points, at most {100 * (most - score) / most:.1f} % better exists")


def spent(size: int) -> None:
    """What circles are worth, their facilitators apart, by the moves and exchanges that are spent on them."""
    pop, _, _ = _asking(size)
    asked = replace(problem(), size_min=4, size_max=8)
    people, rules = circle.folk(pop, asked), circle.rule(asked)
    crowd = np.flatnonzero(pop.available)
    for moves, sweeps in ((0, 0), (15, 0), (30, 0), (60, 0), (60, 2), (120, 4), (240, 8)):
        with patch.multiple(groups, MOVES_A_PERSON=moves, EXCHANGES=0, SWEEPS=(sweeps, sweeps)):
            began = time.process_time()
            formed, _ = groups.form(pop, people, rules, asked, crowd)
            took = time.process_time() - began
        points = sum(int(worth(people, rules, *one)) for one in zip(*formed, strict=True))
        print(f"circles {size:>9,}, {moves:>3} moves a person, {sweeps} exchanges a circle:", end=" ")
        print(f"{took:6.2f} s of CPU, {points:,} points")


def cores(moves: int, instances: Sequence[Path] = ()) -> None:
    """The grouping core on files of MDGPLIB's, or on instances made by its families' recipes, against a long run.

    The library is not part of this repository: without files the values compare with this core's own best, of three
    other seeds and LONGER times the moves.
    """
    texts = [(path.name, path.read_text()) for path in instances] or [
        (f"{family}-like {size} {kind}", mdgp.recipe(family, size, kind, 1))
        for family, size, kind in product(mdgp.FAMILIES, mdgp.BOUNDS, ("ss", "ds"))
    ]
    shares = []
    for name, text in texts:
        distance, least, most = mdgp.read(text)
        mdgp.partition(distance, least, most, 10, 1)
        began = time.process_time()
        _, value = mdgp.partition(distance, least, most, moves, 1)
        took = time.process_time() - began
        top = max(mdgp.partition(distance, least, most, LONGER * moves, seed)[1] for seed in (2, 3, 4))
        shares.append(100 * value / max(value, top))
        print(f"grouping core {name}: {value:,.0f} in {took:.1f} s of CPU, {shares[-1]:.3f} % of the long run's best")
    print(f"grouping core: {len(shares)} instances, mean {np.mean(shares):.3f} %, worst {min(shares):.3f} %")


def _sparse(pop: Population, learners: Ints, needs: Ints, width: int) -> assign.Graph:
    """The `width` best teachers of each learner, as one instance for all."""
    sides, laid = _laid(pop, learners, needs)
    listed = scan.scan(laid, None, width, 50_000)
    inside = (np.arange(listed.offer.shape[1]) < listed.size[:, None]).reshape(-1)
    row = np.repeat(np.arange(len(learners)), listed.offer.shape[1])[inside]
    column = laid.offers.teacher[listed.offer.reshape(-1)[inside]].astype(np.int64)
    return assign.Graph(
        row=row,
        column=column,
        score=listed.score.reshape(-1)[inside].astype(np.int64),
        lot=pop.draw(row, column),
        rows=len(learners),
        load=pop.load,
        slots=sides.slots,
        cost=sides.cost,
    )


def _laid(pop: Population, learners: Ints, needs: Ints) -> tuple[trade._Sides, market.Market]:
    """What a round's first choice is made of."""
    sides = trade._Sides(pop, problem(), learners, needs)  # noqa: SLF001 - the same instance for all
    return sides, market.build(replace(pop, slots=sides.slots), problem(), learners, needs, pop.apart)


def _small(graph: assign.Graph) -> assign.Graph:
    """A few rows of it, so that nothing is compiled while the clock runs."""
    few = graph.row < 20
    return replace(
        graph, row=graph.row[few], column=graph.column[few], score=graph.score[few], lot=graph.lot[few], rows=20
    )


def _asking(size: int, skills: int | None = None) -> tuple[Population, Ints, Ints]:
    for one in (2000, size):
        pop = population(one, skills=skills)
        learners = np.arange(one)
        needs = np.flatnonzero(pop.available[pop.needs.person])
        key = pop.needs.person[needs] * len(pop.skills) + pop.needs.skill[needs]
        needs = needs[np.argsort(key)]
        if one == 2000:
            trade.trade(pop, problem(), learners, needs)
            asked = replace(problem(), size_min=4, size_max=8)
            formed, _ = groups.form(pop, circle.folk(pop, asked), circle.rule(asked), asked, learners[pop.available])
            with patch.object(assign, "solve", partial(assign.solve, exact=0)):
                facilitators.choose(pop, asked, formed)
    return pop, learners, needs


def _alone(work: Callable[[int], None], size: int) -> None:
    work(size)
    print(f"    peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


SIZED = (pairs, one_skill, exchanges, solvers, lists, suggestions, buddies, buddies_at_once, circles, spent)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[10_000])
    parser.add_argument("--mentors", type=int, default=500, help="people a side of the mentor matcher")
    parser.add_argument("--moves", type=int, default=30_000_000, help="of the grouping core")
    parser.add_argument("--instances", type=Path, nargs="*", default=[], help="files in MDGPLIB's format")
    parser.add_argument("--only", nargs="+", default=[*(work.__name__ for work in SIZED), "mentors", "cores"])
    given = parser.parse_args(arguments)
    cases: list[tuple[Any, int]] = []
    for size in given.size:
        cases += [(work, size) for work in SIZED if work.__name__ in given.only]
    cases += [(mentors, given.mentors)] if "mentors" in given.only else []
    cases += [(partial(cores, instances=given.instances), given.moves)] if "cores" in given.only else []
    context = multiprocessing.get_context("spawn")
    for work, size in cases:
        process = context.Process(target=_alone, args=(work, size))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
