"""Tell other systems what happens: an event becomes one delivery a webhook that wants it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from services.sessions.domain import webhooks as domain
from services.sessions.domain.webhooks import UnknownWebhook
from shared import outbox, sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.envelope import Envelope
from shared.events.base import Event
from shared.refusal import match_version

SQL = sql.load("services.sessions", "webhooks")
GONE = 410


async def fan_out(conn: Connection, causes: Sequence[Envelope[Any]]) -> None:
    """Queue what active webhooks want of these events; heard again, or by a rebuild, nothing is queued twice."""
    hooks = [] if outbox.is_muted() else await conn.fetch(SQL.active)
    if not hooks:
        return
    programmes = list({cause.data.programme_id for cause in causes if cause.data.programme_id})
    levels = {
        row["programme_id"]: row["confidentiality"] for row in await conn.fetch(SQL.confidentialities, programmes)
    }
    rows = [
        (hook["webhook_id"], cause.id, cause.type, cause.time, body)
        for cause in causes
        for body in [_body(cause, _level(cause.data.programme_id, levels))]
        for hook in hooks
        if not hook["types"] or cause.type in hook["types"]
    ]
    if rows:
        await conn.execute(SQL.queue, *map(list, zip(*rows, strict=True)))


def _level(programme_id: UUID | None, levels: Mapping[UUID, Any]) -> Any:
    """How confidential it is; what belongs to no programme is open, what belongs to an unknown one is closed."""
    return "open" if programme_id is None else levels.get(programme_id, "closed")


def _body(cause: Envelope[Event], confidentiality: Any) -> bytes:
    data = domain.thin(cause.data.model_dump(mode="json"), confidentiality)
    return orjson.dumps({"type": cause.type, "timestamp": cause.time, "data": data})


async def create_webhook(conn: Connection, url: str, types: Sequence[str]) -> tuple[Record, str]:
    """A webhook and its secret, which is shown this once."""
    secret = domain.new_secret()
    row = await conn.fetchrow(SQL.insert, uuid7(), url, sorted(set(types)), secret)
    assert row is not None
    return row, domain.shown(secret)


async def change_webhook(
    conn: Connection, webhook_id: UUID, expected: int | None, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Another address, other types, on or off. Raises UnknownWebhook, PreconditionFailed."""
    row = await _lock(conn, webhook_id)
    match_version(row["version"], expected)
    values = {**dict(row), **changes}
    changed = await conn.fetchrow(SQL.change, webhook_id, values["url"], sorted(set(values["types"])), values["state"])
    return dict(changed) if changed else {}


async def rotate_secret(conn: Connection, webhook_id: UUID) -> tuple[int, str]:
    """A new secret; deliveries are signed by both for a day. Raises UnknownWebhook."""
    await _lock(conn, webhook_id)
    secret = domain.new_secret()
    return await conn.fetchval(SQL.rotate, webhook_id, secret), domain.shown(secret)


async def delete_webhook(conn: Connection, webhook_id: UUID) -> None:
    """It hears nothing more. Raises UnknownWebhook."""
    if not await conn.fetchval(SQL.delete, webhook_id):
        raise UnknownWebhook("There is no such webhook.")


async def replay(
    conn: Connection, webhook_id: UUID, since: datetime, event_ids: Sequence[str] | None, *, delivered: bool
) -> int:
    """Deliver again what was given up, and on wish what was delivered, under the same ids. Raises UnknownWebhook."""
    await _lock(conn, webhook_id)
    status = await conn.execute(SQL.replay, webhook_id, since, event_ids, delivered)
    return int(status.rsplit(" ", 1)[-1])


async def claim(conn: Connection) -> list[Record]:
    """What is due, a few of each webhook."""
    return await conn.fetch(SQL.claim)


async def settle(conn: Connection, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
    """Write down what came of each; whoever says 410, or is silent through all attempts, is not called any more."""
    now = datetime.now(UTC)
    rows, silent = [], []
    for delivery, outcome in outcomes:
        again = domain.next_attempt(delivery["attempts"], outcome.wait, now) if outcome.result == "later" else None
        state = "delivered" if outcome.result == "done" else "queued" if again else "failed"
        key = (delivery["webhook_id"], delivery["event_id"])
        rows.append((*key, state, outcome.status, outcome.detail or None, again))
        if state == "failed":
            silent.append((*key, "gone" if outcome.status == GONE else f"no answer: {outcome.detail}"))
    await conn.execute(SQL.settle, *map(list, zip(*rows, strict=True)))
    if silent:
        await conn.execute(SQL.disable, *map(list, zip(*silent, strict=True)))


async def prune(conn: Connection) -> int:
    """Deliveries that ended a month ago cannot be replayed any more."""
    return int((await conn.execute(SQL.prune)).rsplit(" ", 1)[-1])


async def _lock(conn: Connection, webhook_id: UUID) -> Record:
    row = await conn.fetchrow(SQL.lock, webhook_id)
    if row is None:
        raise UnknownWebhook("There is no such webhook.")
    return row
