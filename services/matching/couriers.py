"""What takes long: reading and solving large rounds, their parts, putting them together, and telling everybody."""

from collections.abc import Sequence

from services.matching.commands import joins, publication, rounds, shards
from services.matching.settings import MatchingSettings
from shared.courier import Courier, Outcome


async def _nothing(_: object) -> Outcome:
    """All is done in the database."""
    return Outcome("done")


def couriers(_: MatchingSettings) -> Sequence[Courier]:
    """They need nothing but processors."""
    solver, joiner = shards.Solver(), joins.Joiner()
    return (
        Courier("rounds", rounds.claim, _nothing, rounds.settle, at_once=1),
        Courier("shards", solver.claim, solver.act, solver.settle, at_once=shards.AT_ONCE),
        Courier("joins", joins.claim, joiner.act, joiner.settle, at_once=1),
        Courier("publications", publication.claim, _nothing, publication.settle, at_once=1),
    )
