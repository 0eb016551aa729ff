"""What stood in the way of using what was learned: fixed cells of a month, ranked."""

from dataclasses import dataclass
from datetime import date, datetime

from services.metrics.confidentiality import explain, hide
from services.metrics.domain.transfer import BARRIERS
from shared import sql
from shared.db import Connection

SQL = sql.load("services.metrics", "told")
NOTHING = "nothing"


@dataclass(frozen=True)
class Barrier:
    """How many answers named it; a suppressed one has a reason and no number."""

    barrier: str
    answers: int | None
    suppressed: bool
    reason: str | None


@dataclass(frozen=True)
class Barriers:
    """A month's barriers, the most named first; those not shown in order of name, so that their order tells nothing."""

    month: date
    as_of: datetime
    barriers: list[Barrier]


async def get_barriers(conn: Connection, k: int, month: date | None = None) -> Barriers | None:
    """Of a month, by default the newest; None where nothing has been answered."""
    cells = await conn.fetch(SQL.barrier_cells, month)
    if not cells:
        return None
    told = {cell["barrier"] or NOTHING: cell["answers"] for cell in cells}
    answers = {name: told.get(name, 0) for name in (*BARRIERS, NOTHING)}
    # What nobody named and what a few named look the same.
    hidden = hide({name: max(count, 1) for name, count in answers.items()}, k)
    found = [
        Barrier(name, None, suppressed=True, reason=explain(hidden[name], k))
        if name in hidden
        else Barrier(name, answers[name], suppressed=False, reason=None)
        for name in answers
    ]
    found.sort(key=lambda each: (-(each.answers or 0), each.barrier))
    return Barriers(cells[0]["month"], max(cell["as_of"] for cell in cells), found)
