"""Nobody who was erased is left anywhere here, or comes back."""

from uuid import UUID, uuid4

import httpx
from prometheus_client import REGISTRY

from services.directory.commands.erasures import watch_erasures
from services.directory.consumers import on_erasure_completed, on_worker_erased
from shared.auth import ROLES
from shared.db import Connection, Database
from shared.events.hr import WorkerErased
from shared.events.privacy import ErasureCompleted
from tests.directory.hr import LATER, envelope, latest, person_id, published, tell, worker
from tests.fixtures.issuer import Issuer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


async def erase(conn: Connection, *numbers: str) -> None:
    await on_worker_erased(conn, [envelope(WorkerErased(employee_number=number)) for number in numbers])


async def everything(conn: Connection) -> str:
    """All that the database holds but for what is on its way out, as text."""
    tables = ("people", "worker_records", "units", "erased_workers", "erasures", "erasure_receipts")
    return "\n".join([str(await conn.fetch(f"SELECT * FROM {table}")) for table in tables])


async def test_an_erased_worker_is_gone_and_others_are_told(conn: Connection) -> None:
    await tell(conn, worker("E1", family_name="Lovelace"), worker("E1", family_name="Lovelace", seq=2, on=LATER))
    who = await person_id(conn, "E1")
    await erase(conn, "E1", "NOBODY")
    held = await everything(conn)
    assert not [trace for trace in ("E1", "Lovelace") if trace in held]
    assert (await published(conn, "directory.people"))[-1] == {"key": who}
    assert (await published(conn, "directory.contacts"))[-1] == {"key": who}
    (request,) = await published(conn, "privacy.erasures")
    assert request["person_id"] == who
    receipt = await conn.fetchrow("SELECT request_id, service, rows FROM erasure_receipts")
    assert receipt
    assert tuple(receipt) == (UUID(request["request_id"]), "directory", 3)


async def test_nothing_brings_an_erased_worker_back(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await erase(conn, "E1", "E2")
    await tell(conn, worker("E1", seq=2), worker("E2"), worker("E3"))
    assert [row[0] for row in await conn.fetch("SELECT employee_number FROM people")] == ["E3"]
    assert await conn.fetchval("SELECT count(*) FROM worker_records") == 1


async def test_erasing_again_changes_nothing(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await erase(conn, "E1")
    await erase(conn, "E1")
    assert len(await published(conn, "privacy.erasures")) == 1


async def test_reports_of_an_erased_manager_have_none_and_blocks_are_lifted(conn: Connection) -> None:
    await tell(conn, worker("M"), worker("E1", "M"), worker("E2"), worker("E3"))
    gone, kept = await person_id(conn, "M"), await person_id(conn, "E3")
    await conn.execute(
        "UPDATE people SET not_with = $1, profile = jsonb_build_object('not_with', $2::jsonb)"
        " WHERE employee_number = 'E2'",
        [gone, kept],
        [gone, kept],
    )
    await erase(conn, "M")
    assert (await latest(conn, "E1")).manager_id is None
    assert [str(one) for one in (await latest(conn, "E2")).not_with] == [kept]
    assert (await everything(conn)).count(gone) == 1


async def test_receipts_are_kept_once_and_strange_ones_are_not(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await erase(conn, "E1")
    (request,) = await published(conn, "privacy.erasures")
    receipts = [
        ErasureCompleted(request_id=request_id, person_id=request["person_id"], service=service, rows=rows)
        for request_id, service, rows in [
            (request["request_id"], "matching", 4),
            (request["request_id"], "matching", 9),
            (uuid4(), "metrics", 1),
        ]
    ]
    for _ in range(2):
        await on_erasure_completed(conn, [envelope(receipt) for receipt in receipts])
    rows = await conn.fetch("SELECT service, rows FROM erasure_receipts ORDER BY service")
    assert [tuple(row) for row in rows] == [("directory", 2), ("matching", 4)]


async def test_an_administrator_has_somebody_erased_and_follows_it(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    admin = issuer.bearer("admin", person_id=...)
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        who = await person_id(conn, "E1")
    first = await api.post(f"/v1/people/{who}/erasure", headers={**admin, "Idempotency-Key": "k"})
    again = await api.post(f"/v1/people/{who}/erasure", headers={**admin, "Idempotency-Key": "k"})
    assert (first.status_code, again.status_code, again.content) == (202, 202, first.content)
    other_key = await api.post(f"/v1/people/{who}/erasure", headers=admin)
    assert other_key.json() == first.json()
    assert (await api.get(f"/v1/people/{who}", headers=admin)).status_code == 404
    url = f"/v1/erasures/{first.json()['request_id']}"
    assert (await api.get(url, headers=admin)).json()["waiting_for"] == ["matching", "metrics", "sessions"]
    async with api_db.transaction() as conn:
        for service in ("matching", "metrics", "sessions"):
            receipt = ErasureCompleted(request_id=first.json()["request_id"], person_id=who, service=service, rows=1)
            await on_erasure_completed(conn, [envelope(receipt)])
    done = (await api.get(url, headers=admin)).json()
    assert (done["waiting_for"], len(done["receipts"])) == ([], 4)


async def test_an_account_that_has_made_nobody_yet_is_copied_held_and_forgotten(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    system, admin = issuer.bearer("hr-system", person_id=...), issuer.bearer("admin", person_id=...)
    account = {"schemas": [USER], "userName": "ghost", "emails": [{"value": "ghost@corp.local"}]}
    who = (await api.post("/scim/v2/Users", json=account, headers=system)).json()["id"]
    copy = await api.post(f"/v1/people/{who}/exports", headers=admin)
    assert copy.status_code == 202
    hold, erasure = f"/v1/people/{who}/legal-hold", f"/v1/people/{who}/erasure"
    assert (await api.put(hold, json={"reference": "K-2026/7"}, headers=admin)).status_code == 200
    assert (await api.post(erasure, headers=admin)).status_code == 409
    assert (await api.delete(hold, headers=admin)).status_code == 204
    first = await api.post(erasure, headers=admin)
    assert (first.status_code, (await api.post(erasure, headers=admin)).json()) == (202, first.json())
    found = (await api.get(f"/v1/erasures/{first.json()['request_id']}", headers=admin)).json()
    assert [(receipt["service"], receipt["rows"]) for receipt in found["receipts"]] == [("directory", 1)]
    assert (await api.get(f"/scim/v2/Users/{who}", headers=system)).status_code == 404
    again = await api.post("/scim/v2/Users", json=account, headers=system)
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    async with api_db.acquire() as conn:
        (asked,) = await published(conn, "privacy.erasures")
        assert asked["person_id"] == who
        assert "ghost" not in str(await conn.fetch("SELECT * FROM accounts"))


async def test_nobody_else_may(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for role in ROLES - {"admin"}:
        headers = issuer.bearer(role)
        assert (await api.post(f"/v1/people/{uuid4()}/erasure", headers=headers)).status_code == 403
        assert (await api.get(f"/v1/erasures/{uuid4()}", headers=headers)).status_code == 403


async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient, issuer: Issuer) -> None:
    headers = issuer.bearer("admin")
    assert (await api.post(f"/v1/people/{uuid4()}/erasure", headers=headers)).status_code == 404
    assert (await api.get(f"/v1/erasures/{uuid4()}", headers=headers)).status_code == 404


async def test_an_unanswered_erasure_is_measured_until_the_last_receipt(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await erase(conn, "E1")
    await conn.execute("UPDATE erasures SET requested_at = now() - interval '1 day'")
    (request,) = await published(conn, "privacy.erasures")
    assert await watch_erasures(conn) == 0
    assert REGISTRY.get_sample_value("lateral_erasure_oldest_age_seconds") == 86400
    for service in ("matching", "metrics", "sessions"):
        receipt = ErasureCompleted(
            request_id=request["request_id"], person_id=request["person_id"], service=service, rows=1
        )
        await on_erasure_completed(conn, [envelope(receipt)])
    assert await watch_erasures(conn) == 1
    assert REGISTRY.get_sample_value("lateral_erasure_oldest_age_seconds") == 0
