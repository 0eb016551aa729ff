"""Tombstones and accounts that take out many at once wait for an operator; one by one they go at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.directory.commands.holds import decide
from services.directory.commands.leavers import let_go
from services.directory.consumers import on_worker_erased
from shared.db import Connection, Database
from shared.events.hr import WorkerErased
from tests.directory.hr import envelope, person_id, tell, worker
from tests.directory.test_scim import Identity, identity, refused
from tests.fixtures.issuer import Issuer

__all__ = ["identity"]
EVERYBODY = [f"E{number:03d}" for number in range(400)]
UNASKED = 10
OFF = {"op": "replace", "path": "active", "value": False}


async def hire(db: Database) -> dict[str, str]:
    async with db.transaction() as conn:
        await tell(conn, *(worker(number) for number in EVERYBODY))
        rows = await conn.fetch("SELECT employee_number, person_id::text FROM people")
        return {row[0]: row[1] for row in rows}


async def erase(conn: Connection, numbers: Sequence[str]) -> None:
    await on_worker_erased(conn, [envelope(WorkerErased(employee_number=number)) for number in numbers])


async def here(db: Database) -> int:
    async with db.acquire() as conn:
        return int(await conn.fetchval("SELECT count(*) FROM people WHERE status <> 'left'"))


async def approve(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> int:
    """An operator lets the open hold's people go, and the timer comes by."""
    operator = issuer.bearer("operator")
    (hold,) = [
        each for each in (await api.get("/v1/holds", headers=operator)).json()["items"] if each["state"] == "open"
    ]
    url = f"/v1/holds/{hold['hold_id']}"
    assert (await api.post(f"{url}/approve", json={"why": "A site closes."}, headers=operator)).status_code == 200
    async with db.transaction() as conn:
        return await let_go(conn, datetime.now(UTC))


async def test_a_mass_of_tombstones_waits_and_an_erasure_of_few_or_of_the_long_gone_does_not(db: Database) -> None:
    await hire(db)
    async with db.transaction() as conn:
        await tell(conn, *(worker(number, seq=2, status="left") for number in EVERYBODY[:UNASKED]))
        await conn.execute("UPDATE departures SET at = at - interval '61 minutes'")
        await erase(conn, EVERYBODY[:UNASKED])
        assert await conn.fetchval("SELECT count(*) FROM people") == 390
        await erase(conn, EVERYBODY[10:100])
        assert await conn.fetchval("SELECT count(*) FROM people") == 390
        hold = await conn.fetchrow("SELECT hold_id, state, said_by, here FROM holds")
        assert hold
        assert tuple(hold)[1:] == ("open", "hr", 390)
        await tell(conn, worker(EVERYBODY[10], seq=3))  # HR thinks better of one
        await decide(conn, hold["hold_id"], "approved", "operator", "It is true.", datetime.now(UTC))
        assert await let_go(conn, datetime.now(UTC)) == 89
        assert await let_go(conn, datetime.now(UTC)) == 0
        assert await conn.fetchval("SELECT count(*) FROM people") == 301
        assert await person_id(conn, EVERYBODY[10])
        assert await conn.fetchval("SELECT count(*) FROM held_leavers") == 0


async def test_rejected_tombstones_erase_nobody(db: Database) -> None:
    await hire(db)
    async with db.transaction() as conn:
        await erase(conn, EVERYBODY)
        hold_id = await conn.fetchval("SELECT hold_id FROM holds")
        await decide(conn, hold_id, "rejected", "operator", "A broken export.", datetime.now(UTC))
        assert await let_go(conn, datetime.now(UTC)) == 0
        assert await conn.fetchval("SELECT count(*) FROM people") == 400


async def test_accounts_go_one_by_one_and_beyond_the_share_they_are_told_to_wait(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, identity: Identity
) -> None:
    people = await hire(api_db)
    for number in EVERYBODY[:UNASKED]:
        assert (await identity.patch(f"/Users/{people[number]}", OFF)).status_code == 204
    assert await here(api_db) == 390
    for _ in range(2):  # asked again they go on waiting
        detail = refused(await identity.patch(f"/Users/{people['E010']}", OFF), 409)
        assert "waits for an operator" in detail
    refused(await identity.ask("DELETE", f"/Users/{people['E011']}"), 409)
    refused(await identity.patch(f"/Users/{people['E012']}", OFF), 409)
    assert (await identity.get(f"/Users/{people['E010']}"))["active"] is True
    title = {"op": "replace", "path": "title", "value": "Baker"}
    assert (await identity.patch(f"/Users/{people['E012']}", title)).status_code == 204
    assert await here(api_db) == 390
    operator = issuer.bearer("operator")
    (hold,) = (await api.get("/v1/holds", headers=operator)).json()["items"]
    assert (hold["said_by"], hold["records"], hold["state"]) == ("scim", 3, "open")
    held = (await api.get(f"/v1/holds/{hold['hold_id']}/people", headers=operator)).json()["items"]
    assert [(each["employee_number"], each["way"]) for each in held] == [
        ("E010", "deactivation"),
        ("E011", "deprovisioning"),
        ("E012", "deactivation"),
    ]
    assert await approve(api, issuer, api_db) == 3
    assert await here(api_db) == 387
    assert (await identity.get(f"/Users/{people['E010']}"))["active"] is False
    refused(await identity.ask("GET", f"/Users/{people['E011']}"), 404)


async def test_a_bulk_that_takes_out_everybody_takes_out_few(api_db: Database, identity: Identity) -> None:
    people = await hire(api_db)
    operations = [{"method": "DELETE", "path": f"/Users/{people[number]}"} for number in EVERYBODY[:30]]
    body: dict[str, Any] = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": operations,
    }
    answer = await identity.ask("POST", "/Bulk", body)
    assert [each["status"] for each in answer.json()["Operations"]] == ["204"] * 10 + ["409"] * 20
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM held_leavers WHERE waiting") == 20
    assert await here(api_db) == 390


async def test_one_account_ends_at_once_whatever_hr_has_in_a_hold(api_db: Database, identity: Identity) -> None:
    people = await hire(api_db)
    async with api_db.transaction() as conn:
        await tell(conn, *(worker(number, seq=2, status="left") for number in EVERYBODY[:50]))
    assert await here(api_db) == 400
    assert (await identity.patch(f"/Users/{people['E300']}", OFF)).status_code == 204
    assert await here(api_db) == 399


@pytest.mark.parametrize("decision", ["approved", "rejected"])
async def test_what_was_decided_is_what_holds(decision: Any, api_db: Database, identity: Identity) -> None:
    people = await hire(api_db)
    for number in EVERYBODY[: UNASKED + 1]:
        await identity.ask("DELETE", f"/Users/{people[number]}")
    async with api_db.transaction() as conn:
        hold_id = await conn.fetchval("SELECT hold_id FROM holds WHERE state = 'open'")
        await decide(conn, hold_id, decision, "operator", "So be it.", datetime.now(UTC))
        assert await let_go(conn, datetime.now(UTC)) == (decision == "approved")
        await conn.execute("UPDATE departures SET at = at - interval '61 minutes'")
    assert await here(api_db) == (389 if decision == "approved" else 390)
    again = await identity.ask("DELETE", f"/Users/{people['E010']}")  # judged anew
    assert again.status_code == (404 if decision == "approved" else 204)
    assert await here(api_db) == 389
