"""What is done outside the database: parts of large rounds, and putting them together."""

from collections.abc import Sequence

from services.matching.commands import joins, shards
from services.matching.settings import MatchingSettings
from shared.courier import Courier


def couriers(_: MatchingSettings) -> Sequence[Courier]:
    """Both need nothing but processors."""
    solver, joiner = shards.Solver(), joins.Joiner()
    return (
        Courier("shards", shards.claim, solver.act, solver.settle, at_once=shards.AT_ONCE),
        Courier("joins", joins.claim, joiner.act, joiner.settle, at_once=1),
    )
