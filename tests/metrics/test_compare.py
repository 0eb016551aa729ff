"""A number beside another: both as they are released, and no difference where either is hidden."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.confidentiality.comparison import Side, difference
from services.metrics.queries.scope import Window
from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, store
from tests.metrics.world import feedback, held, part, people, person, unit

SEPTEMBER = {"starts_on": "2026-09-01", "ends_on": "2026-09-30"}
EARLIER = datetime(2026, 9, 16, 9, tzinfo=UTC)
SCORES = st.floats(0, 100, allow_nan=False)


async def meeting(db: Database, members: list[UUID], **changes: Any) -> None:
    session = uuid4()
    at: Any = {"starts_at": changes["session_starts_at"]} if "session_starts_at" in changes else {}
    await store(db, held(session, **at), *(part(session, one, **changes) for one in members))


async def two_months(db: Database) -> None:
    """Sales came in both months; the board is four people; legal is where four came before and nine now."""
    sales, board, legal = people(30), people(4), people(30)
    await store(db, *(unit(code, code.title(), "org") for code in ("sales", "board", "legal")), unit("org", "Org"))
    for code, staff in (("sales", sales), ("board", board), ("legal", legal)):
        await store(db, *(person(one, code) for one in staff))
    await meeting(db, [*sales[:10], *board[:2], *legal[:4]], session_starts_at=EARLIER)
    await meeting(db, [*sales[:15], *board[:3], *legal[:9]])


def numbers(cell: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("value", "n", "denominator", "suppressed", "reason"))


async def test_a_period_is_compared_with_the_one_before(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await two_months(db)
    path = "/v1/measures/learning_hours"
    before = {cell["group"]: cell for cell in (await read(api, issuer, path, by="unit", **SEPTEMBER))["cells"]}
    now = {cell["group"]: cell for cell in (await read(api, issuer, path, by="unit", **OCTOBER))["cells"]}
    both = (await read(api, issuer, path, by="unit", compare="before", **OCTOBER))["cells"]
    assert {cell["group"] for cell in both} == {"sales", "board", "legal"}
    for cell in both:
        code, compared = cell["group"], cell["compared"]
        assert numbers(cell) == numbers(now[code])
        assert numbers(compared["against"]) == numbers(before[code])
        assert compared["against"]["window"] == {"start": "2026-09-01", "end": "2026-10-01"}
        if cell["suppressed"] or compared["against"]["suppressed"]:
            assert (compared["difference"], compared["suppressed"]) == (None, True)
            assert "compared" in compared["reason"]
        else:
            assert compared["difference"] == cell["value"] - compared["against"]["value"]
    differences = {cell["group"]: cell["compared"]["difference"] for cell in both}
    assert differences == {"sales": 5, "board": None, "legal": None}
    assert before["legal"]["suppressed"]


async def test_a_part_is_compared_with_the_whole(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await two_months(db)
    path = "/v1/measures/participation_rate"
    found = (await read(api, issuer, path, by="unit", compare="whole", **OCTOBER))["cells"]
    (whole,) = (await read(api, issuer, path, **OCTOBER))["cells"]
    for cell in found:
        assert numbers(cell["compared"]["against"]) == numbers(whole)
        assert (cell["compared"]["difference"] is None) is cell["suppressed"]
    sales = next(cell for cell in found if cell["group"] == "sales")
    assert sales["compared"]["difference"] == round(sales["value"] - whole["value"], 2)


async def test_a_month_is_compared_with_the_month_before(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await two_months(db)
    asked: Any = {"by": "month", "compare": "before", "starts_on": "2026-09-01", "ends_on": "2026-10-31"}
    cells = (await read(api, issuer, "/v1/measures/learning_hours", **asked))["cells"]
    september, october = cells
    assert (september["group"], september["compared"]["difference"]) == ("2026-09", None)
    assert october["compared"]["against"]["group"] == "2026-09"
    assert october["compared"]["difference"] == october["value"] - september["value"]


async def test_means_whose_intervals_overlap_do_not_differ(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, feedback(*([3, 4] * 5), month=date(2026, 9, 1)), feedback(*([3, 4, 4] * 4)))
    await store(db, feedback(*([1, 2] * 20), month=date(2026, 8, 1)))
    for month, clear in (("2026-09", True), ("2026-10", False)):
        window = {"starts_on": f"{month}-01", "ends_on": f"{month}-28", "compare": "before"}
        (cell,) = (await read(api, issuer, "/v1/measures/usefulness", **window))["cells"]
        assert cell["half_interval"] > 0
        assert cell["compared"]["clear"] is clear


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("attendance_rate", {"compare": "whole"}),
        ("attendance_rate", {"compare": "person"}),
        ("freshness_seconds", {"compare": "before"}),
    ],
)
async def test_what_cannot_be_compared_is_named(
    name: str, query: dict[str, str], api: httpx.AsyncClient, issuer: Issuer
) -> None:
    reply = await api.get(f"/v1/measures/{name}", params=query, headers=issuer.bearer("analyst"))
    assert reply.status_code == 422
    assert [error["field"] for error in reply.json()["errors"]] == ["compare"]


@given(SCORES, SCORES, st.booleans(), st.booleans())
def test_no_difference_tells_what_a_side_hides(one: float, other: float, here: bool, there: bool) -> None:
    found = difference(
        Side(None if here else one, suppressed=here), Side(None if there else other, suppressed=there), 2
    )
    assert found.suppressed is (here or there)
    assert (found.value is None) is (here or there)
    assert (found.reason is None) is not (here or there)


@pytest.mark.parametrize(("one", "other", "clear"), [(4.0, 3.0, True), (3.0, 4.0, True), (3.0, 3.1, False)])
def test_less_is_as_clearly_apart_as_more(one: float, other: float, *, clear: bool) -> None:
    found = difference(
        Side(one, suppressed=False, half_interval=0.2), Side(other, suppressed=False, half_interval=0.2), 2
    )
    assert found.clear is clear


def test_the_window_before_is_as_long_and_ends_where_this_begins() -> None:
    quarter = Window(date(2026, 1, 1), date(2026, 4, 1))
    assert quarter.back() == Window(date(2025, 10, 1), date(2026, 1, 1))
    assert quarter.back(1) == Window(date(2025, 12, 1), date(2026, 3, 1))
