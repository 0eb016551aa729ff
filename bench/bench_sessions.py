"""Sessions: sign-ups that race for seats, a thousand groups placed in one run, and writes against bare ones."""

import argparse
import asyncio
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.sessions.commands.attendance import rsvp
from services.sessions.commands.feedback import give_feedback
from services.sessions.commands.groups import form_groups
from services.sessions.commands.people import project_people
from services.sessions.domain.hours import Hours, Span
from services.sessions.domain.scheduling import Request, Slot, place, ranked, strains
from services.sessions.settings import SessionsSettings
from shared import outbox
from shared.db import WAITING_PER_CONNECTION, Connection, Database
from shared.envelope import Envelope
from shared.events.directory import PersonChanged
from shared.events.matching import CircleFormed, MatchMember
from shared.events.sessions import FeedbackAnswer, ParticipationChanged
from shared.migrate import migrate
from shared.settings import load

ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Athens", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata",
    "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Los_Angeles",
)  # fmt: skip
SEATS, CROWD, AT_ONCE = 10, 100, 16
DIVISIONS = 50
TODAY = datetime.now(UTC).date()
FIRST = TODAY + timedelta(days=7 - TODAY.weekday())


def person(person_id: UUID, zone: str, unit: str = "u") -> PersonChanged:
    """Somebody who works from eight to six."""
    return PersonChanged(
        person_id=person_id, version=1, reasons=("hired",), effective_at=TODAY, status="active", unit_code=unit,
        unit_path=("acme", unit), manager_id=None, job_code="j", job_level=3, job_function=None, site_code="s",
        country="DE", time_zone=zone, work_starts=480, work_ends=1080, work_days=(1, 2, 3, 4, 5), languages=("en",),
        offers=(), needs=(), capacity=2, time_budget_minutes=600, facilitator_ready=False, opted_in=True,
        paused_until=None, not_with=(), hired_on=date(2020, 1, 1), leaves_on=None,
    )  # fmt: skip


def envelope(event: Any, number: int) -> Envelope[Any]:
    """As a consumer gets it."""
    return Envelope(
        id=str(uuid4()), source=event.source, type=event.event_type, subject=event.key, time=datetime.now(UTC),
        data=event, topic=event.topic.name, key=event.key, partition=0, offset=number,
    )  # fmt: skip


async def programme(conn: Connection) -> UUID:
    """A published programme of circles for everybody."""
    found: UUID = await conn.fetchval(
        "INSERT INTO programmes (programme_id, version, status, name, objective, format, modality, confidentiality,"
        " audience_units, skills, group_size_min, group_size_max, cadence_days, session_minutes, starts_on, ends_on,"
        " backfill, goals, ground_rules) VALUES (uuidv7(), 1, 'published', 'Bench', 'Bench', 'study_group', 'remote',"
        " 'open', '{}', '{}', 3, 12, 14, 60, $1, $2, false, '[]', 'Be kind') RETURNING programme_id",
        FIRST,
        FIRST + timedelta(days=83),
    )
    return found


async def crowd(conn: Connection, sessions: int, each: int) -> list[tuple[UUID, UUID]]:
    """Sessions with ten seats, and so many people invited to each: (session, person), in random order."""
    programme_id = await programme(conn)
    asked = []
    for _ in range(sessions):
        group, session = uuid4(), uuid4()
        await conn.execute(
            "INSERT INTO groups (group_id, programme_id, match_version, kind, state, rules_version, rules_text)"
            " VALUES ($1, $2, 1, 'circle', 'active', 1, 'Be kind')",
            group,
            programme_id,
        )
        await conn.execute(
            "INSERT INTO sessions (session_id, version, state, group_id, programme_id, number, due_on, starts_at,"
            " ends_at, capacity, why) VALUES ($1, 1, 'scheduled', $2, $3, 0, $4, now() + interval '9 days',"
            " now() + interval '10 days', $5, '')",
            session, group, programme_id, FIRST, SEATS,
        )  # fmt: skip
        people = [uuid4() for _ in range(each)]
        await conn.executemany(
            "INSERT INTO participants (session_id, person_id, role) VALUES ($1, $2, 'participant')",
            [(session, one) for one in people],
        )
        await conn.executemany(
            "INSERT INTO acknowledgements (group_id, person_id, rules_version) VALUES ($1, $2, 1)",
            [(group, one) for one in people],
        )
        asked += [(session, one) for one in people]
    random.Random(7).shuffle(asked)
    return asked


async def at_once(
    db: Database, works: Sequence[Callable[[Connection], Awaitable[object]]]
) -> tuple[float, list[float]]:
    """All of them at the same time, each in a transaction; seconds, and how many milliseconds each took."""
    waits: list[float] = []
    admitted = asyncio.Semaphore(WAITING_PER_CONNECTION * AT_ONCE)  # the others would be told to come again

    async def one(work: Callable[[Connection], Awaitable[object]]) -> None:
        began = time.perf_counter()
        async with admitted, db.transaction() as conn:
            await work(conn)
        waits.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*map(one, works))
    return time.perf_counter() - began, waits


async def sign_ups(db: Database, people: int) -> None:
    """Ten thousand people at once and a hundred sessions of ten seats: exactly ten each, and a waitlist in order."""
    async with db.transaction() as conn:
        asked = await crowd(conn, people // CROWD, CROWD)
        before = await conn.fetchval("SELECT count(*) FROM outbox WHERE topic = 'sessions.participation'")
    taken, waits = await at_once(db, [lambda conn, s=s, p=p: rsvp(conn, s, p, "accept") for s, p in asked])  # type: ignore[misc]
    async with db.acquire() as conn:
        rows = await conn.fetch(
            "SELECT session_id, count(*) FILTER (WHERE state = 'registered') AS seats,"
            " array_agg(place ORDER BY place) FILTER (WHERE state = 'waitlisted') AS places"
            " FROM participants WHERE session_id = ANY ($1::uuid[]) GROUP BY session_id",
            list({session for session, _ in asked}),
        )
        told = await conn.fetchval("SELECT count(*) FROM outbox WHERE topic = 'sessions.participation'") - before
    wrong = [row for row in rows if row["seats"] != SEATS or row["places"] != list(range(1, CROWD - SEATS + 1))]
    print(
        f"sign-ups    {len(asked):,} at once to {len(rows)} sessions of {SEATS} seats in {taken:.1f} s:"
        f" {len(asked) / taken:,.0f}/s; {len(wrong)} sessions with another number of seats taken or a waitlist out of"
        f" order; {told:,} events; the last waited {max(waits) / 1000:.1f} s"
    )


async def writes(db: Database, rounds: int, size: int) -> None:
    """Sign-ups for which there is room, answers, and bare writes by turns, each round in another order."""
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE bare (session_id uuid, person_id uuid, PRIMARY KEY (session_id, person_id))")
    kinds: dict[str, Callable[[Database, Sequence[tuple[UUID, UUID]]], Awaitable[float]]] = {
        "sign-ups": sign_up,
        "answers": partial(answer, divisions=DIVISIONS),
        "answers of one division": partial(answer, divisions=1),
        "the same row": partial(bare, insert=SAME_ROW),
        "a row of two columns": partial(bare, insert=THIN_ROW),
    }
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind in sorted(kinds, key=lambda each: (list(kinds).index(each) + number) % len(kinds)):
            async with db.transaction() as conn:
                asked = await crowd(conn, size // SEATS, SEATS)
            rates[kind].append(await kinds[kind](db, asked))
    for kind in ("sign-ups", "answers", "answers of one division"):
        for peer in ("the same row", "a row of two columns"):
            ratios = [ours / bare for ours, bare in zip(rates[kind], rates[peer], strict=True)]
            print(
                f"writes      {statistics.median(rates[kind]):,.0f} {kind}/s; bare, {peer} and one in the outbox,"
                f" {statistics.median(rates[peer]):,.0f}/s: ratio {statistics.median(ratios):.2f} (median of {rounds}"
                f" by turns of {size:,}, {AT_ONCE} at once; {min(ratios):.2f} to {max(ratios):.2f})"
            )


async def sign_up(db: Database, asked: Sequence[tuple[UUID, UUID]]) -> float:
    """Sign-ups per second."""
    taken, _ = await at_once(db, [partial(rsvp, session_id=s, person_id=one, answer="accept") for s, one in asked])
    return len(asked) / taken


async def answer(db: Database, asked: Sequence[tuple[UUID, UUID]], divisions: int) -> float:
    """Feedback by people who are known and were there; answers per second.

    A programme's answers of a month and division are one row: those of one division wait for each other.
    """
    async with db.transaction() as conn:
        known = [person(one, ZONES[0], f"d{at % divisions}") for at, (_, one) in enumerate(asked)]
        await project_people(conn, [envelope(one, at) for at, one in enumerate(known)])
        await conn.execute(
            "UPDATE participants SET state = 'attended' WHERE person_id = ANY ($1::uuid[])", [one for _, one in asked]
        )
    said = FeedbackAnswer(usefulness=5, relevance=4, engagement=3)
    taken, _ = await at_once(
        db, [partial(give_feedback, session_id=s, person_id=one, answer=said, comment=None) for s, one in asked]
    )
    return len(asked) / taken


SAME_ROW = "INSERT INTO participants (session_id, person_id, role, state) VALUES ($1, $2, 'participant', 'registered')"
THIN_ROW = "INSERT INTO bare VALUES ($1, $2)"


async def bare(db: Database, asked: Sequence[tuple[UUID, UUID]], insert: str) -> float:
    """The ceiling: one row and one outbox row in a transaction, nothing checked; writes per second."""
    programme_id = uuid4()

    async def write(conn: Connection, session: UUID) -> None:
        one = uuid4()
        await conn.execute(insert, session, one)
        event = ParticipationChanged(
            session_id=session, person_id=one, version=1, programme_id=programme_id, format="study_group",
            session_starts_at=datetime.now(UTC), state="registered", role="participant", minutes=0, taught=0, asked=0,
            shared=0, challenged=0, summarised=0,
        )  # fmt: skip
        await outbox.append(conn, event)

    taken, _ = await at_once(db, [partial(write, session=session) for session, _ in asked])
    return len(asked) / taken


def groups_of_six(count: int) -> tuple[list[Request], dict[UUID, Hours]]:
    """Groups over neighbouring zones of ten, six sessions each, a fortnight apart."""
    dice = random.Random(11)
    hours: dict[UUID, Hours] = {}
    requests = []
    for number in range(count):
        start = dice.randrange(len(ZONES))
        near = [ZONES[(start + offset) % len(ZONES)] for offset in range(3)]
        people = tuple(UUID(int=number * 6 + seat + 1) for seat in range(6))
        hours |= {one: Hours(dice.choice(near), 480, 1080, (1, 2, 3, 4, 5)) for one in people}
        for turn in range(6):
            due = FIRST + timedelta(days=14 * turn)
            last = due + timedelta(days=13)
            requests.append(Request(people, 60, due, last, 0, series=UUID(int=number + 1), stretch=120))
    return requests, hours


def spread(requests: list[Request], slots: list[Slot | None], hours: dict[UUID, Hours]) -> float:
    """Median, over the series, of the minutes between whoever bore most and whoever bore least, a session."""
    borne: dict[UUID, dict[Hours, float]] = {}
    held: dict[UUID, int] = {}
    for request, slot in zip(requests, slots, strict=True):
        if slot is None or request.series is None:
            continue
        held[request.series] = held.get(request.series, 0) + 1
        share = borne.setdefault(request.series, {})
        for week, strain in strains(slot, [hours[one] for one in request.people]).items():
            share[week] = share.get(week, 0.0) + strain
    return statistics.median((max(s.values()) - min(s.values())) / held[name] for name, s in borne.items())


def earliest(requests: list[Request], hours: dict[UUID, Hours]) -> list[Slot | None]:
    """The peer: the first common free time, as most calendars propose."""
    busy: dict[UUID, list[Span]] = {}
    found: list[Slot | None] = []
    for request in requests:
        weeks, taken = [hours[one] for one in request.people], [busy.get(one, []) for one in request.people]
        slot = None
        for outside in (0, request.stretch):
            slots = list(ranked(request, weeks, taken, {}, outside))
            slot = min(slots, key=lambda each: each.start, default=None)
            if slot is not None:
                break
        for one in request.people if slot else ():
            busy.setdefault(one, []).append(Span(slot.start, slot.end))  # type: ignore[union-attr]
        found.append(slot)
    return found


def scheduling(count: int) -> None:
    """A thousand groups of six over ten zones, in one run."""
    requests, hours = groups_of_six(count)
    began = time.perf_counter()
    slots = place(requests, hours, {})
    taken = time.perf_counter() - began
    same = slots == place(requests, hours, {})
    placed = sum(slot is not None for slot in slots)
    inside = sum(slot is not None and not slot.outside for slot in slots)
    hard = statistics.mean(slot.strain for slot in slots if slot)
    first = earliest(requests, hours)
    hard_first = statistics.mean(slot.strain for slot in first if slot)
    print(
        f"scheduling  {count:,} groups of six over ten zones, {len(requests):,} sessions in {taken:.1f} s"
        f" ({len(requests) / taken:,.0f}/s); {placed / len(requests):.1%} placed, {inside / len(requests):.1%} inside"
        f" everybody's hours; the same again: {same}"
    )
    print(
        f"            hardest hour {hard:.0f} minutes from mid-day, first common time {hard_first:.0f}: ratio"
        f" {hard / hard_first:.2f}; uneven by {spread(requests, slots, hours):.0f} minutes a session,"
        f" first common time {spread(requests, first, hours):.0f}"
    )


async def whole_run(db: Database, count: int) -> None:
    """The same number of circles as events: formed, planned, written and told."""
    requests, hours = groups_of_six(count)
    who = {request.series: request.people for request in requests}
    async with db.transaction() as conn:
        programme_id = await programme(conn)
        people = [envelope(person(one, week.zone), number) for number, (one, week) in enumerate(hours.items())]
        await project_people(conn, people)
    causes = []
    for number, members in enumerate(who.values()):
        parts = tuple(MatchMember(person_id=one, role="participant") for one in members)
        match = CircleFormed(
            match_id=uuid4(), version=1, kind="circle", programme_id=programme_id, round_id=None, skill_id=None,
            members=parts, reasons=(),
        )  # fmt: skip
        causes.append(envelope(match, number))
    began = time.perf_counter()
    for start in range(0, len(causes), 500):
        async with db.transaction() as conn:
            await form_groups(conn, causes[start : start + 500])
    taken = time.perf_counter() - began
    async with db.acquire() as conn:
        made = await conn.fetchval("SELECT count(*) FROM sessions WHERE programme_id = $1", programme_id)
    print(f"            as events, formed, planned, written and told: {made:,} sessions in {taken:.1f} s")


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="sign-ups; a tenth of it are groups")
    parser.add_argument("--rounds", type=int, default=7, help="of writes by turns")
    given = parser.parse_args()
    size = given.size
    scheduling(size // 10)
    with tempfile.TemporaryDirectory() as state:
        server = Postgres(Path(state), free_port())
        async with server:
            await server.create_service_databases(["sessions"])
            settings = load(
                SessionsSettings,
                "sessions",
                database_url=server.dsn("sessions", "sessions"),
                pool_size=AT_ONCE,
                acquire_timeout=600.0,
            )
            await migrate(settings)
            db = await Database.connect(settings)
            await whole_run(db, size // 10)
            await sign_ups(db, size)
            await writes(db, given.rounds, max(CROWD, size // 10))
            await db.close()
        server.remove()
    print(f"memory      {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    asyncio.run(main())
