"""What a programme is worth, as declared: with its assumptions, and no more claimed than a control group allows."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.world import PROGRAMME, programme

AT = f"/v1/programmes/{PROGRAMME}/figures"
OWN = {
    "measure": "goal_kpi",
    "unit": "days",
    "baseline": 40,
    "actual": 31,
    "assumptions": "Days to fill a post, by HR.",
}
COST = {
    "measure": "cost_avoided",
    "substituted_hours": 120,
    "rate": 85.5,
    "currency": "EUR",
    "assumptions": "Two courses.",
}


async def declare(api: httpx.AsyncClient, issuer: Issuer, name: str, body: Any, **headers: str) -> httpx.Response:
    return await api.put(f"{AT}/{name}", json=body, headers={**issuer.bearer("programme-owner"), **headers})


async def test_what_is_declared_is_shown_with_what_it_rests_on(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """K12, K18: a goal's own figure, and training that was not bought; hours and rate beside the product."""
    await store(db, programme())
    told = await declare(api, issuer, "time-to-fill", OWN)
    assert told.status_code == 200, told.text
    assert (told.json()["value"], told.json()["unit"], told.json()["claim"]) == (-9, "days", "no causal claim")
    saved = (await declare(api, issuer, "courses", COST)).json()
    assert (saved["value"], saved["unit"], saved["definition_version"]) == (10_260, "EUR", "cost_avoided/1")
    assert saved["said"] == {name: value for name, value in COST.items() if name != "measure"}
    first = await read(api, issuer, AT, limit="1")
    rest = await read(api, issuer, AT, cursor=first["next"])
    assert [each["name"] for each in first["items"] + rest["items"]] == ["courses", "time-to-fill"]
    page = await api.get(f"/programmes/{PROGRAMME}", headers=issuer.bearer("analyst"))
    for shown in ("10,260.00 EUR", "120.00 hours at 85.50", "Two courses.", "40.00 → 31.00", "no causal claim"):
        assert shown in page.text
    for name in ("goal_kpi", "cost_avoided"):
        elsewhere = await api.get(f"/v1/measures/{name}", headers=issuer.bearer("analyst"))
        assert (elsewhere.status_code, "figures" in elsewhere.text) == (409, True)


async def test_with_those_who_waited_beside_it_a_figure_is_an_effect(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, programme())
    found = (await declare(api, issuer, "kpi", OWN | {"control_baseline": 42, "control_actual": 39})).json()
    assert (found["value"], found["claim"]) == (-6, "difference in differences, waitlist as control group")


async def test_whoever_replaces_a_figure_has_seen_the_one_before(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, programme())
    first = await declare(api, issuer, "kpi", OWN)
    assert (await declare(api, issuer, "kpi", COST)).status_code == 428
    second = await declare(api, issuer, "kpi", COST, **{"If-Match": first.headers["etag"]})
    assert (second.status_code, second.json()["version"], second.json()["measure"]) == (200, 2, "cost_avoided")
    assert (await declare(api, issuer, "kpi", OWN, **{"If-Match": first.headers["etag"]})).status_code == 412
    assert [each["version"] for each in (await read(api, issuer, AT))["items"]] == [2]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (OWN | {"control_actual": 3}, "control_actual"),
        (OWN | {"assumptions": ""}, "assumptions"),
        (COST | {"rate": -1}, "rate"),
        (COST | {"currency": "euro"}, "currency"),
        ({"measure": "nps"}, "measure"),
        ({"value": 3}, "measure"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, body: dict[str, Any], field: str
) -> None:
    await store(db, programme())
    reply = await declare(api, issuer, "kpi", body)
    assert reply.status_code == 422
    assert any(field in error["field"].split(".") for error in reply.json()["errors"])


async def test_nothing_is_declared_of_a_programme_nobody_knows(api: httpx.AsyncClient, issuer: Issuer) -> None:
    reply = await api.put(f"/v1/programmes/{uuid4()}/figures/kpi", json=OWN, headers=issuer.bearer("programme-owner"))
    assert reply.status_code == 404
    reader = await api.put(f"{AT}/kpi", json=OWN, headers=issuer.bearer("analyst"))
    assert reader.status_code == 403
