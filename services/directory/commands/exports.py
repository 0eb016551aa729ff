"""A copy of all that is held of a person: asked of every service, opened only by the key kept here until it expires."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from services.directory.domain.refusals import UnknownPerson
from services.directory.store import accounts as accounts_store
from services.directory.store import exports as store
from services.directory.store import people as people_store
from shared import outbox
from shared.db import Connection
from shared.events.privacy import ExportPart, ExportRequested
from shared.privacy import portability

KEPT_DAYS = 7


async def request_export(conn: Connection, person_id: UUID, now: datetime) -> UUID:
    """Ask every service and return the number of the request; within an hour, the same one. Raises UnknownPerson."""
    if await people_store.lock_one(conn, person_id) is None and await accounts_store.lock(conn, person_id) is None:
        raise UnknownPerson("There is no such person.")
    if earlier := await store.running(conn, person_id):
        return earlier
    request_id = uuid4()
    private, public = portability.new_key()
    await store.insert(conn, request_id, person_id, KEPT_DAYS, private)
    await outbox.append(
        conn,
        ExportRequested(request_id=request_id, person_id=person_id, requested_on=now.date(), public_key=public),
    )
    return request_id


async def record_parts(conn: Connection, parts: Sequence[ExportPart]) -> None:
    """Keep the services' answers."""
    await store.insert_parts(conn, parts)


async def expire_exports(conn: Connection) -> int:
    """Delete what is over."""
    return await store.expire(conn)
