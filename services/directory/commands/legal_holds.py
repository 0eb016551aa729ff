"""Legal holds: while one is placed, nobody erases the person and retention passes them by, in every service."""

from uuid import UUID

from services.directory.domain.refusals import UnknownPerson
from services.directory.store import accounts as accounts_store
from services.directory.store import people as people_store
from shared import outbox, sql
from shared.db import Connection
from shared.events.privacy import LegalHoldChanged

SQL = sql.load("services.directory", "legal_holds")


async def change_hold(conn: Connection, person_id: UUID, *, held: bool, reference: str | None) -> int:
    """Place or lift a hold and return its version; done already, nothing changes. Raises UnknownPerson."""
    if await people_store.lock_one(conn, person_id) is None and await accounts_store.lock(conn, person_id) is None:
        raise UnknownPerson("There is no such person.")
    known = await conn.fetchrow(SQL.lock_hold, person_id)
    version = known["version"] if known else 0
    if held == bool(known and known["held"]):
        return int(version)
    await conn.execute(SQL.save_hold, person_id, version + 1, held, reference)
    await outbox.append(conn, LegalHoldChanged(person_id=person_id, version=version + 1, held=held))
    return int(version) + 1
