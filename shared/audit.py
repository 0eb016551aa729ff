"""Who did what to what, in the effect's own transaction; sealed afterwards into a chain that shows any change."""

import hashlib
import hmac
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import orjson

from shared import sql
from shared.db import Connection, Record

SQL = sql.load("shared", "edge")
GENESIS = bytes(32)
BATCH = 1000
SALT_BYTES = 32
MOST_NAMED = 100
"""A digest of a state that names more people than these is opened by nobody."""
ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail: ids, names of operations and of fields, versions and digests; nothing a person wrote."""

    actor: str
    action: str
    object: str
    outcome: int
    trace_id: str | None
    request_id: str
    fields: tuple[str, ...] | None = None
    """Names of what was given."""
    before: str | None = None
    after: str | None = None
    """Versions, as ETags, with the digest of the state."""
    salt: bytes | None = None
    """What opens the digest of `after`, until somebody in `about` is erased."""
    changes: bool = False
    """Whether it takes the place of what the last line of the object came to."""
    about: tuple[UUID, ...] = ()

    def came_to(self, version: str, state: bytes) -> "Entry":
        """The line with a digest of the JSON that came of it."""
        salt = os.urandom(SALT_BYTES)
        said = b" ".join([state, self.actor.encode(), self.object.encode()]).lower()
        named = {UUID(found.decode()) for found in ID.findall(said)}
        kept = salt if len(named) <= MOST_NAMED else None
        return replace(self, after=f"{version} {_digest(salt, state)}", salt=kept, about=tuple(sorted(named)))


values = attrgetter(*(one.name for one in fields(Entry)))
"""What a line says, in the order of its statement: `astuple` would copy all of it."""
KINDS = (*("text",) * 3, "smallint", "text", "text", "text[]", "text", "text", "bytea", "boolean", "uuid[]")


class Verdict(NamedTuple):
    """Whether a stretch of the chain holds: from behind one position to another, of how many."""

    after: int
    until: int
    length: int
    broken: int | None
    """The first position that does not hold."""
    audit_id: int | None
    """The row that was sealed there."""


async def append(conn: Connection, entry: Entry) -> None:
    """Write the line inside the caller's transaction; it waits for nobody."""
    await conn.execute(SQL.append_audit, *values(entry))


async def matches(conn: Connection, audit_id: int, state: bytes) -> bool | None:
    """Whether this JSON is what a line says came of it; None where nobody can tell: no digest, or its salt is gone."""
    row = await conn.fetchrow(SQL.salt_of, audit_id)
    if row is None or row["salt"] is None:
        return None
    return hmac.compare_digest(row["after"].rpartition(" ")[2], _digest(row["salt"], state))


async def forget(conn: Connection, people: Sequence[UUID]) -> None:
    """Nobody can tell any more what was digested of states that name these."""
    await conn.execute(SQL.forget_salts, people)


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
    return (await verdict(conn, 0, None)).broken


async def verdict(conn: Connection, after: int, most: int | None) -> Verdict:
    """Check as many links behind a position; all where `most` is None. The link at that position is taken as it is."""
    total = await length(conn)
    stranger = await conn.fetchval(SQL.first_seq_after_stranger)
    seq, digest = after, await conn.fetchval(SQL.hash_at, after) or GENESIS
    until = total if most is None else min(total, after + most)
    while seq < until:
        links = await conn.fetch(SQL.sealed_audit, seq, min(BATCH, until - seq))
        if not links:
            return Verdict(after, seq, total, seq + 1, None)
        for link in links:
            seq += 1
            digest = link_hash(digest, link)
            if seq == stranger or link["seq"] != seq or link["id"] is None or link["hash"] != digest:
                return Verdict(after, seq, total, seq, link["audit_id"] if link["seq"] == seq else None)
    return Verdict(after, seq, total, None, None)


def link_hash(previous: bytes, row: Record) -> bytes:
    """SHA-256 over the hash before and the row as canonical JSON."""
    fields = {
        name: row[name] for name in ("id", "xid", "actor", "action", "object", "outcome", "trace_id", "request_id")
    }
    # A line that says none of these is what it was before lines could.
    fields |= {name: row[name] for name in ("fields", "before", "after") if row[name] is not None}
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds") if row["at"] else None
    line = json.dumps({**fields, "at": at}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + line.encode()).digest()


def _digest(salt: bytes, state: bytes) -> str:
    """HMAC-SHA-256 of the state as canonical JSON: names sorted, no spaces (RFC 8785 for what the services say)."""
    return hmac.digest(salt, orjson.dumps(orjson.loads(state), option=orjson.OPT_SORT_KEYS), "sha256").hex()
