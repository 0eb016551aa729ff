"""What a learning record store is told: held back until k people's wait together, then taken there, voided if wrong."""

import random
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.metrics import store
from services.metrics.confidentiality.batches import ripe
from services.metrics.domain import xapi
from services.metrics.domain.latest import newest
from shared import outbox, sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.sessions import ParticipationChanged

SQL = sql.load("services.metrics", "statements")
AT_ONCE = 500
MOST_ATTEMPTS = 16
LONGEST_WAIT = timedelta(hours=6)
REFUSED = frozenset({400, 409, 413})
"""One statement makes a store refuse all that came with it: each goes alone then."""
CONFLICT = 409


async def set_store(conn: Connection, url: str | None) -> int:
    """A timer's turn: note whether there is a store, for those who read events and know no settings."""
    status = await (conn.execute(SQL.set_store, url) if url else conn.execute(SQL.unset_store))
    return int(status.rsplit(" ", 1)[-1])


async def tell_participations(conn: Connection, batch: Sequence[Envelope[ParticipationChanged]]) -> None:
    """Write what a store shall hear of these parts, after their facts; a rebuild tells nobody."""
    if outbox.is_muted() or not await conn.fetchval(SQL.wanted):
        return
    named = {_version(envelope.data): envelope.id for envelope in batch}
    parts = newest((envelope.data for envelope in batch), lambda part: (part.session_id, part.person_id))
    months = [store.first_of_month(part.session_starts_at.astimezone(UTC).date()) for part in parts]
    keys = [(part.session_id, part.person_id) for part in parts]
    current = await conn.fetch(SQL.current, *_columns(keys), months, [part.version for part in parts])
    known = {(row["session_id"], row["person_id"]) for row in current}
    if told := [part for part in parts if (part.session_id, part.person_id) in known]:
        await _replace(conn, told, named)


def _columns(keys: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]


def _version(part: ParticipationChanged) -> tuple[UUID, UUID, int]:
    return part.session_id, part.person_id, part.version


async def _replace(conn: Connection, parts: Sequence[ParticipationChanged], named: Mapping[Any, str]) -> None:
    """What is told from now on in place of what was."""
    wanted = {
        (part.session_id, part.person_id, verb): _row(part, verb, named[_version(part)])
        for part in parts
        for verb in xapi.verbs(part)
    }
    wrong: list[Record] = []
    for old in await conn.fetch(SQL.told, *_columns([(part.session_id, part.person_id) for part in parts])):
        key = (old["session_id"], old["person_id"], old["verb"])
        same = wanted.get(key)
        if same and (same["day"], same["minutes"]) == (old["day"], old["minutes"]):
            del wanted[key]
        elif same or old["verb"] not in xapi.STAYS:
            wrong.append(old)
    await _withdraw(conn, wrong)
    await conn.execute(SQL.add, list(wanted.values()))


def _row(part: ParticipationChanged, verb: str, event_id: str) -> dict[str, Any]:
    return {
        "session_id": part.session_id,
        "person_id": part.person_id,
        "programme_id": part.programme_id,
        "statement_id": xapi.statement_id(event_id, verb),
        "verb": verb,
        "day": part.session_starts_at.astimezone(UTC).date(),
        "minutes": part.minutes if verb in xapi.TIMED else None,
    }


async def withdraw_people(conn: Connection, people: Collection[UUID]) -> None:
    """Void what was told of people and forget what they were called."""
    await _withdraw(conn, await conn.fetch(SQL.told_of, people))
    await conn.execute(SQL.forget, people)


async def _withdraw(conn: Connection, wrong: Sequence[Record]) -> None:
    """What no store can have is dropped, everything else voided."""
    await conn.execute(SQL.drop_unsent, [old["statement_id"] for old in wrong if not old["gone"]])
    if gone := [old["statement_id"] for old in wrong if old["gone"]]:
        await conn.execute(SQL.void, gone, [xapi.voiding_id(old) for old in gone])


async def claim(conn: Connection, k: int) -> list[list[Record]]:
    """What is due, in batches of a hundred at most; first lets go what k people's wait for."""
    waiting = {(row["programme_id"], row["month"]): row["people"] for row in await conn.fetch(SQL.waiting)}
    if batches := ripe(waiting, k):
        await conn.execute(SQL.let_go, *_columns(sorted(batches)))
    rows = await conn.fetch(SQL.claim, AT_ONCE)
    together = [row for row in rows if not row["alone"]]
    return [together[at : at + 100] for at in range(0, len(together), 100)] + [[row] for row in rows if row["alone"]]


async def settle(conn: Connection, outcomes: Sequence[tuple[Sequence[Record], Outcome]]) -> None:
    """Write down what came of each. A statement that is already there is where it shall be."""
    now = datetime.now(UTC)
    settled = [
        (row["statement_id"], *_settled(row, len(rows), outcome, now)) for rows, outcome in outcomes for row in rows
    ]
    await conn.execute(SQL.settle, *_columns(settled))


def _settled(row: Record, together: int, outcome: Outcome, now: datetime) -> tuple[str, str | None, datetime, bool]:
    """State, detail, when again, and whether alone then."""
    if outcome.result == "done" or (outcome.status == CONFLICT and together == 1):
        return "sent", None, now, row["alone"]
    if outcome.status in REFUSED and together > 1:
        return "due", outcome.detail, now, True
    if outcome.result == "never" or outcome.status in REFUSED or row["attempts"] >= MOST_ATTEMPTS:
        return "failed", outcome.detail, now, row["alone"]
    wait = timedelta(seconds=outcome.wait or 2.0 ** row["attempts"] * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    return "due", outcome.detail, now + min(wait, LONGEST_WAIT), row["alone"]
