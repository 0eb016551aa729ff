"""What was proposed and what people answered."""

from collections.abc import Sequence
from datetime import datetime

from services.metrics import store
from services.metrics.domain.latest import newest
from services.metrics.store import Outcome
from shared.db import Connection
from shared.events.matching import MatchEvent


async def record_matches(
    conn: Connection, told: Sequence[tuple[MatchEvent, datetime]], outcome: Outcome | None = None
) -> None:
    """Record matches; `outcome` is the answer these events bring, kept whatever becomes of the match later."""
    first: dict[object, datetime] = {}
    for match, at in told:
        first[match.match_id] = min(at, first.get(match.match_id, at))
    matches = newest((match for match, _ in told), lambda match: match.match_id)
    await store.apply_matches(conn, [(match, outcome, first[match.match_id]) for match in matches])
