"""All that the page shows, read once."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.metrics.domain.measures import By
from services.metrics.queries.completeness import TopicDay, list_completeness
from services.metrics.queries.freshness import Freshness, get_freshness
from services.metrics.queries.goals import Goal, list_goals
from services.metrics.queries.measures import get_page
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Window
from shared.db import Connection

HEADLINES = ("participation_rate", "sessions_held", "learning_hours", "attendance_rate", "evenness", "acceptance_rate")
PROGRAMME_COLUMNS = ("participation_rate", "sessions_held", "evenness")
FEEDBACK_COLUMNS = ("usefulness", "relevance", "engagement", "response_rate")


@dataclass(frozen=True)
class Intake:
    """What one topic brought on all days still known."""

    topic: str
    produced: int
    ingested: int

    @property
    def missing(self) -> int:
        """Records produced and not yet here."""
        return max(0, self.produced - self.ingested)


@dataclass(frozen=True)
class ProgrammeRow:
    """One programme's cells by measure."""

    label: str
    programme_id: str
    """Empty for what belongs to none."""
    cells: dict[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class Overview:
    """Everything on the page."""

    window: Window
    as_of: datetime
    k: int
    headlines: dict[str, Cell]
    by_unit: list[Cell]
    by_month: list[Cell]
    sessions_by_month: dict[str, Cell]
    by_format: list[Cell]
    programmes: list[ProgrammeRow]
    feedback: list[ProgrammeRow]
    goals: list[Goal]
    freshness: Freshness
    intake: list[Intake]


TABLES: tuple[tuple[str, By], ...] = (
    *((name, "none") for name in (*HEADLINES, *FEEDBACK_COLUMNS)),
    *((name, "programme") for name in (*PROGRAMME_COLUMNS, *FEEDBACK_COLUMNS)),
    ("participation_rate", "unit"),
    ("participation_rate", "month"),
    ("sessions_held", "month"),
    ("evenness", "format"),
)


async def get_overview(conn: Connection, k: int) -> Overview:
    """The current month and the two before, for the whole organization."""
    window, release = Window.covering(None, None), Release(conn, k)
    found = await get_page(conn, release, window, TABLES)

    def rows(names: tuple[str, ...]) -> list[ProgrammeRow]:
        return _rows({name: found[name, "programme"] for name in names})

    return Overview(
        window=window,
        as_of=datetime.now(UTC),
        k=k,
        headlines={name: found[name, "none"][0] for name in (*HEADLINES, *FEEDBACK_COLUMNS)},
        by_unit=found["participation_rate", "unit"],
        by_month=found["participation_rate", "month"],
        sessions_by_month={cell.group: cell for cell in found["sessions_held", "month"]},
        by_format=found["evenness", "format"],
        programmes=rows(PROGRAMME_COLUMNS),
        feedback=rows(FEEDBACK_COLUMNS),
        goals=[goal for _, goals in await list_goals(conn, release) for goal in goals],
        freshness=await get_freshness(conn),
        intake=_intake(await list_completeness(conn)),
    )


def _rows(columns: dict[str, list[Cell]]) -> list[ProgrammeRow]:
    """One row per programme that has anything to say, in order of name."""
    rows: dict[str, ProgrammeRow] = {}
    for name, cells in columns.items():
        for cell in cells:
            rows.setdefault(cell.group, ProgrammeRow(cell.label, cell.group)).cells[name] = cell
    return sorted(rows.values(), key=lambda row: row.label.casefold())


def _intake(days: list[TopicDay]) -> list[Intake]:
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for day in days:
        totals[day.topic][0] += day.produced
        totals[day.topic][1] += day.ingested
    return [Intake(topic, produced, ingested) for topic, (produced, ingested) in sorted(totals.items())]
