"""Dead letters are sealed with a key of whom they are about: an erasure destroys it, and every copy is unreadable."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import orjson
import pytest
from cryptography.fernet import Fernet

from shared import deadletters, outbox, subject_keys
from shared.db import Connection, Database
from shared.deadletters import NotReplayable
from shared.envelope import Raw
from shared.privacy.forgetting import forget
from shared.settings import Settings, WrongSettings, load
from shared.subject_keys import Unreadable, WrappingKeysMissing, subject

HEADERS = (("ce_type", b"org.lateral.hr.worker.upserted.v1"), ("ce_subject", b"QX-9"), ("ce_id", b"7"))


def record(key: bytes | None, value: bytes | None, offset: int, topic: str = "hr.workers") -> Raw:
    return Raw(topic, 0, offset, key, HEADERS, value)


def said(number: str, **others: str) -> bytes:
    return orjson.dumps({"employeeNumber": number, "familyName": "Zwqvkt", **others})


async def park(conn: Connection, raw: Raw, reason: deadletters.Reason = "refused") -> None:
    await deadletters.park(conn, "metrics", raw, reason, "why")


async def letter(conn: Connection, offset: int) -> Raw | str:
    row = await conn.fetchrow("SELECT * FROM dead_letters WHERE record_offset = $1", offset)
    assert row is not None
    try:
        return await deadletters.opened(conn, row)
    except NotReplayable:
        return "unreadable"


async def everything(conn: Connection) -> str:
    rows = [dict(row) for row in await conn.fetch("SELECT * FROM dead_letters")]
    rows += [dict(row) for row in await conn.fetch("SELECT * FROM outbox")]
    return repr(rows)


async def test_what_is_parked_opens_byte_for_byte_and_is_readable_nowhere(conn: Connection) -> None:
    raws = [record(b"QX-9", said("QX-9"), 1), record(None, b'broken "Zwqvkt"', 2), record(b"QX-9", None, 3)]
    for raw in raws:
        await park(conn, raw)
    assert [await letter(conn, raw.offset) for raw in raws] == raws
    kept = await everything(conn)
    assert "Zwqvkt" not in kept
    mirrored = await conn.fetch("SELECT key, header_values FROM outbox WHERE topic = 'metrics.dead-letters'")
    assert not [row for row in mirrored if "QX-9" in row["key"] or b"QX-9" in row["header_values"]]


async def test_what_a_rebuild_parks_is_kept_and_told_to_nobody(conn: Connection) -> None:
    with outbox.muted():
        await park(conn, record(b"QX-9", said("QX-9"), 1))
    assert await letter(conn, 1) == record(b"QX-9", said("QX-9"), 1)
    assert await conn.fetchval("SELECT count(*) FROM outbox") == 0


async def test_an_erasure_makes_every_copy_unreadable_a_restored_one_too(conn: Connection) -> None:
    await park(conn, record(b"QX-9", said("QX-9"), 1))
    await park(conn, record(b"QX-8", said("QX-8", managerEmployeeNumber="QX-9"), 2))
    backup = await conn.fetch("SELECT * FROM dead_letters")
    await forget(conn, ["QX-9"])
    assert await letter(conn, 2) == record(b"QX-8", said("QX-8", managerEmployeeNumber="QX-9"), 2)
    assert await conn.fetchval("SELECT value FROM dead_letters WHERE record_offset = 1") is None
    with pytest.raises(NotReplayable, match="has been erased"):
        await deadletters.opened(conn, backup[0])


@pytest.mark.parametrize(
    "raw",
    [
        record(None, b'broken "QX-9" Zwqvkt', 1),
        record(b"typo", said("QX-9"), 1),
        record(b"typo", orjson.dumps({"specversion": "1.0", "data": {"employeeNumber": "QX-9"}}), 1),
        record(b"QX-9", b"Zwqvkt", 1, topic="sessions.participation"),
    ],
    ids=("without a key", "under a wrong key", "structured", "of another topic"),
)
async def test_a_letter_that_only_its_bytes_say_is_theirs_goes_too(conn: Connection, raw: Raw) -> None:
    await park(conn, raw, "undecodable")
    await park(conn, record(None, b"somebody else", 5), "undecodable")
    await forget(conn, ["QX-9"])
    row = await conn.fetchrow("SELECT state, value, key, detail FROM dead_letters WHERE record_offset = 1")
    assert tuple(row or ()) == ("discarded", None, None, "erased")
    assert await letter(conn, 5) == record(None, b"somebody else", 5)


async def test_a_late_record_of_the_erased_leaves_no_bytes_but_a_tombstone_stays(conn: Connection) -> None:
    await forget(conn, ["QX-9"])
    await park(conn, record(b"QX-9", said("QX-9"), 1))
    await park(conn, record(b"QX-9", None, 2))
    await park(conn, record(None, b'broken "QX-9" Zwqvkt', 3), "undecodable")
    await park(conn, record(b"typo", said("QX-9"), 4), "undecodable")
    assert await conn.fetchval("SELECT count(*) FROM dead_letters WHERE detail = 'erased' AND value IS NULL") == 3
    row = await conn.fetchrow("SELECT state, key, header_names FROM dead_letters WHERE record_offset = 1")
    assert tuple(row or ()) == ("discarded", None, [])
    assert "Zwqvkt" not in await everything(conn)
    assert await letter(conn, 2) == record(b"QX-9", None, 2)


async def test_a_request_for_an_erasure_is_not_erased_with_the_person(conn: Connection) -> None:
    person = str(uuid4())
    asked = record(person.encode(), b'{"person_id": "x"}', 1, topic="privacy.erasures")
    await park(conn, asked)
    await forget(conn, [person])
    assert await letter(conn, 1) == asked


async def test_sealed_bytes_open_only_where_they_lay(conn: Connection) -> None:
    box = await subject_keys.box_to_seal(conn, subject("a"), "there")
    assert box is not None
    sealed = box.seal(b"text")
    assert (await subject_keys.box_to_open(conn, subject("a"), "there")).open(sealed) == b"text"
    with pytest.raises(Unreadable):
        (await subject_keys.box_to_open(conn, subject("a"), "elsewhere")).open(sealed)


async def test_an_erasure_waits_for_whoever_is_parking_and_clears_that_too(db: Database) -> None:
    async with db.acquire() as one, db.acquire() as other:
        transaction = one.transaction()
        await transaction.start()
        await park(one, record(b"QX-9", said("QX-9"), 1))

        async def erase() -> None:
            async with other.transaction():
                await forget(other, ["QX-9"])

        erasing = asyncio.create_task(erase())
        pid = other.get_server_pid()
        waits = "SELECT pg_blocking_pids($1) <> '{}'"
        while not await one.fetchval(waits, pid):  # noqa: ASYNC110 - a condition in the database
            await asyncio.sleep(0)
        await transaction.commit()
        await erasing
        assert await one.fetchval("SELECT value FROM dead_letters") is None


@pytest.fixture
def wrapping(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    keys = [Fernet.generate_key().decode(), Fernet.generate_key().decode()]
    use(monkeypatch, keys[0])
    yield keys
    subject_keys.wrapping.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv("LATERAL_WRAPPING_KEYS", orjson.dumps(keys).decode())
    subject_keys.wrapping.cache_clear()


async def test_wrapped_keys_open_only_under_the_wrapping_key_and_can_change_it(
    conn: Connection, wrapping: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = record(b"QX-9", said("QX-9"), 1)
    await park(conn, raw)
    assert await letter(conn, 1) == raw
    use(monkeypatch, wrapping[1])
    assert await letter(conn, 1) == "unreadable"
    with pytest.raises(WrappingKeysMissing):
        await subject_keys.check_wrapping_keys(conn)
    use(monkeypatch, wrapping[1], wrapping[0])
    await subject_keys.check_wrapping_keys(conn)
    assert (await subject_keys.rewrap(conn), await subject_keys.rewrap(conn)) == (1, 0)
    use(monkeypatch, wrapping[1])
    await subject_keys.check_wrapping_keys(conn)
    assert await letter(conn, 1) == raw


def test_a_wrapping_key_that_is_none_is_told_at_the_start_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATERAL_WRAPPING_KEYS", '["secret-but-short"]')
    with pytest.raises(WrongSettings, match=r"WRAPPING_KEYS: .*Fernet") as told:
        load(Settings, "metrics", database_url="postgresql://unused")
    assert "secret-but-short" not in str(told.value)
