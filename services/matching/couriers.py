"""What takes long: parts of large rounds, putting them together, and telling everybody."""

from collections.abc import Sequence

from services.matching.commands import joins, publication, shards
from services.matching.settings import MatchingSettings
from shared.courier import Courier


def couriers(_: MatchingSettings) -> Sequence[Courier]:
    """They need nothing but processors."""
    solver, joiner = shards.Solver(), joins.Joiner()
    return (
        Courier("shards", shards.claim, solver.act, solver.settle, at_once=shards.AT_ONCE),
        Courier("joins", joins.claim, joiner.act, joiner.settle, at_once=1),
        Courier("publications", publication.claim, publication.act, publication.settle, at_once=1),
    )
