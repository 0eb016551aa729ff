"""Who did what to what, in the effect's own transaction; sealed afterwards into a chain that shows any change."""

import hashlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import astuple, dataclass
from datetime import UTC

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("shared", "edge")
GENESIS = bytes(32)
BATCH = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail: ids and names of operations only, nothing a person wrote."""

    actor: str
    action: str
    object: str
    outcome: int
    trace_id: str | None
    request_id: str


async def append(conn: Connection, entry: Entry) -> None:
    """Write the line inside the caller's transaction; it waits for nobody."""
    await conn.execute(SQL.append_audit, *astuple(entry))


async def seal(conn: Connection) -> int:
    """Chain the finished rows that are not chained yet and return how many: a timer's work, one sealer at a time."""
    head = await conn.fetchrow(SQL.chain_head)
    seq, audit_id, xid, digest = head or (0, 0, "0", GENESIS)
    rows = await conn.fetch(SQL.unsealed_audit, xid, audit_id, BATCH)
    links = []
    for position, row in enumerate(rows, start=seq + 1):
        digest = link_hash(digest, row)
        links.append((position, row["id"], row["xid"], digest))
    if links:
        await conn.execute(SQL.append_chain, *map(list, zip(*links, strict=True)))
        # Whoever can rewrite the whole chain cannot rewrite the log: this line is the anchor.
        log.info("audit sealed", extra={"fields": {"seq": links[-1][0], "hash": digest.hex()}})
    return len(links)


async def length(conn: Connection) -> int:
    """How many lines are sealed."""
    return int(await conn.fetchval(SQL.chain_length))


async def lines(conn: Connection) -> AsyncIterator[dict[str, object]]:
    """The sealed trail in order, a page at a time, each line with its hash."""
    seq = 0
    while rows := await conn.fetch(SQL.sealed_audit, seq, BATCH):
        for row in rows:
            yield {**row, "hash": row["hash"].hex()}
        seq = rows[-1]["seq"]


async def verify(conn: Connection) -> int | None:
    """The first position of the chain that does not hold: a row was changed, removed or put in. None when all hold."""
    stranger = await conn.fetchval(SQL.first_seq_after_stranger)
    seq, digest = 0, GENESIS
    while links := await conn.fetch(SQL.sealed_audit, seq, BATCH):
        for link in links:
            seq += 1
            digest = link_hash(digest, link)
            if seq == stranger or link["seq"] != seq or link["id"] is None or link["hash"] != digest:
                return seq
    return None


def link_hash(previous: bytes, row: Record) -> bytes:
    """SHA-256 over the hash before and the row as canonical JSON."""
    fields = {
        name: row[name] for name in ("id", "xid", "actor", "action", "object", "outcome", "trace_id", "request_id")
    }
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds") if row["at"] else None
    line = json.dumps({**fields, "at": at}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + line.encode()).digest()
