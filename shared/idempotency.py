"""A repeated request is answered with the first one's reply: one saved row per key, in the effect's own transaction."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared import audit, sql
from shared.db import Connection
from shared.refusal import InvalidRequest

SQL = sql.load("shared", "edge")
HEADER = "Idempotency-Key"
KEPT_HOURS = 24
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered, as it goes over the wire."""

    status: int
    body: bytes | None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One caller's key for one route, with the fingerprint of what was asked."""

    subject: str
    method: str
    route: str
    key: str
    fingerprint: bytes

    def __post_init__(self) -> None:
        if not VISIBLE_ASCII.fullmatch(self.key):
            raise InvalidRequest.naming(HEADER, "must be 1 to 255 visible ASCII characters")

    @property
    def scope(self) -> tuple[str, str, str, str]:
        """The primary key."""
        return self.subject, self.method, self.route, self.key


def fingerprint(path_params: Mapping[str, object], body: bytes) -> bytes:
    """SHA-256 of what makes two requests to one route the same."""
    path = json.dumps({name: str(value) for name, value in path_params.items()}, sort_keys=True)
    return hashlib.sha256(path.encode() + b"\n" + body).digest()


async def take(conn: Connection, claim: Claim) -> Reply | None:
    """Claim the key, or return the reply saved under it. Raises InvalidRequest when it was used for another request."""
    if await conn.fetchval(SQL.claim_key, *claim.scope, claim.fingerprint):
        return None
    saved = await conn.fetchrow(SQL.saved_reply, *claim.scope)
    if saved is None:
        # The row was pruned between the two statements: as good as never used.
        return await take(conn, claim)
    if saved["fingerprint"] != claim.fingerprint:
        raise InvalidRequest.naming(HEADER, "was used before for another request")
    return Reply(saved["status"], saved["body"], saved["etag"])


async def save(conn: Connection, claim: Claim, reply: Reply, line: audit.Entry) -> None:
    """Keep the reply for whoever asks again, seen by others once the effect is; and write the audit line beside it."""
    await conn.execute(SQL.save_reply, *claim.scope, reply.status, reply.body, reply.etag, *audit.values(line))


async def prune(conn: Connection) -> int:
    """Forget keys older than a day and return how many: a timer's work."""
    return int(await conn.fetchval(SQL.prune_keys, KEPT_HOURS))
