"""Feeds in the database: how far a file is, what was refused, whom a snapshot has named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.directory.domain.adapters import AdapterName, Parsed
from services.directory.domain.lines import Encoding, Form
from services.directory.domain.manifest import Disagreement
from shared import sql
from shared.db import Connection, Record
from shared.events.hr import WorkerUpserted

SQL = sql.load("services.directory", "feeds")
State = Literal["open", "read", "confirmed", "done"]
ABOUT_THE_RECORD = {"effective_at", "sequence_number"}


@dataclass(frozen=True, slots=True)
class Feed:
    """One file and how far it is."""

    feed_id: UUID
    source: str
    adapter: AdapterName
    form: Form
    encoding: Encoding
    snapshot: bool
    defaults: dict[str, Any]
    said_at: datetime
    state: State
    last_line: int
    taken: int
    unchanged: int
    refused: int
    unreadable: int
    missing: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    manifest: dict[str, Any] | None
    disagreements: list[Disagreement]

    @property
    def sequence(self) -> int:
        """Of records that bring none: a later file's word wins among equal dates."""
        return int(self.said_at.timestamp() * 1_000_000)


async def insert(
    conn: Connection,
    feed_id: UUID,
    source: str,
    adapter: str,
    form: str,
    encoding: str,
    snapshot: bool,
    defaults: dict[str, Any],
    said_at: datetime,
    by: str,
    manifest: dict[str, Any] | None,
) -> None:
    """Keep a new one."""
    about = (source, adapter, form, encoding, snapshot, defaults, said_at, by, manifest)
    await conn.execute(SQL.insert_feed, feed_id, *about)


async def lock(conn: Connection, feed_id: UUID) -> Feed | None:
    """One feed; nobody else goes on with it meanwhile."""
    return _feed(await conn.fetchrow(SQL.lock_feed, feed_id))


async def get(conn: Connection, feed_id: UUID) -> Feed | None:
    """One feed."""
    return _feed(await conn.fetchrow(SQL.get_feed, feed_id))


async def lock_confirmed(conn: Connection) -> Feed | None:
    """One whose missing workers are to be deactivated."""
    return _feed(await conn.fetchrow(SQL.lock_confirmed))


async def count(
    conn: Connection, job: Feed, last_line: int, taken: int, unchanged: int, refused: Sequence[Parsed]
) -> None:
    """Write down how far it is, with the lines that were refused; what such a line says, where it is tried again."""
    unreadable = sum(each.employee_number is None for each in refused)
    await conn.execute(SQL.count_lines, job.feed_id, last_line, taken, unchanged, len(refused), unreadable)
    rows = [
        (
            job.feed_id,
            each.line,
            each.employee_number,
            (each.refused or "")[:1000],
            each.record and each.record.model_dump(mode="json", by_alias=False, exclude_defaults=True),
        )
        for each in refused
    ]
    await conn.copy_records_to_table(
        "feed_refusals", records=rows, columns=("feed_id", "line", "employee_number", "reason", "record")
    )


async def to_try_again(conn: Connection, feed_id: UUID, limit: int) -> list[Parsed]:
    """Refused lines that may be taken now."""
    return [
        Parsed(row["line"], row["employee_number"], WorkerUpserted.model_validate(row["record"]))
        for row in await conn.fetch(SQL.lines_to_try_again, feed_id, limit)
    ]


async def close_refusals(conn: Connection, feed_id: UUID, taken: Sequence[int]) -> None:
    """These lines have been taken after all; the other refused ones are tried no more."""
    await conn.execute(SQL.close_refusals, feed_id, taken)


async def see(conn: Connection, feed_id: UUID, numbers: Sequence[str]) -> None:
    """A snapshot names these workers."""
    rows = [(feed_id, number) for number in numbers]
    await conn.copy_records_to_table("feed_seen", records=rows, columns=("feed_id", "employee_number"))


async def standing(conn: Connection, records: Sequence[WorkerUpserted]) -> dict[int, Any]:
    """What was said last of these workers for their days, by place in `records`."""
    numbers, days = zip(*((record.employee_number, record.effective_at) for record in records), strict=True)
    rows = await conn.fetch(SQL.standing_states, numbers, days)
    return {row["place"] - 1: row["state"] for row in rows}


async def newest_reconciled(conn: Connection, source: str) -> datetime | None:
    """The moment of the latest snapshot of a system that has shown who is missing; locks out others of it."""
    await conn.execute(SQL.lock_source, source)
    found: datetime | None = await conn.fetchval(SQL.newest_reconciled, source)
    return found


async def disagree(conn: Connection, feed_id: UUID, found: Sequence[Disagreement]) -> None:
    """The file is not what was announced: nobody it does not name is missing."""
    await conn.execute(SQL.disagree, feed_id, found)
    await conn.execute(SQL.forget_seen, feed_id, timeout=300)


async def find_missing(conn: Connection, job: Feed) -> int:
    """Who is here by the source's word and was not named; returns how many. Takes seconds at a million people."""
    await conn.execute(SQL.insert_missing, job.feed_id, job.source, timeout=300)
    await conn.execute(SQL.forget_seen, job.feed_id, timeout=300)
    return int(await conn.fetchval(SQL.count_missing, job.feed_id))


async def set_state(conn: Connection, feed_id: UUID, state: State) -> None:
    """Go on to a state."""
    await conn.execute(SQL.set_state, feed_id, state)


async def next_missing(conn: Connection, feed_id: UUID, limit: int) -> list[str]:
    """Some of the missing who are not dealt with yet."""
    return [row["employee_number"] for row in await conn.fetch(SQL.next_missing, feed_id, limit)]


async def close_missing(conn: Connection, feed_id: UUID, outcomes: dict[str, str]) -> None:
    """Write down what became of missing workers."""
    await conn.execute(SQL.close_missing, feed_id, list(outcomes), list(outcomes.values()))


async def delete_workers(conn: Connection, numbers: Sequence[str]) -> None:
    """Forget workers."""
    await conn.execute(SQL.delete_workers, numbers)


def _feed(row: Record | None) -> Feed | None:
    return Feed(**row) if row else None
