"""Events as rows: each function is one set-based statement for a whole batch."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from services.metrics.domain.units import History, Units, history, unit_on
from shared import sql
from shared.copying import copy_all_new, days, field, microseconds
from shared.db import Connection
from shared.events.directory import PersonChanged, SkillChanged, UnitChanged
from shared.events.matching import MatchEvent
from shared.events.sessions import FeedbackReleased, ParticipationChanged, ProgrammeChanged, SessionEvent

FACTS = sql.load("services.metrics", "facts")
PEOPLE = sql.load("services.metrics", "people")
DIMENSIONS = sql.load("services.metrics", "dimensions")
SKILLS = sql.load("services.metrics", "skills")
REPORTS = sql.load("services.metrics", "reports")
TOLD = sql.load("services.metrics", "told")
LEARNINGS = sql.load("services.metrics", "learnings")
SCORES = range(1, 6)
SessionState = Literal["scheduled", "cancelled", "held"]
Outcome = Literal["accepted", "declined", "expired"]


def first_of_month(day: date) -> date:
    """The month a day belongs to."""
    return date(day.year, day.month, 1)


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Somebody's part in a session, and what is asked of it again and again: read once, in one go."""

    part: ParticipationChanged
    session: int
    person: int
    version: int
    month: date
    day: int
    """When the session starts, in days since PostgreSQL's epoch."""
    row: bytes
    """All that COPY takes but for the unit."""


Facts: TypeAlias = Sequence[Fact]
MANY = 500
"""From here on facts that are new are copied in."""
COPIED = (
    "session_id", "person_id", "programme_id", "month", "starts_at", "version", "minutes", "contributions", "taught",
    "format", "state", "role", "unit_path",
)  # fmt: skip
FIXED = Struct("!h i16s i16s i16s ii iq ii ii ii ii").pack
"""How many fields a row has, and those that always take the same room, each after its length."""
UNITS = Units()
"""Where people belonged, as far as this process has asked."""
MICROSECONDS_A_DAY = 86_400_000_000


async def apply_participations(conn: Connection, parts: Iterable[ParticipationChanged]) -> int:
    """Write the newest of these as facts, each with the unit of its person at session start; returns how many are news.

    One loop reads the events: each look at all of them again takes as long as reading their JSON did.
    """
    kept: dict[tuple[int, int], Fact] = {}
    for part in parts:
        key = part.session_id.int, part.person_id.int
        known = kept.get(key)
        if known is None or known.version < part.version:
            kept[key] = _fact(part, *key)
    placed = await place_facts(conn, list(kept.values()))
    return await write_facts(conn, placed) if placed else 0


def _fact(part: ParticipationChanged, session: int, person: int) -> Fact:
    month, first, at = _when(part.session_starts_at)
    fixed = FIXED(
        len(COPIED),
        16, session.to_bytes(16), 16, person.to_bytes(16), 16, part.programme_id.int.to_bytes(16),
        4, first, 8, at, 4, part.version, 4, part.minutes, 4, _contributions(part), 4, part.taught,
    )  # fmt: skip
    row = fixed + _words(part.format, part.state, part.role)
    return Fact(part, session, person, part.version, month, at // MICROSECONDS_A_DAY, row)


@lru_cache(maxsize=10_000)
def _when(at: datetime) -> tuple[date, int, int]:
    """The month, also as COPY takes it, and the moment as it does: many people meet at the same time."""
    month = first_of_month(at.astimezone(UTC).date())
    return month, days(month), microseconds(at)


@lru_cache(maxsize=10_000)
def _words(*words: str) -> bytes:
    return b"".join(map(field, words))


async def place_facts(conn: Connection, facts: Facts) -> Facts:
    """Make room for facts; returns those of months that are open, without what is known better in another month."""
    told = sorted({fact.month for fact in facts})
    closed = {row["month"] for row in await conn.fetch(FACTS.closed_months, told)}
    placed = [fact for fact in facts if fact.month not in closed] if closed else facts
    await conn.execute(FACTS.ensure_months, [month for month in told if month not in closed])
    await conn.execute(FACTS.open_months, told)
    sessions = {(fact.session, fact.month): fact for fact in placed}
    ids = [fact.part.session_id for fact in sessions.values()]
    rows = await conn.fetch(FACTS.place_sessions, ids, [month for _, month in sessions])
    return await _leave_old_months(conn, placed, {row[0].int for row in rows}) if rows else placed


async def write_facts(conn: Connection, placed: Facts) -> int:
    """Write facts where they belong; returns how many were news."""
    left = await _copy_new(conn, placed)
    applied = len(placed) - len(left)
    if not left:
        return applied
    done = await conn.fetchrow(FACTS.apply_participations, *_columns(left))
    assert done is not None
    applied += int(done["applied"])
    if forgotten := set(done["forgotten"]):
        late = [fact for fact in left if fact.part.person_id in forgotten]
        applied += await conn.fetchval(FACTS.apply_forgotten, *_columns(late))
    return applied


async def _copy_new(conn: Connection, placed: Facts) -> Facts:
    """Copy first versions in, of people who are not forgotten, as if none were known; returns what is left to do."""
    first = [fact for fact in placed if fact.version == 1]
    if len(first) < MANY:
        return placed
    known = await _histories(conn, first)
    rows = (fact.row + unit for fact in first if (unit := unit_on(known[fact.person], fact.day)) is not None)
    if not await copy_all_new(conn, "participations", COPIED, rows):
        return placed
    return [fact for fact in placed if fact.version > 1 or known[fact.person] is None]


async def _histories(conn: Connection, facts: Facts) -> dict[int, History]:
    """Where the people of these facts belonged; asked is what was not asked of this edition of their history."""
    edition = await conn.fetchval(FACTS.spans_edition)  # first: what is asked afterwards is of this one or a later one
    known = UNITS.of(edition)
    new = {fact.person: fact.part.person_id for fact in facts if fact.person not in known}
    if not new:
        return known
    found = await conn.fetchrow(FACTS.spans_of, list(new.values()))
    assert found is not None
    numbers = list(new)
    spans = zip(found["places"], found["days"], found["units"], strict=True)
    for place, told in groupby(spans, itemgetter(0)):
        _, since, units = zip(*told, strict=True)
        erased = units[0] is None
        known[numbers[place - 1]] = None if erased else history(since, [_text(unit) for unit in units])
    return known


_text = lru_cache(maxsize=10_000)(field)


def _contributions(part: ParticipationChanged) -> int:
    return part.taught + part.asked + part.shared + part.challenged + part.summarised


def _columns(facts: Facts) -> list[list[object]]:
    return [list(column) for column in zip(*map(_row, facts), strict=True)]


def _row(fact: Fact) -> tuple[object, ...]:
    part = fact.part
    return (
        part.session_id,
        part.person_id,
        fact.month,
        part.session_starts_at,
        part.version,
        part.programme_id,
        part.format,
        part.state,
        part.role,
        part.minutes,
        _contributions(part),
        part.taught,
    )


async def _leave_old_months(conn: Connection, placed: Facts, crossing: Collection[int]) -> Facts:
    """Take facts of moved sessions out of their old months; returns what is still news."""
    moved = [
        (fact.part.session_id, fact.part.person_id, fact.month, fact.version)
        for fact in placed
        if fact.session in crossing
    ]
    columns = map(list, zip(*moved, strict=True))
    rows = await conn.fetch(FACTS.leave_old_months, *columns)
    outdated = {(row["session_id"].int, row["person_id"].int) for row in rows}
    return [fact for fact in placed if (fact.session, fact.person) not in outdated]


async def apply_sessions(conn: Connection, states: Sequence[tuple[SessionEvent, SessionState]]) -> None:
    """Write sessions with what has become of them."""
    kept = {
        "session_id",
        "version",
        "programme_id",
        "group_id",
        "match_id",
        "format",
        "starts_at",
        "ends_at",
        "capacity",
        "facilitator_id",
        "skill_id",
        "began_at",
        "facilitator_above",
    }
    await conn.execute(
        FACTS.apply_sessions, [{**session.model_dump(include=kept), "state": state} for session, state in states]
    )


async def apply_feedback(conn: Connection, batches: Sequence[FeedbackReleased]) -> None:
    """Write batches of answers as sums: single answers are not kept."""
    rows = [
        {
            **batch.model_dump(include={"batch_id", "programme_id", "format", "division"}),
            "month": first_of_month(batch.month),
            "answers": len(batch.answers),
            "usefulness": sum(answer.usefulness for answer in batch.answers),
            "relevance": sum(answer.relevance for answer in batch.answers),
            "engagement": sum(answer.engagement for answer in batch.answers),
            **{
                f"{question}_at": [
                    sum(getattr(answer, question) == score for answer in batch.answers) for score in SCORES
                ]
                for question in ("usefulness", "relevance", "engagement")
            },
        }
        for batch in batches
    ]
    await conn.execute(FACTS.open_months, sorted({row["month"] for row in rows}))
    await conn.execute(FACTS.apply_feedback, rows)


async def apply_matches(conn: Connection, matches: Sequence[tuple[MatchEvent, Outcome | None, datetime]]) -> None:
    """Write matches, each with the answer it brings and the time it was told."""
    rows = [
        {
            **match.model_dump(include={"match_id", "version", "kind", "programme_id"}),
            "member_ids": [member.person_id for member in match.members],
            "member_roles": [member.role for member in match.members],
            "outcome": outcome,
            "first_seen_at": at,
            "accepted_at": at if outcome == "accepted" else None,
        }
        for match, outcome, at in matches
    ]
    await conn.execute(FACTS.apply_matches, rows)


async def apply_membership(conn: Connection, people: Sequence[PersonChanged]) -> list[UUID]:
    """Write where people belong from when on; returns whose history has changed.

    Every state is told, those too that a later one of the same batch replaces: by which version a past came to be
    known must not depend on how events fall into batches, or a rebuilt store would differ from the live one.
    """
    changed: set[UUID] = set()
    for turn in _turns(people):
        rows = [row for person in turn for row in _states(person)]
        changed |= {row["person_id"] for row in await conn.fetch(PEOPLE.apply_membership, rows)}
    return sorted(changed)


def _turns(people: Sequence[PersonChanged]) -> list[list[PersonChanged]]:
    """Each person at most once a turn, older versions first."""
    turns: list[list[PersonChanged]] = []
    seen: Counter[UUID] = Counter()
    for person in sorted(people, key=lambda person: person.version):
        at = seen[person.person_id]
        seen[person.person_id] += 1
        if at == len(turns):
            turns.append([])
        turns[at].append(person)
    return turns


def _states(person: PersonChanged) -> list[dict[str, object]]:
    """What holds, and what held before by all that is known now: one state a day."""
    kept = {"status", "unit_path", "hired_on"}
    dated = {past.valid_from: {**past.model_dump(include=kept), "past": True} for past in person.history}
    dated[person.effective_at] = {**person.model_dump(include=kept), "past": False}
    about = {"person_id": person.person_id, "version": person.version}
    return [{**about, **state, "valid_from": day} for day, state in dated.items()]


async def refresh_spans(conn: Connection, people: Sequence[UUID]) -> None:
    """Bring the spans of these people in step with what is known of them."""
    await conn.execute(PEOPLE.forget_spans, people)
    await conn.execute(PEOPLE.refresh_spans, people)


async def apply_units(conn: Connection, units: Sequence[UnitChanged]) -> None:
    """Write units."""
    kept = {"code", "version", "name", "path"}
    await conn.execute(DIMENSIONS.apply_units, [unit.model_dump(include=kept) for unit in units])


async def apply_skills(conn: Connection, skills: Sequence[SkillChanged]) -> None:
    """Write skills."""
    await conn.execute(DIMENSIONS.apply_skills, [skill.model_dump() for skill in skills])


async def apply_programmes(conn: Connection, programmes: Sequence[ProgrammeChanged]) -> None:
    """Write programmes; who sponsors them is no business of the numbers."""
    kept = {
        "programme_id", "version", "status", "name", "format", "audience_units", "starts_on", "ends_on", "goals",
        "confidentiality",
    }  # fmt: skip
    await conn.execute(DIMENSIONS.apply_programmes, [programme.model_dump(include=kept) for programme in programmes])


async def apply_formats(conn: Connection, formats: Iterable[str]) -> None:
    """Write down which formats there are or have been."""
    await conn.execute(DIMENSIONS.apply_formats, list(formats))
