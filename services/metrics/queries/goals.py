"""How far programmes are on the way to their goals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from services.metrics.domain.apart import by_programme
from services.metrics.domain.goals import GoalWithoutDistance, Status, expected, progress, status
from services.metrics.domain.measures import COUNTED, By, Measure
from services.metrics.domain.results import claim_of
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared import sql
from shared.db import Connection, Record

CONTROLLED = {"behaviour_change": "behaviour_did", "behaviour_did": "behaviour_did"}
"""Measures with a control group, and the one that compares with it."""
SQL = sql.load("services.metrics", "dimensions")


@dataclass(frozen=True)
class Goal:
    """One goal and where it stands; without a value, `reason` says why."""

    programme_id: UUID
    programme: str
    measure: str
    definition_version: str
    baseline: float
    target: float
    due: date
    current: float | None
    n: int | None
    progress: float | None
    expected: float
    status: Status | None
    of: Literal["programme", "organization"]
    """What it is read of: some measures are told of the whole organization alone."""
    suppressed: bool
    reason: str | None
    as_of: datetime
    effect: float | None
    """Difference in differences against the waitlist, where the goal is a change of behaviour and a control exists."""
    claim: str


async def list_goals(
    conn: Connection, release: Release, programme_id: UUID | None = None, after: UUID | None = None, limit: int = 100
) -> list[tuple[UUID, list[Goal]]]:
    """Goals whose measure is known, of up to `limit` programmes in order of id, each over its programme's run."""
    programmes = await conn.fetch(SQL.programmes_with_goals, programme_id, after, limit)
    cells = await _cells(release, programmes)
    as_of = datetime.now(UTC)
    return [
        (
            programme["programme_id"],
            [_goal(programme, goal, cells, as_of) for goal in programme["goals"] if is_by_programme(goal["measure"])],
        )
        for programme in programmes
    ]


async def _cells(release: Release, programmes: Sequence[Record]) -> dict[str, dict[tuple[str, Window], Cell]]:
    """Each measure that is asked for, once for all programmes with the same months."""
    asked: dict[tuple[str, Window], None] = {}
    for programme in programmes:
        goals = [goal for goal in programme["goals"] if is_by_programme(goal["measure"])]
        asked.update(((goal["measure"], _window(programme, goal)), None) for goal in goals)
    found: dict[str, dict[tuple[str, Window], Cell]] = defaultdict(dict)
    asked.update(((CONTROLLED[name], window), None) for name, window in list(asked) if name in CONTROLLED)
    tables = {each: (COUNTED[each[0]], Scope(each[1], _by(COUNTED[each[0]]))) for each in asked}
    await release.prepare(tables.values())
    for (name, window), table in tables.items():
        cells = await release.cells(*table)
        found[name].update({(cell.group, window): cell for cell in cells})
    return found


def _by(measure: Measure) -> By:
    return "programme" if by_programme(measure) else "none"


def _window(programme: Record, goal: Mapping[str, Any]) -> Window:
    """Whole months: from the programme's first, or the first that begins after a renewal, to the one it is due in."""
    since = _since(programme, goal)
    if goal.get("since") and since.day > 1:
        since = Window.covering(since, since).end
    until = min(programme["ends_on"], date.fromisoformat(goal["due"]))
    return Window.covering(since, max(until, since))


def _since(programme: Record, goal: Mapping[str, Any]) -> date:
    since = goal.get("since")
    return date.fromisoformat(since) if since else programme["starts_on"]


def is_by_programme(name: str) -> bool:
    """Whether goals may aim at it: `shared.events.measures` is the same list."""
    return name in COUNTED and COUNTED[name].family != "freshness"


def _goal(
    programme: Record,
    goal: dict[str, Any],
    cells: Mapping[str, Mapping[tuple[str, Window], Cell]],
    as_of: datetime,
) -> Goal:
    group = (str(programme["programme_id"]), _window(programme, goal))
    # Where it is told of the whole organization, where all of it is hidden, or still being counted.
    one_for_all = cells[goal["measure"]].get(("", group[1]))
    cell = cells[goal["measure"]].get(group, one_for_all)
    control = cells.get(CONTROLLED.get(goal["measure"], ""), {}).get(group)
    measure, due = COUNTED[goal["measure"]], date.fromisoformat(goal["due"])
    baseline, target = float(goal["baseline"]), float(goal["target"])
    share = expected(_since(programme, goal), due, as_of.date())
    current = cell.value if cell else None
    reason = cell.reason if cell else None
    done = None
    if current is None:
        reason = reason or "Nothing has been measured yet."
    else:
        try:
            done = progress(baseline, target, current)
        except GoalWithoutDistance as error:
            reason = error.detail
    return Goal(
        programme_id=programme["programme_id"],
        programme=programme["name"],
        measure=measure.name,
        definition_version=measure.definition_version,
        baseline=baseline,
        target=target,
        due=due,
        current=current,
        n=cell.n if cell else None,
        of="programme" if by_programme(measure) else "organization",
        progress=None if done is None else round(done, 2),
        expected=round(share, 2),
        status=None if done is None else status(done, share),
        suppressed=bool(cell and cell.suppressed),
        reason=reason,
        as_of=as_of,
        effect=control.value if control else None,
        claim=claim_of(control.value if control else None),
    )
