"""What the directory does when it hears from HR, of sessions, and from services that have forgotten somebody."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.directory.commands.attendances import record_attendances
from services.directory.commands.erasures import erase_told, record_receipts
from services.directory.commands.exports import record_parts
from services.directory.commands.units import record_units
from services.directory.commands.workers import record_workers
from services.directory.privacy import CATALOGUE
from shared.consumer import Handlers
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.hr import OrgUnitUpserted, WorkerErased, WorkerUpserted
from shared.events.privacy import ErasureCompleted, ExportPart, ExportRequested
from shared.events.sessions import ParticipationChanged
from shared.privacy import portability


async def on_worker_upserted(conn: Connection, envelopes: Sequence[Envelope[WorkerUpserted]]) -> None:
    """HR says how a worker is, or will be."""
    await record_workers(conn, envelopes, datetime.now(UTC))


async def on_worker_erased(conn: Connection, envelopes: Sequence[Envelope[WorkerErased]]) -> None:
    """A worker is erased, as HR says or as was decided here."""
    told: dict[str, Envelope[WorkerErased]] = {}
    for envelope in envelopes:
        if envelope.key not in told or envelope.source == envelope.data.source:
            told[envelope.key] = envelope
    await erase_told(conn, told, datetime.now(UTC))


async def on_org_unit_upserted(conn: Connection, envelopes: Sequence[Envelope[OrgUnitUpserted]]) -> None:
    """HR says how an org unit is."""
    await record_units(conn, envelopes, datetime.now(UTC))


async def on_participation_changed(conn: Connection, envelopes: Sequence[Envelope[ParticipationChanged]]) -> None:
    """Somebody's part in a session."""
    await record_attendances(conn, [envelope.data for envelope in envelopes])


async def on_erasure_completed(conn: Connection, envelopes: Sequence[Envelope[ErasureCompleted]]) -> None:
    """A service has forgotten somebody."""
    await record_receipts(conn, [envelope.data for envelope in envelopes])


async def on_export_requested(conn: Connection, envelopes: Sequence[Envelope[ExportRequested]]) -> None:
    """Somebody wants a copy of what is held of them: the directory answers as every service does."""
    await portability.answer(conn, CATALOGUE, envelopes)


async def on_export_part(conn: Connection, envelopes: Sequence[Envelope[ExportPart]]) -> None:
    """A service has answered."""
    await record_parts(conn, [envelope.data for envelope in envelopes])


HANDLERS: Handlers = {
    WorkerUpserted: on_worker_upserted,
    WorkerErased: on_worker_erased,
    OrgUnitUpserted: on_org_unit_upserted,
    ParticipationChanged: on_participation_changed,
    ErasureCompleted: on_erasure_completed,
    ExportRequested: on_export_requested,
    ExportPart: on_export_part,
}
