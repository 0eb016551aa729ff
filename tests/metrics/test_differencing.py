"""Numbers read at different times, of different tables, measures and windows tell of nobody by subtraction."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from services.metrics.commands.facts import close_months
from services.metrics.confidentiality.sets import Row, Sums
from services.metrics.domain.measures import COUNTED, By
from services.metrics.queries import shown
from services.metrics.queries.measures import get_measure, get_page
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Database
from shared.events.base import Event
from shared.events.follow_up import FormItem, PairedAnswer, SurveyPaired
from shared.events.matching import RoundCompleted
from tests.metrics.world import (
    OCTOBER,
    PROGRAMME,
    START,
    deliver,
    feedback,
    held,
    part,
    people,
    person,
    programme,
    unit,
)

NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=UTC)
IN_OCTOBER = Window(OCTOBER, date(2026, 11, 1))
IN_BOTH = Window(OCTOBER, date(2026, 12, 1))


async def tell(db: Database, events: Iterable[Event], at: datetime = START) -> None:
    async with db.transaction() as conn:
        await deliver(conn, list(events), at)


async def read(db: Database, name: str, scope: Scope) -> dict[str, Cell]:
    async with db.acquire() as conn:
        return {cell.group: cell for cell in (await get_measure(conn, Release(conn, 5), COUNTED[name], scope)).cells}


@pytest.fixture
async def staff(db: Database) -> dict[str, list[UUID]]:
    """Thirty people of one division, twenty of another; two thirds and a half of them came once."""
    staff = {"sales": people(30), "legal": people(20)}
    await tell(db, [unit("org", "Org"), *(unit(code, code, "org") for code in staff), programme()])
    await tell(db, [person(one, code) for code, some in staff.items() for one in some])
    session = uuid4()
    await tell(db, [held(session), *(part(session, one) for one in (*staff["sales"][:20], *staff["legal"][:10]))])
    return staff


async def test_tables_read_at_different_times_cannot_be_subtracted(db: Database, staff: dict[str, list[UUID]]) -> None:
    whole, by_unit = Scope(IN_OCTOBER), Scope(IN_OCTOBER, "unit")
    assert (await read(db, "attendance_rate", whole))[""].denominator == 30
    assert (await read(db, "attendance_rate", by_unit))["legal"].denominator == 10
    session = uuid4()
    await tell(db, [part(session, one) for one in staff["sales"][20:26]])
    assert (await read(db, "attendance_rate", by_unit))["sales"].denominator == 26
    await tell(db, [part(session, staff["legal"][15], state="no_show", minutes=0)])
    late = (await read(db, "attendance_rate", whole))[""]
    assert (late.value, late.denominator) == (1.0, 30)  # 37 would be the 26, the 10 and the one who stayed away
    await tell(db, [part(session, one) for one in staff["legal"][16:20]])
    assert (await read(db, "attendance_rate", whole))[""].denominator == 41


async def test_a_table_first_read_later_is_subtracted_from_nothing(db: Database, staff: dict[str, list[UUID]]) -> None:
    assert (await read(db, "learning_hours", Scope(IN_OCTOBER)))[""].value == 30
    await tell(db, [part(uuid4(), staff["legal"][15])])
    found = await read(db, "learning_hours", Scope(IN_OCTOBER, "unit"))
    assert [cell.value for cell in found.values()].count(None) == 1


async def test_tables_of_a_page_share_one_basis_for_each_kind_of_people(
    db: Database, staff: dict[str, list[UUID]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    class Counted(Sums):
        def __init__(self, classes: Sequence[Row], tables: Sequence[Row], views: Sequence[str], k: int) -> None:
            super().__init__(classes, tables, views, k)
            made.append(len(tables))

    monkeypatch.setattr(shown, "Sums", Counted)
    tables: list[tuple[str, By]] = [("participation_rate", "none"), ("participation_rate", "unit")]
    tables += [(name, by) for name in ("learning_hours", "attendance_rate") for by in ("none", "unit", "format")]
    async with db.acquire() as conn:
        found = await get_page(conn, Release(conn, 5), IN_OCTOBER, tables)
    assert all(cell.value is not None for cells in found.values() for cell in cells)
    assert len(made) == 2


async def test_measures_of_the_same_people_cannot_be_subtracted(db: Database, staff: dict[str, list[UUID]]) -> None:
    absent = part(uuid4(), staff["sales"][0], session_starts_at=NOVEMBER, state="no_show", minutes=0)
    await tell(db, [absent])
    assert (await read(db, "attendance_rate", Scope(IN_OCTOBER)))[""].denominator == 30
    both = (await read(db, "no_show_rate", Scope(IN_BOTH)))[""]
    assert (both.value, both.denominator) == (None, None)
    assert "what was shown before" in str(both.reason)


async def test_who_stayed_is_a_share_of_those_who_were_here(db: Database, staff: dict[str, list[UUID]]) -> None:
    earlier = datetime(2026, 9, 10, 9, tzinfo=UTC)
    await tell(db, [part(uuid4(), staff["sales"][0], session_starts_at=earlier)])
    assert (await read(db, "retention", Scope(IN_OCTOBER)))[""].suppressed
    await tell(db, [part(uuid4(), one, session_starts_at=earlier) for one in staff["sales"][1:6]])
    (now,) = (await read(db, "retention", Scope(IN_OCTOBER))).values()
    assert (now.value, now.n, now.denominator) == (1.0, 6, 6)


def answered(gaining: int) -> SurveyPaired:
    """Twelve answered twice; these could gain, each another way, and the others were at the top before."""
    could = [PairedAnswer(before=(1 + number % 2,), after=(4,)) for number in range(gaining)]
    return SurveyPaired(
        survey_id=uuid4(),
        programme_id=PROGRAMME,
        arm="participants",
        released_on=date(2026, 10, 31),
        items=(FormItem(code="knowledge", reverse=False),),
        asked=20,
        before=12,
        after=12,
        pairs=(*could, *[PairedAnswer(before=(5,), after=(5,))] * (12 - gaining)),
    )


@pytest.mark.parametrize(("gaining", "shown"), [(1, False), (9, False), (10, True)])
async def test_a_gain_is_of_those_who_could_gain(
    db: Database, staff: dict[str, list[UUID]], gaining: int, shown: bool
) -> None:
    await tell(db, [answered(gaining)])
    (cell,) = (await read(db, "normalised_gain", Scope(IN_OCTOBER))).values()
    assert (cell.value is not None) is shown
    assert cell.denominator in {None, gaining}


async def test_rounds_of_the_same_two_are_about_two(db: Database, staff: dict[str, list[UUID]]) -> None:
    rounds = [
        RoundCompleted(
            round_id=uuid4(), programme_id=PROGRAMME, kind="pair", asked=2, matched=0, unmatched=2, seed=1,
            rules_version=1, input_digest="x",
        )
        for _ in range(3)
    ]  # fmt: skip
    await tell(db, rounds)
    assert (await read(db, "unmatched_rate", Scope(IN_OCTOBER)))[""].suppressed


async def test_looking_ahead_fixes_no_threshold(db: Database, staff: dict[str, list[UUID]]) -> None:
    await read(db, "attendance_rate", Scope(Window(OCTOBER, date(2029, 10, 1))))
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM thresholds WHERE month > current_date") == 0
        assert await conn.fetchval("SELECT count(*) FROM thresholds") > 0


async def test_how_many_were_asked_does_not_rise_by_one(db: Database, staff: dict[str, list[UUID]]) -> None:
    scope = Scope(IN_OCTOBER)
    assert (await read(db, "response_rate", scope))[""].denominator == 30
    await tell(db, [part(uuid4(), staff["legal"][15])])
    assert (await read(db, "response_rate", scope))[""].denominator == 30
    assert (await read(db, "response_rate", Scope(IN_OCTOBER, "month")))["2026-10"].value is None
    await tell(db, [part(uuid4(), one) for one in staff["legal"][16:20]])
    assert (await read(db, "response_rate", scope))[""].denominator == 35


async def test_more_answers_of_the_same_people_are_counted_at_once(db: Database, staff: dict[str, list[UUID]]) -> None:
    scope = Scope(IN_OCTOBER)
    assert (await read(db, "response_rate", scope))[""].n == 0
    await tell(db, [feedback(5, 4, 3, 4, 5, 5)])
    assert (await read(db, "response_rate", scope))[""].value == 0.2


async def test_what_was_shown_is_forgotten_with_its_facts_and_binds_as_long_as_one_is_left(
    db: Database, staff: dict[str, list[UUID]]
) -> None:
    early, late = datetime(2025, 1, 10, 9, tzinfo=UTC), datetime(2025, 2, 10, 9, tzinfo=UTC)
    for at in (early, late):
        await tell(db, [part(uuid4(), one, session_starts_at=at) for one in staff["sales"]])
    first, second = Window(date(2025, 1, 1), date(2025, 2, 1)), Window(date(2025, 2, 1), date(2025, 3, 1))
    for window in (first, Window(first.start, second.end)):
        assert (await read(db, "learning_hours", Scope(window)))[""].value
    async with db.transaction() as conn:
        assert await close_months(conn, datetime(2025, 2, 1, tzinfo=UTC)) == 30
        kept = await conn.fetch("SELECT window_start, window_end FROM released_sets")
    assert [tuple(row) for row in kept] == [(first.start, second.end)]
    await tell(db, [part(uuid4(), one, session_starts_at=late) for one in staff["legal"][:3]])
    assert "what was shown before" in str((await read(db, "learning_hours", Scope(second)))[""].reason)
    await tell(db, [part(uuid4(), one, session_starts_at=late) for one in staff["legal"][3:6]])
    assert (await read(db, "learning_hours", Scope(second)))[""].value == 36
    async with db.transaction() as conn:
        await close_months(conn, datetime(2025, 3, 1, tzinfo=UTC))
        assert await conn.fetchval("SELECT count(*) FROM released_sets") == 0
