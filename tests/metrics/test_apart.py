"""What a measure cannot be told apart by it says; it does not look like one of which there is nothing."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.db import Database
from shared.events.follow_up import CheckInsReleased, FormItem, PairedAnswer, SurveyPaired, TransferAnswer
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, store
from tests.metrics.world import OCTOBER as TENTH
from tests.metrics.world import PROGRAMME, feedback, goal, held, part, people, person, programme, unit


@pytest.fixture(autouse=True)
async def organization(db: Database) -> None:
    """Sales with a team of ten in it, all of whom came to one session."""
    team, session = people(10), uuid4()
    await store(db, unit("org", "Org"), unit("sales", "Sales", "org"), unit("field", "Field", "org", "sales"))
    await store(db, programme(), held(session), *(person(one, "sales/field") for one in team))
    await store(db, *(part(session, one) for one in team), feedback(5, 4, 4, 3, 5))


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("fill_rate", {"unit": "sales"}, "by unit"),
        ("fill_rate", {"by": "unit"}, "by unit"),
        ("hosting_hours", {"by": "unit"}, "by unit"),
        ("transfer_low", {"by": "unit"}, "by unit"),
        ("usefulness", {"unit": "field"}, "by division"),
        ("usefulness", {"unit": "sales", "by": "unit"}, "by division"),
        ("response_rate", {"unit": "field"}, "by division"),
        ("trainings_completed", {"by": "programme"}, "by programme or format"),
        ("trainings_completed", {"unit": "sales"}, "of all divisions at once"),
        ("newcomer_ties_30", {"format": "mentoring"}, "by programme or format"),
        ("time_to_first_help", {"programme_id": str(PROGRAMME)}, "by programme or format"),
    ],
)
async def test_what_cannot_be_told_apart_says_so(
    api: httpx.AsyncClient, issuer: Issuer, name: str, asked: dict[str, str], words: str
) -> None:
    (cell,) = (await read(api, issuer, f"/v1/measures/{name}", **asked, **OCTOBER))["cells"]
    assert (cell["value"], cell["n"], cell["suppressed"]) == (None, None, False)
    assert words in cell["reason"]


@pytest.mark.parametrize("asked", [{"unit": "sales"}, {"unit": "org"}, {"by": "unit", "unit": "org"}])
async def test_what_is_known_by_division_is_told_of_it_and_of_all(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, asked: dict[str, str]
) -> None:
    said: dict[str, Any] = {"frequency": 1, "effect": 1, "first_use_days": 3, "barrier": None}
    answers = tuple(TransferAnswer(applied=did, minutes_saved=10 * did, **said) for did in (1, 1, 1, 0, 0))
    await store(db, CheckInsReleased(
        batch_id=uuid4(), programme_id=PROGRAMME, format="mentoring", division="sales", day=30, month=TENTH,
        released_on=date(2026, 12, 1), answers=answers,
    ))  # fmt: skip
    for name, value in (("usefulness", 4.2), ("transfer_30", 0.6), ("days_to_first_use", 3), ("minutes_saved", 6)):
        (cell,) = (await read(api, issuer, f"/v1/measures/{name}", **asked, **OCTOBER))["cells"]
        assert (cell["value"], cell["n"]) == (value, 5), name


async def test_a_goal_that_no_programme_has_a_number_of_is_read_of_the_organization(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """As those of the template for onboarding."""
    hired = date(2026, 9, 1)
    others, newcomers = people(5), people(6)
    await store(db, *(person(one, hired_on=hired, effective_at=hired) for one in newcomers))
    for newcomer in newcomers:
        session, starts = uuid4(), datetime(2026, 9, 7, 9, tzinfo=UTC)
        await store(db, *(part(session, one, session_starts_at=starts) for one in (newcomer, *others)))
    aims = (goal("newcomer_days_to_first", 30, 7), goal("attendance_rate", 0, 1))
    await store(db, programme(version=2, starts_on=hired, goals=aims))
    items = (await read(api, issuer, "/v1/goals"))["items"]
    assert [(item["measure"], item["current"], item["of"]) for item in items] == [
        ("newcomer_days_to_first", 6, "organization"),
        ("attendance_rate", 1, "programme"),
    ]
    page = await api.get("/", headers={"Accept": "text/html", **issuer.bearer("analyst")})
    assert page.text.count("of the whole organization") == 1


async def test_what_people_know_is_no_behaviour(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """Neither a test of its own nor a question of it among those about what people do."""
    told: dict[str, Any] = {"programme_id": PROGRAMME, "arm": "participants", "released_on": TENTH,
                            "asked": 20, "before": 16, "after": 12}  # fmt: skip
    knows, does = FormItem(code="knowledge", reverse=False), FormItem(code="shares", reverse=False)
    both = tuple(PairedAnswer(before=(1, 2 + number % 2), after=(5, 3)) for number in range(12))
    test = tuple(PairedAnswer(before=(1,), after=(5,)) for _ in range(12))
    await store(db, SurveyPaired(survey_id=uuid4(), items=(knows, does), pairs=both, **told))
    await store(db, SurveyPaired(survey_id=uuid4(), items=(knows,), pairs=test, **told))
    (cell,) = (await read(api, issuer, "/v1/measures/behaviour_change", **OCTOBER))["cells"]
    assert (cell["value"], cell["n"]) == (0.5, 12)


async def test_months_of_a_unit_that_is_not_shown_are_compared_with_nothing(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, unit("board", "Board", "org"), *(person(one, "board") for one in people(3)))
    (cell,) = (
        await read(api, issuer, "/v1/measures/attendance_rate", by="month", unit="board", compare="before", **OCTOBER)
    )["cells"]
    assert (cell["suppressed"], cell["compared"]["difference"]) == (True, None)
