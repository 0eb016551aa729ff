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
from services.matching.store.people import Known, concerned
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


def head(programme: Programme, seed: int) -> Problem:
    """What a programme asks, of nobody yet."""
    return Problem(
        people=(),
        asked=frozenset(),
        rules=programme.rules,
        seed=seed,
        skills=programme.skills,
        in_person=programme.in_person,
        size_min=programme.size_min,
        size_max=programme.size_max,
        heard=programme.heard,
        only_in_person=programme.only_in_person,
    )


async def current(
    conn: Connection, programme: Programme, kind: MatchKind, seed: int, only: Sequence[UUID], apart_from: UUID
) -> Problem:
    """What a round of a programme would be asked now, as if `only` these were there.

    Having a match of the round `apart_from` keeps nobody from another of it; it takes their time and room all the same.
    """
    today = datetime.now(UTC).date()
    problem, known = await problem_for(conn, programme, today, seed, only=only, apart_from=apart_from)
    newcomers = await recent_hires(conn, programme, kind, today, only)
    asked, _ = await asked_of(conn, programme, kind, known, newcomers, apart_from)
    return replace(problem, asked=asked)


async def recent_hires(
    conn: Connection, programme: Programme, kind: MatchKind, today: date, only: Sequence[UUID] | None = None
) -> frozenset[UUID]:
    """Whom a round of buddies asks, of everybody or of some."""
    if kind != "buddy":
        return frozenset()
    return frozenset(await rounds.newcomers(conn, today, only, programme.programme_id))


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
    problem = replace(head(programme, seed), asked=frozenset(asked))
    return await asyncio.to_thread(_whole, problem, known, lessons, recent)


def _whole(
    problem: Problem, known: list[Known], lessons: Sequence[Record], recent: frozenset[tuple[UUID, UUID]]
) -> tuple[Problem, list[Known]]:
    known = taught(known, lessons)
    here = {one.person.id for one in known}
    everybody = tuple(inside(one.person, here) for one in known)
    return replace(problem, people=everybody, recent=frozenset(filter(here.issuperset, recent))), known


async def asking(
    conn: Connection, programme: Programme, kind: MatchKind, problem: Problem, known: list[Known]
) -> Problem:
    """The problem with everybody asked whom the programme is for, who takes part, and who has no open match of it."""
    return replace(problem, asked=(await asked_of(conn, programme, kind, known))[0])


async def asked_of(
    conn: Connection,
    programme: Programme,
    kind: MatchKind,
    known: list[Known],
    newcomers: frozenset[UUID] = frozenset(),
    apart_from: UUID | None = None,
    among: frozenset[UUID] | None = None,
) -> tuple[frozenset[UUID], Counter[str]]:
    """Whom of these a round asks, and how many it does not, by reason; only those `among` them where that is said."""
    if among is not None:
        known = [one for one in known if one.person.id in among]
    ids = [one.person.id for one in known]
    if kind == "buddy":
        asked = newcomers.intersection(ids)
        return asked, await _no_buddy_for(conn, programme, [one for one in ids if one not in asked])
    rows = await conn.fetch(SQL.not_asked_of, programme.programme_id, ids, apart_from)
    return await asyncio.to_thread(_asked, known, rows, kind, programme.skills)


async def _no_buddy_for(conn: Connection, programme: Programme, people: Sequence[UUID]) -> Counter[str]:
    """Why a programme finds these no buddy, counted."""
    today = datetime.now(UTC).date()
    rows = await conn.fetch(SQL.newcomers_not_asked, programme.programme_id, people, today)
    others = Counter({row["reason"]: row["people"] for row in rows})
    return +(others + Counter(no_newcomer=len(people) - others.total()))


def _asked(
    known: list[Known], rows: Sequence[Record], kind: MatchKind, about: frozenset[str]
) -> tuple[frozenset[UUID], Counter[str]]:
    """Who is asked, and how many are not: nothing is said of one person that four things could be the cause of."""
    outside = {row["person_id"] for row in rows if row["reason"] == "outside_audience"}
    matched = {row["person_id"] for row in rows if row["reason"] == "has_match"}
    leading = {row["person_id"] for row in rows if row["reason"] == "leads_a_circle"}
    asked: list[UUID] = []
    others: Counter[str] = Counter()
    for one in known:
        person = one.person.id
        if person in outside:
            others["outside_audience"] += 1
        elif not one.taking_part:
            others["not_taking_part"] += 1
        elif person in matched:
            others["has_match"] += 1
        elif person in leading:
            others["leads_a_circle"] += 1
        elif not concerned(one.person, kind, about):
            others["nothing_of_it"] += 1
        else:
            asked.append(person)
    return frozenset(asked), others


def inside(person: Person, here: Container[UUID]) -> Person:
    """Without mention of people nobody knows: they change nothing, and could not be kept with the round."""
    if (person.manager is None or person.manager in here) and all(one in here for one in person.not_with):
        return person
    manager = person.manager if person.manager in here else None
    return person._replace(manager=manager, not_with=tuple(one for one in person.not_with if one in here))


def taught(known: list[Known], lessons: Sequence[Record]) -> list[Known]:
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
