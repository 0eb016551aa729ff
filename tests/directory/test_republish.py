"""Everything published again leaves every reader in the state it is in, and brings an empty one there."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import pytest

from services.directory.commands.erasures import erase_person
from services.directory.commands.republish import READ, WAITING, outbox_is_full, republish
from services.directory.commands.skills import import_skills
from services.directory.domain.taxonomy import Entry
from services.matching.consumers import HANDLERS as MATCHING
from services.metrics.consumers import HANDLERS as METRICS
from services.sessions.consumers import HANDLERS as SESSIONS
from shared.batch import runs
from shared.consumer import Handlers
from shared.db import Connection, Database
from shared.envelope import Raw, decode
from shared.settings import Settings, load
from tests.conftest import NewDatabase
from tests.directory.hr import NOW, person_id, tell, unit, worker

READERS: Mapping[str, tuple[Handlers, tuple[str, ...]]] = {
    "matching": (MATCHING, ("people", "skills", "erased_people")),
    "sessions": (SESSIONS, ("people", "contacts", "skills", "erased_people")),
    "metrics": (METRICS, ("membership", "units", "skills", "erased_people")),
}
COUNTED = ["erased_at", "erased_on", "rows", "touched"]
"""When somebody was forgotten and how much that was: a reader that never knew them had nothing to forget."""


class Readers:
    """The three other services' databases, and how far they have read."""

    def __init__(self, made: Mapping[str, Database]) -> None:
        self.made, self.read = made, 0

    async def listen(self, directory: Connection) -> int:
        """Hand on what the directory has published since; returns how much that was."""
        rows = await directory.fetch(
            "SELECT id, topic, key, header_names, header_values, value FROM outbox WHERE id > $1 ORDER BY id", self.read
        )
        for name, (handlers, _) in READERS.items():
            classes = {cls.event_type: cls for cls in handlers}
            topics = {cls.topic.name for cls in handlers}
            raws = [
                Raw(row["topic"], 0, row["id"], row["key"].encode(), headers, row["value"])
                for row in rows
                if row["topic"] in topics
                for headers in [tuple(zip(row["header_names"], row["header_values"], strict=True))]
            ]
            envelopes = [envelope for raw in raws if (envelope := decode(raw, classes))]
            async with self.made[name].transaction() as conn:
                for cls, run in runs(envelopes):
                    await handlers[cls](conn, run)
        self.read = rows[-1]["id"] if rows else self.read
        return len(rows)

    async def state(self) -> dict[str, str]:
        """A hash of each reader's rows."""
        found = {}
        for name, (_, tables) in READERS.items():
            digest = hashlib.sha256()
            async with self.made[name].acquire() as conn:
                for table in tables:
                    rows = await conn.fetch(
                        f"SELECT (to_jsonb(t) - $1::text[])::text AS row FROM {table} AS t ORDER BY 1",
                        COUNTED,
                    )
                    digest.update(f"{table}: {[row['row'] for row in rows]}".encode())
            found[name] = digest.hexdigest()
        return found


async def readers(new_database: NewDatabase) -> Readers:
    return Readers(
        {name: await Database.connect(load(Settings, name, database_url=await new_database(name))) for name in READERS}
    )


@pytest.fixture
async def listening(new_database: NewDatabase) -> AsyncIterator[Readers]:
    made = await readers(new_database)
    yield made
    for db in made.made.values():
        await db.close()


@pytest.fixture
async def empty(new_database: NewDatabase) -> AsyncIterator[Readers]:
    made = await readers(new_database)
    yield made
    for db in made.made.values():
        await db.close()


async def say_everything_again(conn: Connection) -> dict[str, int]:
    said: dict[str, int] = {}
    for what in READ:
        after: str | None = None
        said[what] = 0
        while True:
            done, after = await republish(conn, what, after)
            if after is None:
                break
            said[what] += done
    return said


async def organization(conn: Connection) -> None:
    """Units, people with a past, somebody who left, somebody who was erased."""
    entries = [Entry(skill_id="s:1", label="One"), Entry(skill_id="s:2", label="Two", broader=("s:1",))]
    await import_skills(conn, entries, "en")
    await tell(conn, unit("ROOT"), unit("U", "ROOT"), unit("V", "ROOT"))
    await tell(conn, worker("M"), *(worker(f"E{number}", "M") for number in range(30)))
    await tell(conn, worker("E1", "M", seq=2, on="2024-01-01", unit_code="V"))
    await tell(conn, worker("E1", "M", seq=3, on="2023-01-01", site_code="PAR"), worker("E2", seq=2, status="left"))
    await erase_person(conn, UUID(await person_id(conn, "E3")), NOW)


async def test_who_has_heard_everything_changes_nothing(conn: Connection, listening: Readers) -> None:
    await organization(conn)
    await listening.listen(conn)
    before = await listening.state()
    said = await say_everything_again(conn)
    assert said == {"skills": 2, "units": 3, "people": 30, "contacts": 30, "erased": 2}
    assert await listening.listen(conn) == sum(said.values())
    assert await listening.state() == before


async def test_who_has_heard_nothing_ends_where_the_others_are(
    conn: Connection, listening: Readers, empty: Readers
) -> None:
    await organization(conn)
    empty.read = await listening.listen(conn) and listening.read
    await say_everything_again(conn)
    await listening.listen(conn)
    await empty.listen(conn)
    there, here = await listening.state(), await empty.state()
    assert (here["matching"], here["sessions"]) == (there["matching"], there["sessions"])
    known = [row["person_id"] for row in await conn.fetch("SELECT person_id FROM people")]
    spans = "SELECT * FROM membership_spans WHERE person_id = ANY ($1::uuid[]) ORDER BY person_id, valid_from"
    async with listening.made["metrics"].acquire() as one, empty.made["metrics"].acquire() as other:
        assert len(await one.fetch(spans, known)) == 32
        assert await one.fetch(spans, known) == await other.fetch(spans, known)


async def test_what_is_said_again_has_the_version_it_had(conn: Connection) -> None:
    await organization(conn)
    rows = "SELECT DISTINCT ON (key) value FROM outbox WHERE topic = 'directory.people' AND value IS NOT NULL"
    last = await conn.fetch(f"{rows} ORDER BY key, id DESC")
    await conn.execute("DELETE FROM outbox")
    await say_everything_again(conn)
    again = await conn.fetch(f"{rows} ORDER BY key, id DESC")
    assert len(again) == 30

    def without_reasons(value: bytes) -> bytes:
        return value.split(b'"reasons":')[0] + value.split(b"],", 1)[1]

    known = {without_reasons(row["value"]) for row in last}
    assert {without_reasons(row["value"]) for row in again} <= known


async def test_it_goes_a_thousand_at_a_time_and_waits_while_the_relay_has_enough_to_do(conn: Connection) -> None:
    await tell(conn, *(unit(f"U{number:04d}") for number in range(1200)))
    assert await republish(conn, "units", None) == (1000, "U0999")
    assert await republish(conn, "units", "U0999") == (200, "U1199")
    assert await republish(conn, "units", "U1199") == (0, None)
    assert not await outbox_is_full(conn)
    more = "INSERT INTO outbox (topic, key, header_names, header_values) SELECT 'directory.units', 'U', '{}', '{}'"
    await conn.execute(f"{more} FROM generate_series(1, {WAITING} - 2400)")
    assert await outbox_is_full(conn)
    await conn.execute("UPDATE outbox SET published_at = now() WHERE id = (SELECT min(id) FROM outbox)")
    assert not await outbox_is_full(conn)
