"""Files that were asked for; each is its requester's own."""

import os
import time
from uuid import UUID

from services.metrics.domain.links import KEY_BYTES, is_signed
from shared import sql
from shared.db import Connection, Record
from shared.refusal import Forbidden

SQL = sql.load("services.metrics", "exports")


class LinkNotOurs(Forbidden):
    """A link that was not made here, or was changed since; its file may be gone."""


class LinkExpired(Forbidden):
    """A link of ours, but not any more."""


async def get_export(conn: Connection, export_id: UUID, subject: str) -> Record | None:
    """How far it is; None for somebody else's."""
    found: Record | None = await conn.fetchrow(SQL.export, export_id, subject)
    return found


async def get_content(conn: Connection, export_id: UUID, subject: str) -> Record | None:
    """The format and the file, None until it is finished; None for somebody else's."""
    found: Record | None = await conn.fetchrow(SQL.content, export_id, subject)
    return found


async def get_linked_content(conn: Connection, export_id: UUID, expires: int, signature: str) -> Record:
    """The format and the file a signed link is about. Raises LinkNotOurs, which tells of no file, and LinkExpired."""
    found: Record | None = await conn.fetchrow(SQL.linked_content, export_id)
    key = (found and found["link_key"]) or os.urandom(KEY_BYTES)
    if not is_signed(key, export_id, expires, signature) or found is None:
        raise LinkNotOurs("The link was changed, or its file is gone: ask whoever sent it for a new one.")
    if expires <= time.time():
        raise LinkExpired("The link has expired: ask whoever sent it for a new one.")
    return found
