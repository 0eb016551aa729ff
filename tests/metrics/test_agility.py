"""How widely people learn, how soon newcomers know somebody, and what it has saved."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.metrics.queries.scope import Window
from shared.db import Connection
from shared.events.follow_up import CheckInsReleased, TransferAnswer
from tests.metrics.test_measures import cells, value
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


@pytest.mark.parametrize("told", [False, True])
async def test_a_month_of_hires_counts_when_all_have_been_here_so_long(conn: Connection, told: bool) -> None:
    day = datetime.now(UTC).date() - timedelta(days=30 if told else 29)
    hired = (day.replace(day=1) - timedelta(days=1)).replace(day=1) if told else day.replace(day=1)
    await newcomers(conn, 5, hired, ())
    cell = await whole(conn, "newcomer_ties_30", window=Window.covering(hired, hired))
    assert bool(cell and cell.n) is told


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
