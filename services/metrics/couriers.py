"""What metrics delivers outside the database: statements to a learning record store."""

from base64 import b64encode
from collections.abc import Sequence
from functools import partial

import orjson

from services.metrics.commands import statements
from services.metrics.domain import xapi
from services.metrics.settings import MetricsSettings
from shared.courier import Courier, Outcome
from shared.db import Record
from shared.posting import Guard, post


def couriers(settings: MetricsSettings) -> Sequence[Courier]:
    """Those whose way out is set up."""
    found = []
    if settings.xapi_url:
        claim = partial(statements.claim, k=settings.k_scores)
        found.append(Courier("xapi", claim, RecordStore(settings).take, statements.settle, at_once=2))
    return found


class RecordStore:
    """The learning record store that statements are taken to."""

    def __init__(self, settings: MetricsSettings) -> None:
        self._url = f"{(settings.xapi_url or '').rstrip('/')}/statements"
        self._home = settings.public_url.rstrip("/")
        self._guard = Guard.allowing(settings.posting_networks)
        self._headers = {"Content-Type": "application/json", xapi.VERSION_HEADER: settings.xapi_version}
        if settings.xapi_user:
            key = b64encode(f"{settings.xapi_user}:{settings.xapi_password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {key}"

    async def take(self, batch: Sequence[Record]) -> Outcome:
        """One attempt: all of a batch or none of it."""
        body = orjson.dumps([xapi.statement(dict(told), self._home) for told in batch])
        return await post(self._url, body, self._headers, self._guard)
