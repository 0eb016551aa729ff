"""Tables of large months: counted ahead of their readers, who never wait for facts to be counted."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.metrics.commands.publish import publish_tables
from services.metrics.confidentiality.sets import view_order
from services.metrics.domain.measures import COUNTED
from services.metrics.queries import published
from services.metrics.queries.kept import Kept
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import WAITING, Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection, Database
from shared.events.base import Event
from shared.events.sessions import ParticipationChanged
from tests.metrics.world import deliver, feedback, held, part, people, person, programme, unit

RESTED = "UPDATE wanted_tables SET looked_at = '-infinity'"
TABLES = [(name, by) for name in ("attendance_rate", "reach", "response_rate", "evenness") for by in ("none", "unit")]


async def tell(db: Database, events: Iterable[Event]) -> None:
    async with db.transaction() as conn:
        await deliver(conn, list(events))


async def read(conn: Connection, name: str, by: str = "none") -> list[Cell]:
    scope = Scope(Window.covering(None, None), by)  # type: ignore[arg-type]
    return (await get_measure(conn, Release(conn, 5), COUNTED[name], scope)).cells


async def publish(db: Database) -> int:
    async with db.acquire() as conn:
        await conn.execute(RESTED)
        return await publish_tables(conn, 5)


def today() -> datetime:
    """A time of this month that no time zone moves out of it."""
    return datetime.combine(Window.covering(None, None).last_day.replace(day=10), time(9), UTC)


def came(session: UUID, one: UUID) -> ParticipationChanged:
    return part(session, one, session_starts_at=today())


@pytest.fixture
async def crowd(db: Database) -> list[UUID]:
    """Twenty people of one division, thirty of another, who came once this month."""
    sales, legal, session = people(20), people(30), uuid4()
    month: dict[str, Any] = {"starts_on": today().date(), "ends_on": today().date()}
    await tell(db, [unit("org", "Org"), unit("sales", "Sales", "org"), unit("legal", "Legal", "org")])
    await tell(db, [programme(**month), *(person(one) for one in sales), *(person(one, "legal") for one in legal)])
    await tell(
        db, [held(session, starts_at=today(), ends_at=today()), *(came(session, one) for one in (*sales, *legal))]
    )
    await tell(db, [feedback(5, 4, 3, 4, 5, month=today().date())])
    return [*sales, *legal]


async def test_a_reader_never_waits_for_facts(db: Database, crowd: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    async with db.acquire() as conn:
        counted = {table: await read(conn, *table) for table in TABLES}
    monkeypatch.setattr(published, "LARGE", 0)
    await publish(db)
    async with db.acquire() as conn:
        await conn.execute("TRUNCATE editions, releases")
    async with db.transaction() as other, db.acquire() as conn:
        await other.execute("LOCK TABLE participations, sessions, spans, matches IN ACCESS EXCLUSIVE MODE")
        for table in TABLES:
            (cell,) = await read(conn, *table)
            assert (cell.value, cell.suppressed, cell.reason) == (None, False, WAITING)
    assert await publish(db) >= len(TABLES)
    async with db.transaction() as other, db.acquire() as conn:
        await other.execute("LOCK TABLE participations, sessions, spans, matches IN ACCESS EXCLUSIVE MODE")
        for table in TABLES:
            now = await read(conn, *table)
            assert [replace(cell, as_of=today()) for cell in now] == [
                replace(cell, as_of=today()) for cell in counted[table]
            ]
        assert any(cell.value for cell in await read(conn, "attendance_rate", "unit"))


async def test_a_number_follows_its_facts_by_turns(
    db: Database, crowd: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "LARGE", 0)
    async with db.acquire() as conn:
        await read(conn, "learning_hours")
        await publish(db)
        before = await read(conn, "learning_hours")
        assert before[0].value == len(crowd)
        for more, hours in ((4, 50), (6, 60)):  # four people alone would be made out
            await tell(db, [came(uuid4(), one) for one in crowd[more - 4 : 2 * more - 4]])
            assert await read(conn, "learning_hours") == before
            await publish(db)
            before = await read(conn, "learning_hours")
            assert before[0].value == hours


async def test_a_table_rests_after_its_turn_and_is_forgotten_after_a_week(
    db: Database, crowd: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.acquire() as conn:
        await read(conn, "learning_hours")
        assert await publish_tables(conn, 5) == 0  # nobody waits for a small month
        monkeypatch.setattr(published, "LARGE", 0)
        await read(conn, "learning_hours")
        assert await publish_tables(conn, 5) > 0
        assert await publish_tables(conn, 5) == 0
        await conn.execute("UPDATE wanted_tables SET asked_at = now() - interval '8 days', looked_at = '-infinity'")
        monkeypatch.setattr(published, "LARGE", 1_000_000)
        assert await publish_tables(conn, 5) == 0
        assert await conn.fetchval("SELECT count(*) FROM wanted_tables") == 0


CLASSES = sql.load("services.metrics", "releases").classes


async def views_of(conn: Connection) -> tuple[str, ...]:
    """All that was ever shown of, in order of time, as classes are asked for."""
    rows = await conn.fetch("SELECT DISTINCT seen FROM released_sets WHERE people = 'facts'")
    return tuple(sorted((row["seen"] for row in rows), key=view_order))


async def test_classes_that_are_kept_are_those_that_would_be_made_anew(db: Database, crowd: list[UUID]) -> None:
    """Whatever is written in between: what nobody wrote in is kept, with the ages its facts had."""
    window, kept, other, session = Window.covering(None, None), Kept(), Kept(), uuid4()
    earlier = today() - timedelta(days=31)
    steps: list[list[Event]] = [
        [],
        [came(session, one) for one in crowd[:20]],
        [],
        [part(session, one, version=2, session_starts_at=earlier) for one in crowd[:10]],
        [part(session, one, version=3, session_starts_at=earlier, state="excused") for one in crowd[3:9]],
        [person(one, "legal", version=2) for one in crowd[:5]],
        [],
    ]
    ages = set()
    for step in steps:
        await tell(db, step)
        async with db.acquire() as conn:
            await read(conn, "attendance_rate")
            await read(conn, "attendance_rate", "unit")
        async with db.transaction() as conn:
            views = await views_of(conn)
            seen = await conn.fetchval("SELECT pg_current_snapshot()::text")
            for keeper, among in ((kept, views), (other, views[:1]), (other, views[1:]), (other, views)):
                anew = await conn.fetch(CLASSES, window.start, window.end, 2, among)
                found = await keeper.classes(conn, window.start, window.end, 2, among, seen)
                assert sorted(map(repr, found)) == sorted(map(repr, anew))
                ages |= {tuple(row["ages"]) for row in anew}
    assert len(ages) > 2


async def test_tables_of_one_scope_are_counted_one_after_another(db: Database, crowd: list[UUID]) -> None:
    """They rest on the same counts, of which the next turn knows nothing; whichever waited longest comes first."""
    asked = [("participation_rate", "unit"), ("reach", "none"), ("sessions_held", "unit"), ("frequency", "none")]
    window, done = Window.covering(None, None), []
    async with db.acquire() as conn:
        await published.want(conn, [(COUNTED[name], Scope(window, by)) for name, by in asked])  # type: ignore[arg-type]
        for age, (name, by) in enumerate(asked):
            await conn.execute(
                "UPDATE wanted_tables SET looked_at = now() - make_interval(days => $3) WHERE measure = $1 AND by = $2",
                name, by, 10 - age,
            )  # fmt: skip
        await publish_tables(conn, 5)
        rows = await conn.fetch("SELECT measure FROM wanted_tables ORDER BY looked_at")
        done = [row["measure"] for row in rows]
    assert done == ["participation_rate", "sessions_held", "reach", "frequency"]
