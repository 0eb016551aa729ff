"""How every service answers what the directory asks for a person's sake."""

from collections.abc import Sequence

from shared.consumer import Handlers
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.privacy import ExportRequested, LegalHoldChanged
from shared.privacy import holds, portability
from shared.privacy.catalogue import Catalogue


def privacy_handlers(catalogue: Catalogue) -> Handlers:
    """Handlers of requests for a copy, and of legal holds."""

    async def on_export_requested(conn: Connection, envelopes: Sequence[Envelope[ExportRequested]]) -> None:
        await portability.answer(conn, catalogue, envelopes)

    async def on_legal_hold_changed(conn: Connection, envelopes: Sequence[Envelope[LegalHoldChanged]]) -> None:
        await holds.project(conn, [envelope.data for envelope in envelopes])

    return {ExportRequested: on_export_requested, LegalHoldChanged: on_legal_hold_changed}
