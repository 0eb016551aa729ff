"""What every service owes people: retention that passes holds by, and nothing left in delivery's own tables."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from shared import outbox
from shared.db import Connection
from shared.events.directory import ContactChanged
from shared.events.privacy import LegalHoldChanged
from shared.privacy import holds, retention
from shared.privacy.catalogue import RETENTION_DAYS, Catalogue, Table, older, own
from shared.privacy.forgetting import forget

NOW = datetime.now(UTC)
VISITS = Table("visits", "Who came when.", "participation", about=own("person_id"), aged=older("at"))
CATALOGUE = Catalogue("metrics", (VISITS,))
DAYS = retention.policy({"participation": 30})


async def visits(conn: Connection, *people: UUID, days: int) -> None:
    await conn.execute("CREATE TEMP TABLE IF NOT EXISTS visits (person_id uuid, at timestamptz) ON COMMIT DROP")
    for person in people:
        await conn.execute("INSERT INTO visits VALUES ($1, $2)", person, NOW - timedelta(days=days))


async def test_what_is_older_than_its_class_allows_goes(conn: Connection) -> None:
    old, young = uuid4(), uuid4()
    await visits(conn, old, old, days=31)
    await visits(conn, young, days=29)
    assert await retention.apply(conn, CATALOGUE, {}, DAYS) == 2
    assert [row[0] for row in await conn.fetch("SELECT person_id FROM visits")] == [young]
    purge = await conn.fetchrow("SELECT table_name, data_class, rows FROM purges")
    assert tuple(purge or ()) == ("visits", "participation", 2)
    assert await retention.apply(conn, CATALOGUE, {}, DAYS) == 0


async def test_a_hold_keeps_old_rows_until_it_is_lifted(conn: Connection) -> None:
    held, other = uuid4(), uuid4()
    await visits(conn, held, other, days=400)
    await holds.project(conn, [LegalHoldChanged(person_id=held, version=1, held=True)])
    await retention.apply(conn, CATALOGUE, {}, DAYS)
    assert [row[0] for row in await conn.fetch("SELECT person_id FROM visits")] == [held]
    await holds.project(
        conn,
        [
            LegalHoldChanged(person_id=held, version=3, held=False),
            LegalHoldChanged(person_id=held, version=2, held=True),
        ],
    )
    assert await holds.under_hold(conn, [held, other]) == set()
    assert await retention.apply(conn, CATALOGUE, {}, DAYS) == 1


async def test_a_class_without_days_is_kept(conn: Connection) -> None:
    await visits(conn, uuid4(), days=9999)
    assert await retention.apply(conn, CATALOGUE, {}, {**RETENTION_DAYS, "participation": None}) == 0


async def test_another_purge_of_a_class_is_called_with_its_moment(conn: Connection) -> None:
    moments = []

    async def purge(_: Connection, before: datetime) -> int:
        moments.append(before)
        return 3

    assert await retention.apply(conn, Catalogue("metrics", ()), {"identity": purge}, RETENTION_DAYS) == 3
    assert timedelta(days=394) < NOW - moments[0] < timedelta(days=396)
    assert await conn.fetchval("SELECT rows FROM purges WHERE table_name = 'identity'") == 3


async def park(conn: Connection, key: str | None, value: bytes, offset: int) -> None:
    await conn.execute(
        "INSERT INTO dead_letters (consumer, topic, partition, record_offset, key, header_names, header_values,"
        " key_bytes, value, reason, detail) VALUES ('metrics', 'hr.workers', 0, $1, $2, '{a}', '{\\x00}', $3, $4,"
        " 'refused', 'why')",
        offset,
        key,
        key and key.encode(),
        value,
    )


async def test_dead_letters_events_and_replies_forget_a_name(conn: Connection) -> None:
    person = uuid4()
    await park(conn, "E1", b'{"family_name": "Lovelace"}', 1)
    await park(conn, None, b'broken "E1" Lovelace', 2)
    await park(conn, "E2", b'{"manager": "E1"}', 3)
    contact = ContactChanged(person_id=person, version=1, display_name="Ada", email="ada@corp.local", locale="en")
    await outbox.append(conn, contact)
    for key, body in (("k1", f'{{"person_id":"{person}","display_name":"Ada"}}'), ("k2", '{"other":true}')):
        await conn.execute(
            "INSERT INTO idempotency_keys VALUES ('s', 'POST', '/x', $1, '\\x00', 200, $2)", key, body.encode()
        )
    await forget(conn, ["E1", str(person)])

    letters = await conn.fetch("SELECT key, value, state FROM dead_letters ORDER BY record_offset")
    assert [tuple(row) for row in letters] == [
        (None, None, "discarded"),
        (None, None, "discarded"),
        ("E2", b'{"manager": "E1"}', "open"),
    ]
    assert await conn.fetchval("SELECT value FROM outbox") is None
    replies = await conn.fetch("SELECT key, status, body FROM idempotency_keys ORDER BY key")
    assert [tuple(row) for row in replies] == [("k1", 410, None), ("k2", 200, b'{"other":true}')]
