import asyncio
import json
from dataclasses import replace
from datetime import UTC
from hashlib import sha256

import pytest

from shared.audit import Entry, append, seal, verdict, verify
from shared.db import Connection, Database

ENTRY = Entry("u-1", "create_thing", "/v1/things", 201, None, "r-1")


async def write(db: Database, count: int) -> None:
    for _ in range(count):
        async with db.transaction() as conn:
            await append(conn, replace(ENTRY, fields=("name",), before='"v1"', after='"v2"'))


async def sealed(db: Database) -> int:
    async with db.transaction() as conn:
        return await seal(conn)


async def broken_at(db: Database) -> int | None:
    async with db.acquire() as conn:
        return await verify(conn)


async def tamper(db: Database, statement: str) -> None:
    """Change what the triggers protect, as somebody who owns the database could."""
    async with db.transaction() as conn:
        for table in ("audit", "audit_chain"):
            await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await conn.execute(statement)
        for table in ("audit", "audit_chain"):
            await conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
async def five(db: Database) -> Database:
    await write(db, 5)
    assert await sealed(db) == 5
    return db


async def test_an_untouched_trail_holds_and_grows(five: Database) -> None:
    assert await sealed(five) == 0
    await write(five, 2)
    assert await sealed(five) == 2
    assert await broken_at(five) is None


async def test_an_empty_trail_holds(db: Database) -> None:
    assert await sealed(db) == 0
    assert await broken_at(db) is None


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'u-2'",
        "action = 'delete_thing'",
        "object = '/v1/other'",
        "outcome = 204",
        "trace_id = 'x'",
        "request_id = 'r-2'",
        "at = at + interval '1 microsecond'",
        "xid = '3'",
        "fields = '{other}'",
        "before = NULL",
        "after = '\"v9\"'",
    ],
)
async def test_a_changed_row_shows(change: str, five: Database) -> None:
    await tamper(five, f"UPDATE audit SET {change} WHERE id = 3")
    assert await broken_at(five) == 3


async def test_a_removed_row_shows(five: Database) -> None:
    await tamper(five, "DELETE FROM audit WHERE id = 2")
    assert await broken_at(five) == 2


async def test_a_row_removed_with_its_seal_shows(five: Database) -> None:
    await tamper(five, "DELETE FROM audit WHERE id = 4")
    await tamper(five, "DELETE FROM audit_chain WHERE audit_id = 4")
    assert await broken_at(five) == 4


async def test_a_row_put_in_between_shows_and_is_never_sealed(five: Database) -> None:
    await tamper(
        five,
        "INSERT INTO audit (xid, actor, action, object, outcome, request_id)"
        " SELECT xid, 'u-9', action, object, outcome, request_id FROM audit WHERE id = 3",
    )
    assert await sealed(five) == 0
    assert await broken_at(five) == 4


async def test_a_changed_seal_shows(five: Database) -> None:
    await tamper(five, "UPDATE audit_chain SET hash = sha256('x') WHERE seq = 5")
    assert await broken_at(five) == 5


async def test_two_rows_in_exchanged_places_show(five: Database) -> None:
    await tamper(
        five,
        "UPDATE audit_chain AS c SET hash = o.hash, xid = o.xid, audit_id = -o.audit_id FROM audit_chain AS o"
        " WHERE c.seq + o.seq = 5 AND c.seq IN (2, 3)",
    )
    await tamper(five, "UPDATE audit_chain SET audit_id = -audit_id WHERE audit_id < 0")
    assert await broken_at(five) == 2


@pytest.mark.parametrize("statement", ["UPDATE audit SET outcome = 1", "DELETE FROM audit", "TRUNCATE audit CASCADE"])
async def test_the_trail_only_grows(statement: str, five: Database) -> None:
    async with five.acquire() as conn:
        with pytest.raises(Exception, match="append-only"):
            await conn.execute(statement)


async def test_a_row_of_a_slow_transaction_is_neither_lost_nor_waited_for(db: Database) -> None:
    async with db.transaction() as slow:
        await append(slow, ENTRY)
        await write(db, 3)
        assert await sealed(db) == 0
    assert await sealed(db) == 4
    assert await broken_at(db) is None


async def test_writers_and_the_sealer_do_not_disturb_each_other(db: Database) -> None:
    async def write_and_seal(number: int) -> int:
        await write(db, 20)
        return await sealed(db) if number == 0 else 0

    await asyncio.gather(*(write_and_seal(number) for number in range(5)))
    await sealed(db)
    assert await broken_at(db) is None
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM audit_chain") == 100


async def test_the_order_of_transactions_is_that_of_numbers_and_not_of_their_text(db: Database) -> None:
    async with db.acquire() as conn:
        for xid in ("9", "10", "11"):
            await conn.execute(
                "INSERT INTO audit (xid, actor, action, object, outcome, request_id)"
                " VALUES ($1::text::xid8, 'a', 'b', 'c', 200, 'r')",
                xid,
            )
        assert await seal(conn) == 3
        assert await seal(conn) == 0
    assert await broken_at(db) is None


async def test_an_abandoned_transaction_leaves_no_line(conn: Connection) -> None:
    transaction = conn.transaction()
    await transaction.start()
    await append(conn, ENTRY)
    await transaction.rollback()
    assert await conn.fetchval("SELECT count(*) FROM audit") == 0


async def test_a_stretch_of_the_trail_is_checked_by_itself(five: Database) -> None:
    await tamper(five, "UPDATE audit SET object = '/v1/other' WHERE id = 4")
    async with five.acquire() as conn:
        assert await verdict(conn, 0, 3) == (0, 3, 5, None, None)
        assert await verdict(conn, 3, 3) == (3, 4, 5, 4, 4)
        assert await verdict(conn, 4, 3) == (4, 5, 5, None, None)
        assert await verdict(conn, 9, 3) == (9, 9, 5, None, None)


async def test_lines_from_before_they_could_say_what_changed_hold(db: Database) -> None:
    """The hash of such a line is what it was then: the worked example is over its seven fields and the moment."""
    async with db.transaction() as conn:
        await append(conn, ENTRY)
    await sealed(db)
    async with db.acquire() as conn:
        row = await conn.fetchrow("SELECT *, xid::text AS xid_text FROM audit")
        assert row
        said = {name: row[name] for name in ("id", "actor", "action", "object", "outcome", "trace_id", "request_id")}
        at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
        line = json.dumps({**said, "xid": row["xid_text"], "at": at}, sort_keys=True, separators=(",", ":"))
        assert await conn.fetchval("SELECT hash FROM audit_chain") == sha256(bytes(32) + line.encode()).digest()
