from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.metrics.domain.measures import MEASURES
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Connection
from shared.events.matching import MatchAccepted, MatchDeclined, MatchEnded
from shared.events.sessions import SessionCancelled
from shared.refusal import InvalidRequest
from tests.metrics.world import (
    OCTOBER,
    PROGRAMME,
    deliver,
    feedback,
    held,
    part,
    people,
    person,
    programme,
    proposal,
    proposed,
    unit,
)

IN_OCTOBER = Scope(Window(OCTOBER, date(2026, 11, 1)))


async def cells(conn: Connection, name: str, by: Any = "none", k: int = 5, **filters: Any) -> dict[str, Cell]:
    scope = replace(IN_OCTOBER, by=by, **filters)
    table = await get_measure(conn, Release(conn, k), MEASURES[name], scope)
    return {cell.label: cell for cell in table.cells}


async def value(conn: Connection, name: str, **filters: Any) -> float | None:
    return (await cells(conn, name, **filters))["All"].value


@pytest.fixture
async def staff(conn: Connection) -> dict[str, list[UUID]]:
    """Three divisions of 20, 9 and 4 people."""
    found = {"sales": people(20), "legal": people(9), "board": people(4)}
    await deliver(conn, [unit("org", "Organization"), *(unit(code, code.capitalize(), "org") for code in found)])
    await deliver(conn, [person(one, code) for code, members in found.items() for one in members])
    await deliver(conn, [programme()])
    return found


async def test_participation_is_who_came_of_those_who_could(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    """K2."""
    session = uuid4()
    await deliver(conn, [part(session, one) for one in staff["sales"][:11]])
    await deliver(conn, [part(session, one, state="no_show") for one in staff["sales"][11:]])
    found = (await cells(conn, "participation_rate"))["All"]
    assert (found.value, found.n, found.denominator) == (0.33, 33, 33)
    assert await value(conn, "participation_rate", unit="sales") == 0.55
    assert await value(conn, "attendance_rate") == 0.55
    assert await value(conn, "no_show_rate") == 0.45


@pytest.mark.parametrize(
    ("became", "rate", "n", "expected"),
    [("registered", 1, 10, 10), ("attended", 0.77, 16, 26), ("no_show", 0.38, 16, 26)],
)
async def test_a_late_refusal_counts_once_it_is_known_who_was_there(
    conn: Connection, staff: dict[str, list[UUID]], became: str, rate: float, n: int, expected: int
) -> None:
    """Nobody was missed in what is yet to come, or in what never took place."""
    met, planned = uuid4(), uuid4()
    here, refused = staff["sales"][:10], staff["sales"][10:16]
    await deliver(conn, [part(met, one) for one in here])
    await deliver(conn, [part(planned, one, state="cancelled_late") for one in refused])
    await deliver(conn, [part(planned, one, state=became) for one in here])
    found = (await cells(conn, "attendance_rate"))["All"]
    assert (found.value, found.n, found.denominator) == (rate, n, expected)


async def test_who_refused_late_is_nobody_where_nobody_met(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    await deliver(conn, [part(uuid4(), one, state="cancelled_late") for one in staff["sales"]])
    found = (await cells(conn, "attendance_rate"))["All"]
    assert (found.value, found.n, found.suppressed) == (None, 0, False)


async def test_whoever_was_away_for_most_of_the_month_could_not_come(
    conn: Connection, staff: dict[str, list[UUID]]
) -> None:
    away, joined, left = staff["sales"][:3]
    await deliver(
        conn,
        [
            person(away, "sales", 2, status="leave", effective_at=date(2026, 10, 5)),
            person(joined, "sales", 2, status="prehire", effective_at=date(2026, 1, 1)),
            person(joined, "sales", 3, effective_at=date(2026, 10, 20)),
            person(left, "sales", 2, status="left", effective_at=date(2026, 10, 20)),
            part(uuid4(), away),
        ],
    )
    found = (await cells(conn, "participation_rate"))["All"]
    assert (found.value, found.denominator) == (0, 31)


async def test_a_person_is_employed_from_their_day_of_hire_although_we_hear_of_it_later(conn: Connection) -> None:
    await deliver(conn, [person(one, effective_at=date(2026, 11, 20)) for one in people(6)])
    assert (await cells(conn, "participation_rate"))["All"].denominator == 6


async def test_small_divisions_are_hidden_with_one_more_so_that_subtraction_tells_nothing(
    conn: Connection, staff: dict[str, list[UUID]]
) -> None:
    await deliver(conn, [part(uuid4(), one) for one in staff["sales"]])
    found = await cells(conn, "participation_rate", "unit")
    assert {label: (cell.value, cell.n, cell.suppressed) for label, cell in found.items()} == {
        "Sales": (1, 20, False),
        "Legal": (None, None, True),
        "Board": (None, None, True),
    }
    assert "Fewer than 5" in str(found["Board"].reason)
    assert "subtraction" in str(found["Legal"].reason)


@pytest.mark.parametrize(("came", "shown"), [(0, True), (4, False), (5, True), (15, True), (16, False), (20, True)])
async def test_a_few_who_came_or_did_not_are_not_told_by_any_measure(conn: Connection, came: int, shown: bool) -> None:
    """Of twenty; the n of one measure less that of another would tell as much as the rate."""
    crowd = people(20)
    await deliver(conn, [unit("org", "Organization"), unit("sales", "Sales", "org"), *(person(one) for one in crowd)])
    await deliver(conn, [part(uuid4(), one) for one in crowd[:came]])
    for name in ("participation_rate", "reach"):
        found = (await cells(conn, name, "unit"))["Sales"]
        assert (found.value is not None, found.n is not None) == (shown, shown), name
        assert shown or str(found.reason).startswith("Fewer than 5 people came, or fewer than 5 did not:")


@pytest.mark.parametrize("name", ["participation_rate", "attendance_rate", "sessions_held", "learning_hours"])
async def test_a_filter_tells_no_more_than_the_table_it_is_taken_from(
    conn: Connection, staff: dict[str, list[UUID]], name: str
) -> None:
    await deliver(conn, [unit("org", "Organization"), unit("board.a", "A", "org", "board")])
    for members in staff.values():
        session = uuid4()
        await deliver(conn, [held(session), *(part(session, one) for one in members)])
    for code in ("board", "legal"):
        hidden = (await cells(conn, name, unit=code))["All"]
        assert hidden.suppressed
        assert hidden.value is None
        assert "selection" in str(hidden.reason)
    assert not (await cells(conn, name))["All"].suppressed


async def test_an_empty_cell_is_no_secret(conn: Connection) -> None:
    found = (await cells(conn, "attendance_rate"))["All"]
    assert (found.value, found.n, found.suppressed) == (None, 0, False)
    assert (await cells(conn, "sessions_held"))["All"].value == 0


async def test_a_programme_counts_its_audience_over_its_own_run(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    await deliver(conn, [programme(version=2, audience_units=("sales",), starts_on=date(2026, 10, 25))])
    newcomer = uuid4()
    await deliver(conn, [person(newcomer, effective_at=date(2026, 10, 25), hired_on=date(2026, 10, 25))])
    await deliver(conn, [part(uuid4(), one) for one in (*staff["sales"][:6], newcomer)])
    found = (await cells(conn, "participation_rate", "programme"))["Mentoring"]
    assert (found.denominator, found.value) == (21, 0.33)


async def test_participation_by_month_and_format(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    """K2."""
    await deliver(conn, [part(uuid4(), one) for one in staff["sales"]])
    assert (await cells(conn, "participation_rate", "month"))["2026-10"].value == 0.61
    assert (await cells(conn, "participation_rate", "format"))["Mentoring"].value == 0.61


async def test_a_cancelled_session_is_not_held(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    sessions = [held(uuid4()) for _ in range(3)]
    await deliver(conn, sessions)
    await deliver(conn, [part(one.session_id, who) for one in sessions for who in staff["sales"][:6]])
    same = sessions[0].model_dump(include=set(SessionCancelled.model_fields))
    await deliver(conn, [SessionCancelled(**(same | {"version": 3}))])
    assert await value(conn, "sessions_held") == 2
    assert (await cells(conn, "sessions_held", "format"))["Mentoring"].value == 2
    assert await value(conn, "learning_hours") == 18


@pytest.mark.parametrize("role", ["facilitator", "participant"])
async def test_evenness_counts_silent_members_and_not_the_facilitator(
    conn: Connection, staff: dict[str, list[UUID]], role: str
) -> None:
    """R3, K13."""
    session, match = uuid4(), uuid4()
    *speakers, absent, host = staff["sales"][:6]
    await deliver(conn, [proposed(match, [*speakers, absent])])
    await deliver(conn, [held(session, match_id=match, facilitator_id=host)])
    contributions = dict(zip(speakers, (5, 3, 2, 0), strict=True))
    await deliver(conn, [part(session, one, asked=count) for one, count in contributions.items()])
    await deliver(conn, [part(session, host, role=role, asked=50)])
    found = (await cells(conn, "evenness"))["All"]
    assert (found.value, found.n, found.denominator) == (0.35, 5, 1)


@pytest.mark.parametrize("came", ["attended", "excused"])
async def test_who_leads_takes_none_of_the_places_and_has_one(
    conn: Connection, staff: dict[str, list[UUID]], came: str
) -> None:
    """Whether they came shows in the places taken alone: how many places there are does not depend on it."""
    session, (leader, *members) = uuid4(), staff["sales"][:7]
    await deliver(conn, [held(session, capacity=7, facilitator_id=leader)])
    await deliver(conn, [part(session, one) for one in members])
    await deliver(conn, [part(session, leader, role="facilitator", state=came)])
    found = (await cells(conn, "fill_rate"))["All"]
    assert (found.value, found.denominator) == (0.88 if came == "attended" else 0.75, 8)
    assert (await cells(conn, "waitlist_pressure"))["All"].denominator == 7


async def test_feedback_is_a_mean_of_anonymous_answers(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    """K4."""
    batch = feedback(5, 4, 4, 3, 5)
    await deliver(conn, [batch, batch, feedback(1, 1, 1, 1, 1, division="legal")])
    await deliver(conn, [batch])
    await deliver(conn, [part(uuid4(), one) for one in staff["sales"]])
    found = (await cells(conn, "usefulness"))["All"]
    assert (found.value, found.n, found.denominator) == (2.6, 10, 10)
    assert (await cells(conn, "relevance", "unit"))["Sales"].value == 4.2
    assert await value(conn, "engagement", unit="sales") == 4.2
    assert await value(conn, "response_rate") == 0.5


async def test_a_threshold_holds_as_it_was_when_its_month_was_first_shown(
    conn: Connection, staff: dict[str, list[UUID]]
) -> None:
    await deliver(conn, [feedback(5, 4, 4, 3, 5)])
    assert (await cells(conn, "usefulness", k=6))["All"].suppressed
    assert (await cells(conn, "usefulness", k=5))["All"].suppressed


async def test_a_mean_of_answers_that_are_all_the_same_is_not_shown(conn: Connection) -> None:
    await deliver(conn, [feedback(4, 4, 4, 4, 4), feedback(5, 4, 3, 4, 4, division="legal")])
    found = await cells(conn, "usefulness", "unit")
    assert "answered the same" in str(found["sales"].reason)
    assert found["legal"].value == 4.0


async def test_acceptance_is_the_answer_whatever_became_of_the_match(
    conn: Connection, staff: dict[str, list[UUID]]
) -> None:
    october = datetime(2026, 10, 3, tzinfo=UTC)
    pairs = [(uuid4(), staff["sales"][index : index + 2]) for index in range(0, 8, 2)]
    await deliver(conn, [proposed(*pair) for pair in pairs], october)
    answers = [MatchAccepted(**proposal(*pair, 2)) for pair in pairs[:2]]
    declined = MatchDeclined(**proposal(*pairs[2], 2))
    ended = MatchEnded(**proposal(*pairs[0], 3), reason="no_longer_available")
    await deliver(conn, [ended, *answers, declined, *answers], datetime(2026, 11, 2, tzinfo=UTC))
    found = (await cells(conn, "acceptance_rate"))["All"]
    assert (found.value, found.n, found.denominator) == (0.67, 6, 3)


async def test_windows_are_whole_months() -> None:
    assert Window.covering(date(2026, 10, 14), date(2026, 11, 1)) == Window(OCTOBER, date(2026, 12, 1))
    assert Window.covering(None, date(2026, 2, 3)) == Window(date(2025, 12, 1), date(2026, 3, 1))
    for first, last in ((date(2026, 2, 1), date(2026, 1, 1)), (date(1, 1, 1), date(2026, 1, 1)), (None, date(1, 1, 1))):
        with pytest.raises(InvalidRequest):
            Window.covering(first, last)


async def test_a_programme_filter_is_checked_against_the_table_of_programmes(
    conn: Connection, staff: dict[str, list[UUID]]
) -> None:
    small = uuid4()
    await deliver(conn, [programme(small, name="Small", format="job_shadowing")])
    await deliver(conn, [part(uuid4(), one) for one in staff["sales"]])
    await deliver(conn, [part(uuid4(), one, programme_id=small, format="job_shadowing") for one in staff["board"]])
    for filters in ({"programme_id": small}, {"format": "job_shadowing"}, {"programme_id": PROGRAMME}):
        assert (await cells(conn, "attendance_rate", **filters))["All"].suppressed


async def test_whoever_moved_counts_in_one_unit_with_their_attendance(
    conn: Connection, staff: dict[str, list[UUID]]
) -> None:
    """K2: six of legal move to sales on 20 October, five of them come there on the 25th, and one came before."""
    movers, early, late = people(6), uuid4(), uuid4()
    await deliver(conn, [person(one, "legal") for one in movers])
    await deliver(conn, [person(one, "sales", 2, effective_at=date(2026, 10, 20)) for one in movers])
    await deliver(conn, [person(one, "sales") for one in people(3)])
    moment = datetime(2026, 10, 25, 9, tzinfo=UTC)
    await deliver(conn, [part(early, one) for one in (movers[5], *staff["legal"][:6])])
    await deliver(conn, [part(late, one, session_starts_at=moment) for one in movers[:5]])
    counted = await conn.fetch(
        "SELECT cell, count(*) AS people, count(*) FILTER (WHERE came) AS came "
        "FROM expected_people('unit', '2026-10-01', '2026-11-01', NULL, NULL, NULL) GROUP BY cell ORDER BY cell"
    )
    assert [tuple(row) for row in counted] == [("board", 4, 0), ("legal", 10, 7), ("sales", 28, 5)]
    assert (await cells(conn, "participation_rate"))["All"].denominator == 42


async def test_engagement_is_the_same_by_unit_and_by_selection(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    """K13."""
    session, others, beside = uuid4(), people(10), people(5)  # these are hidden beside the board
    await deliver(conn, [person(one, "legal") for one in others] + [person(one, "ops") for one in beside])
    await deliver(conn, [part(session, one) for one in (*staff["sales"][:10], *others, *beside)])
    await deliver(conn, [feedback(5, 4, 3, 4, 5, 5, 4, 3)])
    apart = await cells(conn, "engagement_index", "unit")
    chosen = (await cells(conn, "engagement_index", unit="sales"))["All"]
    silent = (await cells(conn, "engagement_index", unit="legal"))["All"]
    assert chosen.value == apart["Sales"].value
    assert chosen.value is not None
    assert silent.value is not None
    assert chosen.value - silent.value == 12  # eight answers of ten: 15 * 0.8


async def test_engagement_of_a_month_ends_with_the_month(conn: Connection, staff: dict[str, list[UUID]]) -> None:
    """K13."""
    for start in (datetime(2026, 3, 14, 9, tzinfo=UTC), datetime(2026, 7, 14, 9, tzinfo=UTC)):
        session = uuid4()
        await deliver(conn, [part(session, one, session_starts_at=start) for one in staff["sales"]])

    async def march(by: Any, until: date) -> float | None:
        scope = Scope(Window(date(2026, 3, 1), until), by)
        table = await get_measure(conn, Release(conn, 5), MEASURES["engagement_index"], scope)
        return table.cells[0].value

    assert await march("month", date(2026, 8, 1)) == await march("none", date(2026, 4, 1)) is not None
