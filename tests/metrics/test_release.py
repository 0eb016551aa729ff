"""What readers get over time: numbers that stand until enough people's facts have changed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.metrics.commands.facts import note_threshold
from services.metrics.domain.measures import COUNTED
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Database
from shared.events.base import Event
from shared.events.follow_up import FormItem, PairedAnswer, ResponsesCounted, SurveyPaired
from tests.metrics.world import OCTOBER, PROGRAMME, deliver, part, people, person, programme, unit

NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=UTC)
IN_OCTOBER = Window(OCTOBER, date(2026, 11, 1))


async def tell(db: Database, events: Iterable[Event]) -> None:
    async with db.transaction() as conn:
        await deliver(conn, list(events))


async def read(db: Database, name: str, scope: Scope) -> dict[str, Cell]:
    async with db.acquire() as conn:
        return {cell.group: cell for cell in (await get_measure(conn, Release(conn, 5), COUNTED[name], scope)).cells}


@pytest.fixture
async def crowd(db: Database) -> list[UUID]:
    """Twenty people of one division, thirty of another, who came once."""
    sales, legal = people(20), people(30)
    await tell(db, [unit("org", "Org"), unit("sales", "Sales", "org"), unit("legal", "Legal", "org"), programme()])
    await tell(db, [*(person(one) for one in sales), *(person(one, "legal") for one in legal)])
    await tell(db, [part(uuid4(), one) for one in (*sales, *legal)])
    return [*sales, *legal]


async def test_a_number_does_not_rise_by_one_person(db: Database, crowd: list[UUID]) -> None:
    scope = Scope(IN_OCTOBER)
    before = await read(db, "learning_hours", scope)
    for count, changes in ((4, False), (1, True)):
        await tell(db, [part(uuid4(), one) for one in crowd[count : count * 2]])
        now = await read(db, "learning_hours", scope)
        assert (now == before) is not changes
    assert now[""].value == 55


async def test_a_table_changes_only_where_enough_people_do(db: Database, crowd: list[UUID]) -> None:
    scope = Scope(IN_OCTOBER, "unit")
    before = await read(db, "learning_hours", scope)
    await tell(db, [part(uuid4(), one) for one in (*crowd[:9], *crowd[-2:])])
    assert await read(db, "learning_hours", scope) == before  # nine alone would tell the two by subtraction
    await tell(db, [part(uuid4(), one) for one in crowd[-9:-2]])
    now = await read(db, "learning_hours", scope)
    assert (now["sales"].value, now["legal"].value) == (29, 39)


async def test_asking_again_is_answered_with_the_same_and_without_counting(db: Database, crowd: list[UUID]) -> None:
    scope = Scope(IN_OCTOBER, "unit")
    first = await read(db, "attendance_rate", scope)
    assert [await read(db, "attendance_rate", scope) for _ in range(3)] == [first] * 3


async def test_a_longer_window_is_not_shown_when_it_would_tell_the_rest_by_subtraction(
    db: Database, crowd: list[UUID]
) -> None:
    await tell(db, [part(uuid4(), one, session_starts_at=NOVEMBER) for one in crowd[:3]])
    assert (await read(db, "learning_hours", Scope(IN_OCTOBER)))[""].value == 50
    both = await read(db, "learning_hours", Scope(Window(OCTOBER, date(2026, 12, 1))))
    assert "what was shown before" in str(both[""].reason)
    assert both[""].value is None


async def test_where_few_work_nobody_and_one_person_look_the_same(db: Database, crowd: list[UUID]) -> None:
    board, staff = people(3), people(4)
    await tell(db, [unit("board", "Board", "org"), unit("staff", "Staff", "org")])
    await tell(db, [*(person(one, "board") for one in board), *(person(one, "staff") for one in staff)])
    await tell(db, [part(uuid4(), board[0])])
    found = await read(db, "learning_hours", Scope(IN_OCTOBER, "unit"))
    assert found["board"].suppressed
    assert (found["board"].value, found["board"].n, found["board"].reason) == (
        found["staff"].value,
        found["staff"].n,
        found["staff"].reason,
    )
    for code in ("board", "staff"):
        (alone,) = (await read(db, "learning_hours", Scope(IN_OCTOBER, unit=code))).values()
        assert "selection" in str(alone.reason)


def counted(month: date) -> ResponsesCounted:
    """Twenty were asked before a survey, and nobody has answered yet."""
    return ResponsesCounted(programme_id=PROGRAMME, kind="survey-before", month=month, version=1, asked=20, answered=0)


def paired(**days: date) -> SurveyPaired:
    """Five answered a survey before and after."""
    return SurveyPaired(
        survey_id=uuid4(),
        programme_id=PROGRAMME,
        arm="participants",
        **days,
        items=(FormItem(code="shares", reverse=False),),
        asked=20,
        before=5,
        after=5,
        pairs=(PairedAnswer(before=(2,), after=(3,)),) * 5,
    )


async def test_a_month_keeps_the_threshold_that_was_set_when_it_opened(db: Database) -> None:
    six, today = people(6), datetime.now(UTC).date().replace(day=1)
    await tell(db, [unit("org", "Org"), programme(), *(person(one) for one in six)])
    async with db.transaction() as conn:
        assert await note_threshold(conn, 7) == 1
        assert await note_threshold(conn, 7) == 0
    await tell(db, [part(uuid4(), one) for one in six])
    async with db.transaction() as conn:
        await note_threshold(conn, 5)  # a worker with another setting
        assert await conn.fetchval("SELECT k FROM thresholds WHERE month = $1", today) == 7
    assert (await read(db, "learning_hours", Scope(IN_OCTOBER)))[""].suppressed
    await tell(db, [part(uuid4(), one, session_starts_at=datetime(2025, 10, 10, tzinfo=UTC)) for one in six])
    earlier = Scope(Window(date(2025, 10, 1), date(2025, 11, 1)))
    assert not (await read(db, "learning_hours", earlier))[""].suppressed


async def test_a_survey_keeps_the_threshold_that_was_set_when_it_opened(db: Database) -> None:
    async def frozen() -> list[tuple[date, int]]:
        async with db.acquire() as conn:
            found = await conn.fetch("SELECT * FROM thresholds WHERE month < '2024-07-01' ORDER BY month")
        return [tuple(row) for row in found]

    async with db.transaction() as conn:
        await note_threshold(conn, 9)
    await tell(db, [counted(date(2024, 3, 1))])
    async with db.transaction() as conn:
        await note_threshold(conn, 5)
    await tell(db, [counted(date(2024, 6, 1))])
    assert await frozen() == [(date(2024, 3, 1), 9), (date(2024, 6, 1), 5)]
    await tell(db, [paired(opened_on=date(2024, 6, 3), released_on=date(2024, 6, 20))])
    assert (await frozen())[1] == (date(2024, 6, 1), 5)
    await tell(db, [paired(opened_on=date(2024, 3, 3), released_on=date(2024, 6, 20))])
    assert await frozen() == [(date(2024, 3, 1), 9), (date(2024, 6, 1), 9)]


async def test_no_measure_is_somebodys_own_extreme() -> None:
    assert not [name for name in COUNTED if {"min", "max", "lowest", "highest"} & set(name.split("_"))]


def test_counts_leave_by_one_door() -> None:
    sources = Path(__file__).parents[2] / "services/metrics"
    users = {path.name for path in sources.rglob("*.py") if "queries.tallies" in path.read_text("utf-8")}
    assert users == {"release.py"}
