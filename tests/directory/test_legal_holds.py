"""A legal hold keeps a person's data from erasure and from retention."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.directory.commands.erasures import erase_leavers, erase_workers
from services.directory.domain.refusals import UnderLegalHold
from shared.auth import ROLES
from shared.db import Connection, Database
from tests.directory.hr import LONG_AGO, person_id, published, tell, worker
from tests.fixtures.issuer import Issuer

NOW = datetime.now(UTC)


async def hold(conn: Connection, number: str, *, held: bool = True) -> None:
    await conn.execute(
        "INSERT INTO legal_holds VALUES ((SELECT person_id FROM people WHERE employee_number = $1), 1, $2, 'CASE-1')"
        " ON CONFLICT (person_id) DO UPDATE SET held = $2",
        number,
        held,
    )


async def test_nobody_erases_somebody_under_a_hold(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> None:
    admin = issuer.bearer("admin")
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        who = await person_id(conn, "E1")
    url = f"/v1/people/{who}/legal-hold"
    placed = await api.put(url, json={"reference": "CASE-1"}, headers=admin)
    assert (placed.status_code, placed.json()["version"]) == (200, 1)
    assert (await api.put(url, json={"reference": "CASE-1"}, headers=admin)).json()["version"] == 1
    listed = (await api.get("/v1/legal-holds", headers=admin)).json()["items"]
    assert listed == [{"person_id": who, "version": 1, "reference": "CASE-1"}]

    refused = await api.post(f"/v1/people/{who}/erasure", headers=admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/under-legal-hold")
    assert (await api.get(f"/v1/people/{who}", headers=admin)).status_code == 200

    assert (await api.delete(url, headers=admin)).status_code == 204
    assert (await api.get("/v1/legal-holds", headers=admin)).json()["items"] == []
    assert (await api.post(f"/v1/people/{who}/erasure", headers=admin)).status_code == 202
    async with api_db.acquire() as conn:
        told = await published(conn, "privacy.holds")
    assert [(event["version"], event["held"]) for event in told] == [(1, True), (2, False)]


async def test_what_is_wrong_is_named(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for role in ROLES - {"admin"}:
        answer = await api.put(f"/v1/people/{uuid4()}/legal-hold", json={"reference": "C"}, headers=issuer.bearer(role))
        assert answer.status_code == 403
    admin = issuer.bearer("admin")
    unknown = await api.put(f"/v1/people/{uuid4()}/legal-hold", json={"reference": "C"}, headers=admin)
    assert unknown.status_code == 404
    wrong = await api.put(f"/v1/people/{uuid4()}/legal-hold", json={"reference": "Ada is ill"}, headers=admin)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "reference")


async def test_hr_cannot_either(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await hold(conn, "E1")
    with pytest.raises(UnderLegalHold):
        await erase_workers(conn, ["E1"], {}, NOW)


async def test_those_who_left_long_ago_are_forgotten_but_for_holds(conn: Connection) -> None:
    left: dict[str, Any] = {"status": "left", "termination_date": LONG_AGO}
    await tell(conn, worker("GONE", **left), worker("HELD", **left), worker("HERE"))
    await hold(conn, "HELD")
    assert await erase_leavers(conn, NOW - timedelta(days=395)) == 1
    assert await erase_leavers(conn, NOW - timedelta(days=395)) == 0
    names = {row[0] for row in await conn.fetch("SELECT employee_number FROM people")}
    assert names == {"HELD", "HERE"}
    assert len(await published(conn, "privacy.erasures")) == 1
    await hold(conn, "HELD", held=False)
    assert await erase_leavers(conn, NOW - timedelta(days=395)) == 1
