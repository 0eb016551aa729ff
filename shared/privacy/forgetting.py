"""Clears what delivery and HTTP still hold of erased people: dead letters, events on their way, saved replies, salts.

Their keys are destroyed: sealed copies elsewhere, on the dead-letter topic or in a backup, are unreadable for good.
"""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from shared import audit, deadletters, sql, subject_keys
from shared.db import Connection
from shared.events.topics import PRIVACY_ERASURES

SQL = sql.load("shared", "privacy")
LETTERS_AT_ONCE = 200


async def forget(conn: Connection, names: Sequence[str]) -> int:
    """Clear every record about one of these names (person ids, employee numbers, addresses) and return how many.

    Call it before the tombstones are appended. A record of somebody else that only mentions a name is left alone.
    """
    # First, so that it waits for whoever is parking a record of theirs, which is found then.
    await subject_keys.destroy(conn, [subject_keys.subject(name) for name in names])
    await audit.forget(conn, _ids(names))
    numbers, sealed_for = await _unclear_about(conn, frozenset(names))
    for row in await conn.fetch(SQL.letters_of, names, PRIVACY_ERASURES.name):
        numbers.append(row["id"])
        sealed_for += [row["sealed_for"]] if row["sealed_for"] else []
    await subject_keys.destroy(conn, sealed_for)
    quoted = [f'"{name}"'.encode() for name in names]
    done = [
        await conn.execute(SQL.forget_letters, numbers),
        await conn.execute(SQL.forget_parked_keys, names),
        await conn.execute(SQL.forget_events, names, sorted(deadletters.ERASABLE)),
        await conn.execute(SQL.forget_replies, quoted),
    ]
    return sum(int(status.split()[-1]) for status in done)


def _ids(names: Sequence[str]) -> list[UUID]:
    found: list[UUID] = []
    for name in names:
        with suppress(ValueError):
            found.append(UUID(name))
    return found


async def _unclear_about(conn: Connection, names: frozenset[str]) -> tuple[list[int], list[bytes]]:
    """Letters without a key, or that could not be decoded, whose bytes are about one of these; and their subjects."""
    numbers: list[int] = []
    subjects: list[bytes] = []
    after = 0
    while rows := await conn.fetch(SQL.unclear_letters, after, LETTERS_AT_ONCE):
        after = rows[-1]["id"]
        for row in rows:
            try:
                raw = await deadletters.opened(conn, row)
            except deadletters.NotReplayable:
                continue
            if deadletters.spoken_of(raw) & names:
                numbers.append(row["id"])
                # Under a key that is somebody else's it is only cleared: theirs opens more than this.
                subjects += [row["sealed_for"]] if row["key"] is None and row["sealed_for"] else []
    return numbers, subjects
