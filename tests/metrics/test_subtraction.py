"""Whoever reads answers, audiences and reach by HTTP and subtracts learns nothing of fewer than five people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.db import Database
from shared.events.follow_up import CheckInsReleased, FormItem, PairedAnswer, SurveyPaired, TransferAnswer
from shared.events.matching import RoundCompleted
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, store
from tests.metrics.world import OCTOBER as TENTH
from tests.metrics.world import PROGRAMME, START, feedback, held, part, people, person, programme, unit

ELEVENTH = date(2026, 11, 1)
NOVEMBER = {"starts_on": "2026-11-01", "ends_on": "2026-11-30"}
BOTH = {"starts_on": "2026-10-01", "ends_on": "2026-11-30"}
OTHER = UUID("00000000-0000-4000-8000-000000000002")
Cells = dict[str, tuple[float | None, int | None]]


async def told(api: httpx.AsyncClient, issuer: Issuer, name: str, **query: Any) -> Cells:
    cells = (await read(api, issuer, f"/v1/measures/{name}", **query))["cells"]
    return {cell["group"]: (cell["value"], cell["denominator"]) for cell in cells}


@pytest.fixture(autouse=True)
async def organization(db: Database) -> None:
    await store(db, unit("org", "Org"), *(unit(code, code, "org") for code in ("sales", "legal", "ops")), programme())


def saved(*minutes: int | None, month: date = TENTH) -> CheckInsReleased:
    """A batch of check-ins, some of which say how many minutes were saved."""
    answers = [
        TransferAnswer(applied=1, frequency=1, effect=1, first_use_days=3, barrier=None, minutes_saved=each)
        for each in minutes
    ]
    return CheckInsReleased(
        batch_id=uuid4(), programme_id=PROGRAMME, format="mentoring", division="sales", day=30, month=month,
        released_on=date(2026, 12, 1), answers=tuple(answers),
    )  # fmt: skip


def applied(day: int, *did: int) -> CheckInsReleased:
    """What some tell of one day, each whether they had applied what they learned."""
    answers = [
        TransferAnswer(applied=each, frequency=each, effect=each, first_use_days=None, barrier=None, minutes_saved=None)
        for each in did
    ]
    return CheckInsReleased(
        batch_id=uuid4(), programme_id=PROGRAMME, format="mentoring", division="sales", day=day, month=TENTH,
        released_on=date(2026, 12, 1), answers=tuple(answers),
    )  # fmt: skip


def gained(gaining: int, on: date) -> SurveyPaired:
    """Twelve answered twice; so many could gain, and the others were at the top before."""
    could = [PairedAnswer(before=(1 + number % 2,), after=(4,)) for number in range(gaining)]
    return SurveyPaired(
        survey_id=uuid4(), programme_id=PROGRAMME, arm="participants", released_on=on,
        items=(FormItem(code="knowledge", reverse=False),), asked=20, before=12, after=12,
        pairs=(*could, *[PairedAnswer(before=(5,), after=(5,))] * (12 - gaining)),
    )  # fmt: skip


def matched(asked: int, on: date) -> tuple[RoundCompleted, date]:
    """A round in which nobody was matched."""
    found = RoundCompleted(
        round_id=uuid4(), programme_id=PROGRAMME, kind="pair", asked=asked, matched=0, unmatched=asked, seed=1,
        rules_version=1, input_digest="x",
    )  # fmt: skip
    return found, on


async def test_a_batch_of_which_one_said_so_is_not_the_difference_of_two_windows(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, saved(10, 20, 30, 40, 50, 60), saved(7777, None, None, None, None, month=ELEVENTH))
    assert await told(api, issuer, "minutes_saved", **OCTOBER) == {"": (35.0, 6)}
    assert await told(api, issuer, "minutes_saved", **BOTH) == {"": (None, None)}  # 1,141.0 of 7 tells the 7,777


async def test_nor_of_two_readings(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await store(db, saved(10, 20, 30, 40, 50, 60))
    before = await told(api, issuer, "minutes_saved", **OCTOBER)
    await store(db, saved(7777, None, None, None, None))
    assert await told(api, issuer, "minutes_saved", **OCTOBER) == before
    await store(db, saved(1, 2, 3, 4, 5))
    assert (await told(api, issuer, "minutes_saved", **OCTOBER))[""][1] == 12


@pytest.mark.parametrize("order", [("scrap", "transfer_30"), ("transfer_30", "scrap"), ("transfer_30", "transfer_low")])
async def test_one_day_of_transfer_is_not_what_the_other_leaves_over_of_both(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, order: tuple[str, str]
) -> None:
    """Of ten one had not applied it by the ninetieth day or the thirtieth; that one answered on the thirtieth."""
    await store(db, applied(30, 1, 1, 1, 1, 0), applied(90, 1, 1, 1, 1, 1))
    assert await told(api, issuer, "transfer_90", **OCTOBER) == {"": (None, None)}
    first, second = [(await told(api, issuer, name, **OCTOBER))[""] for name in order]
    assert first[1] in {5, 10}
    assert second == (None, None)  # 9 of 10 less 4 of 5: all of five
    await store(db, applied(90, 0, 1, 0, 1, 0))
    shown = [(await told(api, issuer, name, **OCTOBER))[""][1] for name in ("scrap", "transfer_30", "transfer_90")]
    # What was shown of both days binds: the thirtieth would still leave over the five.
    assert shown == ([15, None, None] if order[0] == "scrap" else [15, 5, 10])


async def test_days_that_are_alike_each_are_not_told_together(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """All of six did, none of five: 6 of 11 says which is which."""
    await store(db, applied(30, 1, 1, 1, 1, 1, 1), applied(60, 0, 0, 0, 0, 0))
    for name in ("scrap", "transfer_30", "transfer_60", "scrap"):
        assert await told(api, issuer, name, **OCTOBER) == {"": (None, None)}


async def test_answers_all_alike_are_not_what_a_division_leaves_over(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, feedback(1, 2, 3, 4, 5), feedback(2, 2, 2, 2, 2, division="legal"))
    assert await told(api, issuer, "usefulness", by="unit", **OCTOBER) == {"legal": (None, None), "sales": (3.0, 5)}
    assert await told(api, issuer, "usefulness", **OCTOBER) == {"": (None, None)}  # 2.5 of 10 less 3.0 of 5
    await store(db, feedback(1, 2, 3, 4, 5, division="ops"))
    assert (await told(api, issuer, "usefulness", by="unit", **OCTOBER))["ops"] == (3.0, 5)
    assert (await told(api, issuer, "usefulness", **OCTOBER))[""] == (None, None)
    await store(db, feedback(1, 3, 5, 4, 5, division="legal"))
    assert (await told(api, issuer, "usefulness", **OCTOBER))[""] == (2.9, 20)


async def test_nor_what_a_month_leaves_over(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await store(db, feedback(1, 2, 3, 4, 5), feedback(2, 2, 2, 2, 2, month=ELEVENTH))
    assert await told(api, issuer, "usefulness", **NOVEMBER) == {"": (None, None)}
    assert await told(api, issuer, "usefulness", **BOTH) == {"": (2.5, 10)}
    assert await told(api, issuer, "usefulness", **OCTOBER) == {"": (None, None)}


async def test_nor_what_has_come_since_the_last_reading(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await store(db, feedback(1, 2, 3, 4, 5))
    before = await told(api, issuer, "usefulness", **OCTOBER)
    await store(db, feedback(2, 2, 2, 2, 2))
    assert await told(api, issuer, "usefulness", **OCTOBER) == before
    await store(db, feedback(5, 5, 5, 5, 4))
    assert (await told(api, issuer, "usefulness", **OCTOBER))[""] == (3.3, 15)


async def test_one_who_could_gain_is_not_the_difference_of_two_surveys(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, gained(10, date(2026, 10, 20)), gained(1, date(2026, 11, 20)))
    assert (await told(api, issuer, "normalised_gain", **OCTOBER))[""][1] == 10
    assert await told(api, issuer, "normalised_gain", **BOTH) == {"": (None, None)}


async def test_a_round_of_two_is_not_the_difference_of_two_windows(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    for found, on in (matched(20, date(2026, 10, 5)), matched(2, date(2026, 11, 5))):
        await store(db, found, at=datetime(on.year, on.month, on.day, tzinfo=UTC))
    assert (await told(api, issuer, "unmatched_rate", **OCTOBER))[""] == (1.0, 20)
    assert (await told(api, issuer, "unmatched_rate", **BOTH))[""] == (None, None)


async def team(db: Database) -> None:
    """Sales is team a of 28 and team b of two; ops is as many others. Of a twenty come, of b one."""
    a, b, ops = people(28), people(2), people(30)
    await store(db, unit("a", "A", "org", "sales"), unit("b", "B", "org", "sales"))
    await store(db, *(person(one, "sales/a") for one in a), *(person(one, "sales/b") for one in b))
    await store(db, *(person(one, "ops") for one in ops))
    session = uuid4()
    await store(db, held(session), *(part(session, one) for one in (*a[:20], b[0])))


@pytest.mark.parametrize(
    ("audience", "shown"), [(("a",), False), (("sales", "b"), True), (("ops", "b"), False), (("ops", "a", "b"), True)]
)
async def test_a_programme_for_nearly_a_whole_unit_leaves_nobody_over(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, audience: tuple[str, ...], shown: bool
) -> None:
    """Of 28 twenty came, of the 30 of their division 21: one of the two others."""
    await team(db)
    await store(db, programme(OTHER, audience_units=audience, format="study_group"))
    asked: list[dict[str, Any]] = [{"by": "programme"}, {"by": "format"}, {"programme_id": OTHER}]
    for query in asked:
        cells = await told(api, issuer, "participation_rate", **query, **OCTOBER)
        cell = cells[str(OTHER) if query == asked[0] else "study_group" if query == asked[1] else ""]
        assert (cell[1] is not None) is shown, query
    assert (await told(api, issuer, "participation_rate", by="unit", **OCTOBER))["sales"][1] == 30
    within = await told(api, issuer, "participation_rate", by="unit", programme_id=OTHER, **OCTOBER)
    assert all(cell[1] in {None, 30} for cell in within.values())


@pytest.mark.parametrize("count", [0, 1, 4])
async def test_whether_anybody_of_a_few_came_does_not_show_in_the_units_reached(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, count: int
) -> None:
    sales, ops, board = people(30), people(30), people(4)
    await store(db, unit("board", "Board", "org"), *(person(one, "sales") for one in sales))
    await store(db, *(person(one, "board") for one in board), *(person(one, "ops") for one in ops))
    session = uuid4()
    await store(db, held(session), *(part(session, one) for one in (*sales[:20], *ops[:3], *board[:count])))
    assert await told(api, issuer, "reach", **OCTOBER) == {"": (0.5, 2)}


@pytest.mark.parametrize(("members", "share"), [(45, None), (46, 0.27)])
async def test_the_most_active_tenth_is_k_people_or_not_told(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, members: int, share: float | None
) -> None:
    """Of forty-five the tenth is four: their share of all contributions would be what four people did."""
    crowd, session = people(members), uuid4()
    said = [part(session, one, asked=3 if number < 5 else 1) for number, one in enumerate(crowd)]
    await store(db, *(person(one) for one in crowd), held(session), *said)
    (cell,) = (await read(api, issuer, "/v1/measures/top_share", **OCTOBER))["cells"]
    assert (cell["value"], cell["suppressed"]) == (share, share is None)
    if share is None:
        assert cell["reason"].startswith("Fewer than 5 people in the most active tenth")
        assert (cell["n"], cell["denominator"]) == (None, None)


async def test_a_filter_shows_nothing_that_its_table_hides_beside_a_few(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """Of a unit of three nobody came: all less sales and legal would tell so (ADR 120)."""
    staff = {"sales": people(10), "legal": people(7), "ops": people(3)}
    session = uuid4()
    await store(db, *(person(one, code) for code, members in staff.items() for one in members), held(session))
    await store(db, *(part(session, one) for code in ("sales", "legal") for one in staff[code]))
    table = await told(api, issuer, "attendance_rate", by="unit", **OCTOBER)
    assert table == {"sales": (1, 10), "legal": (None, None), "ops": (None, None)}
    for code, shown in table.items():
        assert await told(api, issuer, "attendance_rate", unit=code, **OCTOBER) == {"": shown}, code


async def test_a_filter_shows_no_share_that_its_table_hides_beside_a_few(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """Of sales all but two came again: those two would be all less legal."""
    sales, legal = people(12), people(12)
    await store(db, *(person(one) for one in sales), *(person(one, "legal") for one in legal))
    for came in ((*sales, *legal), (*sales[:10], *legal[:6])):
        session = uuid4()
        await store(db, held(session), *(part(session, one) for one in came))
    table = await told(api, issuer, "repeat_rate", by="unit", **OCTOBER)
    assert table == {"sales": (None, None), "legal": (None, None)}
    assert await told(api, issuer, "repeat_rate", unit="legal", **OCTOBER) == {"": (None, None)}


@pytest.mark.parametrize(("leading", "shown"), [(4, None), (5, 0.5)])
async def test_how_punctual_few_facilitators_are_is_not_told(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, leading: int, shown: float | None
) -> None:
    crowd, leaders = people(9), people(leading)
    for number, leader in enumerate(leaders * 2):
        session, late = uuid4(), timedelta(minutes=30 * (number < leading))
        await store(db, held(session, facilitator_id=leader, began_at=START + late))
        await store(db, *(part(session, one) for one in crowd))
    (cell,) = (await read(api, issuer, "/v1/measures/on_time_start", **OCTOBER))["cells"]
    assert (cell["value"], cell["suppressed"]) == (shown, shown is None)
    assert shown or cell["reason"].startswith("Fewer than 5 people came, or fewer than 5 led")
