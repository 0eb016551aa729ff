"""What the engine is asked: a programme, everybody as they are today, and who wants to take part."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.matching.domain.format import ProgrammeNotPublished
from services.matching.engine.people import Person, Problem
from services.matching.store import people, programmes, rounds
from services.matching.store.people import Known
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchKind

SQL = sql.load("services.matching", "rounds")


async def published(conn: Connection, programme_id: UUID) -> Programme:
    """A programme whose people may be matched. Raises UnknownProgramme or ProgrammeNotPublished."""
    programme = await programmes.get(conn, programme_id)
    if not programme.published:
        raise ProgrammeNotPublished("Publish the programme first: only published ones are matched.")
    return programme


async def current(
    conn: Connection,
    programme: Programme,
    kind: MatchKind,
    seed: int,
    only: Sequence[UUID] | None = None,
    among: frozenset[UUID] | None = None,
    apart_from: UUID | None = None,
) -> tuple[Problem, Counter[str]]:
    """What a round of a programme would be asked now, and how many it would not ask, by reason.

    Of everybody, or as if `only` these were there; or asking those `among` them alone. With `only`, having a match of
    the round `apart_from` which it is asked keeps nobody from another of it; it takes their time and room all the same.
    """
    today = datetime.now(UTC).date()
    problem, known = await problem_for(conn, programme, today, seed, only=only, apart_from=apart_from)
    if kind != "buddy":
        problem, others = await _sorted(conn, programme, kind, problem, known, only, among, apart_from)
    else:
        found = await rounds.newcomers(conn, today, only, programme.programme_id)
        problem = replace(problem, asked=frozenset(found if among is None else among.intersection(found)))
        here = {one.person.id for one in known} if among is None else among.intersection(one.person.id for one in known)
        others = Counter(no_newcomer=len(here - problem.asked))
    if among is not None:
        others["not_known"] = len(among.difference(one.person.id for one in known))
    return problem, +others


async def problem_for(
    conn: Connection,
    programme: Programme,
    today: date,
    seed: int,
    asked: Iterable[UUID] = (),
    only: Sequence[UUID] | None = None,
    apart_from: UUID | None = None,
) -> tuple[Problem, list[Known]]:
    """The problem of a programme, and everybody, or only some, with what decides whether they are asked."""
    rules = programme.rules
    known = await people.everybody(conn, programme, today, only)
    lessons = await conn.fetch(SQL.lessons, programme.programme_id, rules.rest_days, rules.cool_off_days, only)
    recent = await people.recent_pairs(conn, rules.cool_off_days, only, apart_from)
    problem = Problem(
        people=(),
        asked=frozenset(asked),
        rules=rules,
        seed=seed,
        skills=programme.skills,
        in_person=programme.in_person,
        size_min=programme.size_min,
        size_max=programme.size_max,
    )
    return await asyncio.to_thread(_whole, problem, known, lessons, recent)


def _whole(
    problem: Problem, known: list[Known], lessons: Sequence[Record], recent: frozenset[tuple[UUID, UUID]]
) -> tuple[Problem, list[Known]]:
    known = _taught(known, lessons)
    here = {one.person.id for one in known}
    everybody = tuple(inside(one.person, here) for one in known)
    return replace(problem, people=everybody, recent=frozenset(filter(here.issuperset, recent))), known


async def asking(
    conn: Connection,
    programme: Programme,
    kind: MatchKind,
    problem: Problem,
    known: list[Known],
    only: Sequence[UUID] | None = None,
) -> Problem:
    """The problem with everybody asked whom the programme is for, who takes part, and who has no open match of it.

    `only` are those of them the problem is about, where it is not about everybody.
    """
    return (await _sorted(conn, programme, kind, problem, known, only, None, None))[0]


async def _sorted(
    conn: Connection,
    programme: Programme,
    kind: MatchKind,
    problem: Problem,
    known: list[Known],
    only: Sequence[UUID] | None,
    among: frozenset[UUID] | None,
    apart_from: UUID | None,
) -> tuple[Problem, Counter[str]]:
    if only is None:
        rows = await conn.fetch(SQL.not_asked, programme.programme_id)
    else:
        rows = await conn.fetch(SQL.not_asked_of, programme.programme_id, only, apart_from)
    asked, others = await asyncio.to_thread(_asked, known, rows, kind, programme.skills, among)
    return replace(problem, asked=asked), others


def _asked(
    known: list[Known], rows: Sequence[Record], kind: MatchKind, about: frozenset[str], among: frozenset[UUID] | None
) -> tuple[frozenset[UUID], Counter[str]]:
    """Who is asked, and how many are not: nothing is said of one person that four things could be the cause of."""
    outside = {row["person_id"] for row in rows if row["reason"] == "outside_audience"}
    matched = {row["person_id"] for row in rows if row["reason"] == "has_match"}
    asked: list[UUID] = []
    others: Counter[str] = Counter()
    for one in known:
        person = one.person.id
        if among is not None and person not in among:
            continue
        if person in outside:
            others["outside_audience"] += 1
        elif not one.taking_part:
            others["not_taking_part"] += 1
        elif person in matched:
            others["has_match"] += 1
        elif not _concerned(one, kind, about):
            others["nothing_of_it"] += 1
        else:
            asked.append(person)
    return frozenset(asked), others


def _concerned(one: Known, kind: MatchKind, about: frozenset[str]) -> bool:
    """A pair needs a learner; a circle takes everybody who seeks or knows what it is about."""
    needs = {skill for skill, *_ in one.person.needs}
    if kind == "pair":
        return bool(needs & about if about else needs)
    return not about or bool(about & (needs | {skill for skill, _ in one.person.offers}))


def inside(person: Person, here: Container[UUID]) -> Person:
    """Without mention of people nobody knows: they change nothing, and could not be kept with the round."""
    if (person.manager is None or person.manager in here) and all(one in here for one in person.not_with):
        return person
    manager = person.manager if person.manager in here else None
    return person._replace(manager=manager, not_with=tuple(one for one in person.not_with if one in here))


def _taught(known: list[Known], lessons: Sequence[Record]) -> list[Known]:
    """Everybody as earlier answers have it: who had no time rests, who did not want a skill is spared it."""
    resting: set[UUID] = set()
    unwanted: dict[tuple[UUID, bool], set[str]] = defaultdict(set)
    for row in lessons:
        if row["reason_code"] == "no_time":
            resting.add(row["person_id"])
        elif row["skill_id"]:
            unwanted[row["person_id"], row["role"] == "teacher"].add(row["skill_id"])
    if not resting and not unwanted:
        return known
    return [replace(one, person=_spared(one.person, resting, unwanted)) for one in known]


def _spared(person: Person, resting: set[UUID], unwanted: dict[tuple[UUID, bool], set[str]]) -> Person:
    if person.id in resting:
        person = person._replace(available=False, slots=0, places=0)
    taught, learnt = unwanted.get((person.id, True)), unwanted.get((person.id, False))
    if taught:
        person = person._replace(offers=tuple(offer for offer in person.offers if offer[0] not in taught))
    if learnt:
        person = person._replace(needs=tuple(need for need in person.needs if need[0] not in learnt))
    return person
