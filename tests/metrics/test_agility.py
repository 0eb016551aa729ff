"""How widely people learn, how soon newcomers know somebody, and what it has saved."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.metrics.queries.scope import Scope, Window
from shared.db import Connection, Database
from shared.events.follow_up import CheckInsReleased, TransferAnswer
from tests.metrics.test_measures import cells, value
from tests.metrics.test_release import read
from tests.metrics.test_told import whole
from tests.metrics.world import OCTOBER, PROGRAMME, deliver, held, part, people, person, programme, unit

HIRED = date(2026, 3, 1)


async def test_skills_roles_and_units_count_once_a_person(conn: Connection) -> None:
    """K19: five of sales and five of legal; sales meets twice more by itself, once about the same skill."""
    sales, legal = people(5), people(5)
    await deliver(conn, [unit("org", "Org"), *(unit(code, code.title(), "org") for code in ("sales", "legal"))])
    await deliver(conn, [*(person(one, "sales") for one in sales), *(person(one, "legal") for one in legal)])
    both, again, other, missed = (uuid4() for _ in range(4))
    about = {both: "sql", again: "sql", other: "go", missed: "rust"}
    await deliver(conn, [programme(), *(held(session, skill_id=skill) for session, skill in about.items())])
    await deliver(conn, [part(both, one) for one in (*sales, *legal)])
    await deliver(conn, [part(again, one, role="presenter") for one in sales])
    await deliver(conn, [part(other, one, role="presenter") for one in sales])
    await deliver(conn, [part(missed, one, state="no_show") for one in sales])
    assert await value(conn, "skills_met") == (2 * 5 + 5) / 10
    assert await value(conn, "roles_met") == (2 * 5 + 5) / 10
    assert await value(conn, "units_met") == 1
    found = await cells(conn, "skills_met", by="unit")
    assert {label: cell.value for label, cell in found.items()} == {"Legal": 1, "Sales": 2}


async def test_whoever_was_only_where_no_skill_is_told_has_not_met_none(conn: Connection) -> None:
    told, closed = people(5), people(5)
    await deliver(conn, [unit("org", "Org"), *(person(one, "org") for one in (*told, *closed))])
    open_, silent = uuid4(), uuid4()
    await deliver(conn, [programme(), held(silent, skill_id=None), *(part(silent, one) for one in (*told, *closed))])
    cell = await whole(conn, "skills_met")
    assert cell is None or (cell.value, cell.n) == (None, 0)
    await deliver(conn, [held(open_, skill_id="sql"), *(part(open_, one) for one in told)])
    found = (await cells(conn, "skills_met", by="format"))["Mentoring"]
    assert (found.value, found.n) == (1, 5)


async def newcomers(conn: Connection, count: int, hired_on: date, met: tuple[int, ...]) -> None:
    """Each meets four old hands so many days after their hire, other ones each time."""
    for one in people(count):
        await deliver(conn, [person(one, hired_on=hired_on, effective_at=hired_on)])
        for days in met:
            at = datetime(hired_on.year, hired_on.month, hired_on.day, 12, tzinfo=UTC) + timedelta(days=days)
            session = uuid4()
            await deliver(conn, [part(session, who, session_starts_at=at) for who in (one, *people(4))])


async def test_newcomers_ties_are_counted_by_day_thirty_and_ninety(conn: Connection) -> None:
    """K20: the day itself counts, the next one does not."""
    await deliver(conn, [unit("org", "Org"), unit("sales", "Sales", "org")])
    await newcomers(conn, 5, HIRED, (-3, 30, 31, 90, 91))
    await newcomers(conn, 5, HIRED + timedelta(days=9), ())
    march = Window.covering(HIRED, HIRED)
    for days, ties in ((30, 8 / 2), (90, 16 / 2)):
        cell = await whole(conn, f"newcomer_ties_{days}", window=march)
        assert cell
        assert (cell.value, cell.n, cell.denominator) == (ties, 10, 10), days


async def test_whom_somebody_met_long_before_their_hire_is_no_tie_of_a_newcomer(conn: Connection) -> None:
    """From the month before the first day on, however many months of hires are asked about."""
    await deliver(conn, [unit("org", "Org"), unit("sales", "Sales", "org")])
    await newcomers(conn, 5, HIRED, (-45, -20, 3))
    for first in (HIRED, date(2026, 1, 1)):
        cell = await whole(conn, "newcomer_ties_30", window=Window.covering(first, HIRED))
        assert cell
        assert (cell.value, cell.n) == (8, 5)


@pytest.mark.parametrize("told", [False, True])
async def test_a_month_of_hires_counts_when_all_have_been_here_so_long(conn: Connection, told: bool) -> None:
    day = datetime.now(UTC).date() - timedelta(days=30 if told else 29)
    hired = (day.replace(day=1) - timedelta(days=1)).replace(day=1) if told else day.replace(day=1)
    await newcomers(conn, 5, hired, ())
    cell = await whole(conn, "newcomer_ties_30", window=Window.covering(hired, hired))
    assert bool(cell and cell.n) is told


async def hires(conn: Connection, first: date, days: tuple[int | None, ...]) -> None:
    """One a day from that day on, who come so many days after their hire, or never."""
    for later, waited in enumerate(days):
        (one,), hired_on = people(1), first + timedelta(days=later)
        await deliver(conn, [person(one, hired_on=hired_on, effective_at=hired_on)])
        if waited is not None:
            at = datetime(hired_on.year, hired_on.month, hired_on.day, 12, tzinfo=UTC) + timedelta(days=waited)
            await deliver(conn, [part(uuid4(), one, session_starts_at=at)])


async def test_half_of_all_newcomers_have_come_by_that_day_whoever_has_not_yet_counts_while_waiting(
    conn: Connection,
) -> None:
    """Two of six come, after 2 and 9 days; the others are here for six days at most: 5/6 after 2 days, 0 after 9."""
    await deliver(conn, [unit("org", "Org"), unit("sales", "Sales", "org")])
    await hires(conn, date(2026, 3, 20), (2, 9))
    await hires(conn, date(2026, 3, 26), (None, None, None, None))
    await hires(conn, date(2026, 4, 1), (0, 0, 0))
    march = Window.covering(HIRED, HIRED)
    cell = await whole(conn, "newcomer_days_to_first", window=march)
    assert cell
    assert (cell.value, cell.n, cell.denominator) == (9, 6, 6)
    assert (await cells(conn, "newcomer_days_to_first", by="unit", window=march))["Sales"].value == 9
    april = await whole(conn, "newcomer_days_to_first", window=Window.covering(date(2026, 4, 1), date(2026, 4, 1)))
    assert april
    assert april.suppressed


async def test_who_came_before_the_first_day_took_none_and_who_never_came_has_no_median(conn: Connection) -> None:
    march = Window.covering(HIRED, HIRED)
    await hires(conn, HIRED, (None, None, None, None, None, -5))
    none = await whole(conn, "newcomer_days_to_first", window=march)
    assert none
    assert (none.value, none.n, none.suppressed) == (None, 6, False)
    assert none.note == "Fewer than half have by now, so that there is no median yet."
    april = date(2026, 4, 1)
    await hires(conn, april, (None, None, None, None, None, -5))
    await hires(conn, april, (-2, -2, -3, -4, -5, -6))
    some = await whole(conn, "newcomer_days_to_first", window=Window.covering(april, april))
    assert some
    assert (some.value, some.n) == (0, 12)


async def test_nobody_hired_this_month_moves_a_number_before_it_is_over(conn: Connection) -> None:
    today = datetime.now(UTC).date().replace(day=1)
    before = (today - timedelta(days=1)).replace(day=1)
    await hires(conn, before, (1, 1, 1, 1, 1))
    await hires(conn, today, (0, 0, 0, 0, 0, 0))
    cell = await whole(conn, "newcomer_days_to_first", window=Window.covering(before, today))
    assert cell
    assert (cell.value, cell.n) == (1, 5)


async def hired(db: Database, first: date, days: tuple[int | None, ...]) -> None:
    async with db.transaction() as conn:
        await hires(conn, first, days)


async def test_windows_that_differ_by_few_newcomers_are_not_subtracted(db: Database) -> None:
    """K20: six are hired in March and two in April: both months together would tell of the two."""
    april = date(2026, 4, 1)
    await hired(db, HIRED, (1, 2, 3, 4, 5, 6))
    await hired(db, april, (7, 8))
    march, both = Scope(Window.covering(HIRED, HIRED)), Scope(Window.covering(HIRED, april))
    assert (await read(db, "newcomer_days_to_first", march))[""].value == 3
    for name in ("newcomer_days_to_first", "newcomer_ties_30"):
        cell = (await read(db, name, both))[""]
        assert (cell.value, cell.suppressed) == (None, True), name
        assert "what was shown before" in str(cell.reason)
    assert (await read(db, "newcomer_ties_30", march))[""].value == 0


async def test_a_number_of_newcomers_stands_until_enough_of_them_did_something(db: Database) -> None:
    """K20: whoever comes late, or is corrected, moves nothing alone."""
    await hired(db, HIRED, (None,) * 12)
    march = Scope(Window.covering(HIRED, HIRED))
    before = await read(db, "newcomer_ties_90", march)
    assert before[""].value == 0
    async with db.acquire() as conn:
        known = [row["person_id"] for row in await conn.fetch("SELECT person_id FROM spans ORDER BY 1")]
    at = datetime(2026, 4, 20, 9, tzinfo=UTC)
    async with db.transaction() as conn:
        await deliver(conn, [part(uuid4(), one, session_starts_at=at) for one in known[:2]])
        session = uuid4()
        await deliver(conn, [part(session, one, session_starts_at=at) for one in known[2:4]])
    assert await read(db, "newcomer_ties_90", march) == before
    async with db.transaction() as conn:
        await deliver(conn, [part(session, known[4], session_starts_at=at)])
    assert (await read(db, "newcomer_ties_90", march))[""].value == 0.5


def said(*minutes: int | None, **changes: Any) -> CheckInsReleased:
    answers = tuple(
        TransferAnswer(applied=1, frequency=1, effect=1, first_use_days=1, barrier=None, minutes_saved=saved)
        for saved in minutes
    )
    values: dict[str, Any] = {
        "batch_id": uuid4(), "programme_id": PROGRAMME, "format": "mentoring", "division": "sales", "day": 30,
        "month": OCTOBER, "released_on": date(2026, 11, 20), "answers": answers,
    }  # fmt: skip
    return CheckInsReleased(**(values | changes))


async def test_minutes_saved_are_a_mean_of_those_who_say(conn: Connection) -> None:
    """K23."""
    await deliver(conn, [programme(), said(0, 30, 60, 90, 120, None, None), said(60, 60, 60, 60, 100)])
    cell = await whole(conn, "minutes_saved")
    assert cell
    assert (cell.value, cell.n, cell.denominator) == (64, 10, 10)


async def test_minutes_that_few_have_saved_are_not_told(conn: Connection) -> None:
    await deliver(conn, [programme(), said(0, 30, 60, 90, None)])
    cell = await whole(conn, "minutes_saved")
    assert cell
    assert (cell.value, cell.suppressed) == (None, True)
