"""What was proposed and answered, and whom rounds left out."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.metrics import store
from services.metrics.domain.latest import newest
from services.metrics.store import Outcome
from shared.db import Connection
from shared.events.matching import MatchEvent, RoundCompleted


async def record_matches(
    conn: Connection, told: Sequence[tuple[MatchEvent, datetime]], outcome: Outcome | None = None
) -> None:
    """Record matches; `outcome` is the answer these events bring, kept whatever becomes of the match later."""
    first: dict[object, datetime] = {}
    for match, at in told:
        first[match.match_id] = min(at, first.get(match.match_id, at))
    matches = newest((match for match, _ in told), lambda match: match.match_id)
    await store.apply_matches(conn, [(match, outcome, first[match.match_id]) for match in matches])


async def record_rounds(conn: Connection, rounds: Sequence[tuple[RoundCompleted, datetime]]) -> None:
    """Record how many a round asked and left out, in the month it was published."""
    rows = [
        {
            **round_.model_dump(include={"round_id", "programme_id", "asked", "unmatched"}),
            "month": store.first_of_month(at.astimezone(UTC).date()),
        }
        for round_, at in {round_.round_id: (round_, at) for round_, at in rounds}.values()
    ]
    await conn.execute(store.FACTS.apply_rounds, rows)
