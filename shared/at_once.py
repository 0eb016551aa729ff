"""A whole write as one statement: a change that guards itself, its event, the reply to repeat, the trail's line."""

from dataclasses import dataclass
from functools import cache
from itertools import count

from shared import audit, idempotency, outbox
from shared.db import Connection, UniqueViolation
from shared.events.base import Event

ENDING = "SELECT true FROM change"
LINE = (
    (
        "trail AS (INSERT INTO audit (actor, action, object, outcome, trace_id, request_id, fields, before, after)"
        " SELECT {0}, {1}, {2}, {3}, {4}, {5}, {6}, CASE WHEN {10} THEN audited_before({2}, {7}) ELSE {7} END, {8}"
        " FROM change RETURNING id)"
    ),
    "salt AS (INSERT INTO audit_salts (audit_id, salt, about) SELECT id, {9}, {11} FROM trail WHERE {9} IS NOT NULL)",
)
"""As `append_audit` writes it; numbers are those of the entry's fields."""
KEPT = (
    ("subject", "method", "route", "key", "fingerprint", "status", "body", "etag"),
    ("text", "text", "text", "text", "bytea", "smallint", "bytea", "text"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """What was decided on what was seen without a lock.

    `statement` names its change `change` and ends in ENDING. It takes its locks itself and changes one row; where what
    was seen is so no more it changes nothing and has no row.
    """

    statement: str
    args: tuple[object, ...]
    event: Event | None
    result: object
    """What is answered when it was made."""


async def make(
    conn: Connection, change: Change, claim: idempotency.Claim | None, reply: idempotency.Reply, line: audit.Entry
) -> bool:
    """Make it with all that goes with it, in a transaction of its own; False when nothing was: decide under a lock."""
    told = outbox.row(change.event) if change.event else ()
    kept = (*claim.scope, claim.fingerprint, reply.status, reply.body, reply.etag) if claim else ()
    text = _whole(change.statement, len(change.args), bool(told), bool(kept))
    try:
        return bool(await conn.fetchval(text, *change.args, *audit.values(line), *told, *kept))
    except UniqueViolation as error:
        if error.constraint_name == "idempotency_keys_pkey":
            return False  # the reply that was given first is repeated
        raise


@cache
def _whole(statement: str, arguments: int, is_told: bool, is_kept: bool) -> str:
    """All that goes with the change is of the row it has changed, and so nothing is where there is none."""
    own = statement.removesuffix(ENDING)
    if own == statement:
        message = f"a change made at once ends in {ENDING}: {statement}"
        raise ValueError(message)
    numbers = count(arguments + 1)
    line = [f"${next(numbers)}::{kind}" for kind in audit.KINDS]
    parts = [own.rstrip(), *(part.format(*line) for part in LINE)]
    if is_told:
        parts.append(f"told_event AS ({_taken('outbox', outbox.COLUMNS, outbox.KINDS, numbers)})")
    if is_kept:
        parts.append(f"kept_reply AS ({_taken('idempotency_keys', *KEPT, numbers)})")
    return ", ".join(parts) + f" {ENDING}"


def _taken(table: str, columns: tuple[str, ...], kinds: tuple[str, ...], numbers: "count[int]") -> str:
    given = ", ".join(f"${next(numbers)}::{kind}" for kind in kinds)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {given} FROM change"  # noqa: S608 - all of it is ours
