"""A copy of all that is held of somebody: asked of every service, opened by one key, gone when it expires."""

from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from services.directory.commands.exports import expire_exports, request_export
from services.directory.consumers import on_export_part, on_export_requested, on_worker_erased
from shared.db import Connection, Database
from shared.events.hr import WorkerErased
from shared.events.privacy import ExportPart, ExportRequested
from shared.privacy import portability
from tests.directory.hr import envelope, person_id, published, tell, worker
from tests.fixtures.issuer import Issuer


async def asked(conn: Connection) -> ExportRequested:
    """The request as the services read it."""
    found = [value for value in await published(conn, "privacy.exports") if "public_key" in value]
    return ExportRequested.model_validate_json(orjson.dumps(found[-1]))


async def answer_of(conn: Connection) -> list[ExportPart]:
    """What the directory itself answers."""
    request = await asked(conn)
    await on_export_requested(conn, [envelope(request)])
    return [
        ExportPart.model_validate_json(orjson.dumps(value))
        for value in await published(conn, "privacy.exports")
        if value.get("sealed") and value["request_id"] == str(request.request_id)
    ]


def strange(request: ExportRequested, service: str, held: list[dict[str, Any]]) -> ExportPart:
    """Another service's answer."""
    sealed = portability.seal(orjson.dumps(held), request.public_key)
    ids = {"request_id": request.request_id, "person_id": request.person_id}
    return ExportPart(**ids, service=service, number=1, of=1, sealed=sealed)


async def test_a_person_gets_all_that_the_four_services_hold(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1", family_name="Lovelace"), worker("E2"))
        who, other = await person_id(conn, "E1"), await person_id(conn, "E2")
    own = issuer.bearer("employee", person_id=who)
    first = await api.post(f"/v1/people/{who}/exports", headers=own)
    again = await api.post(f"/v1/people/{who}/exports", headers=own)
    assert (first.status_code, again.json()) == (202, first.json())
    url = f"/v1/exports/{first.json()['request_id']}"
    early = await api.get(f"{url}/file", headers=own)
    assert (early.status_code, early.json()["waiting_for"]) == (409, ["directory", "matching", "metrics", "sessions"])

    held = {"table": "participants", "purpose": "x", "data_class": "participation", "rows": [{"minutes": 40}]}
    async with api_db.transaction() as conn:
        request = await asked(conn)
        parts = [*await answer_of(conn), *(strange(request, name, [held]) for name in ("matching", "metrics"))]
        await on_export_part(conn, [envelope(part) for part in parts])
    assert (await api.get(url, headers=own)).json()["waiting_for"] == ["sessions"]
    async with api_db.transaction() as conn:
        for _ in range(2):
            await on_export_part(conn, [envelope(strange(request, "sessions", [held]))])

    got = await api.get(f"{url}/file", headers=own)
    assert got.status_code == 200
    assert got.headers["content-disposition"].startswith("attachment")
    file = got.json()
    (person,) = next(table["rows"] for table in file["data"]["directory"] if table["table"] == "people")
    assert (person["family_name"], person["employee_number"]) == ("Lovelace", "E1")
    assert other not in got.text
    listed = {entry["service"]: entry for entry in file["manifest"]["services"]}
    assert set(listed) == {"directory", "matching", "metrics", "sessions"}
    assert listed["sessions"]["sha256"] == sha256(orjson.dumps([held])).hexdigest()
    assert listed["directory"]["tables"][0]["rows"] == 1


async def test_only_the_person_and_an_administrator_may(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        who = await person_id(conn, "E1")
    stranger = issuer.bearer("employee", "manager", person_id=str(uuid4()))
    assert (await api.post(f"/v1/people/{who}/exports", headers=stranger)).status_code == 404
    asked_for = await api.post(f"/v1/people/{who}/exports", headers=issuer.bearer("admin"))
    url = f"/v1/exports/{asked_for.json()['request_id']}"
    for path in (url, f"{url}/file"):
        assert (await api.get(path, headers=stranger)).status_code == 404
    assert (await api.get(url, headers=issuer.bearer("admin"))).status_code == 200
    assert (await api.get(f"/v1/exports/{uuid4()}", headers=issuer.bearer("admin"))).status_code == 404
    assert (await api.post(f"/v1/people/{uuid4()}/exports", headers=issuer.bearer("admin"))).status_code == 404


async def test_nothing_readable_travels(conn: Connection) -> None:
    await tell(conn, worker("E1", family_name="Lovelace"))

    await request_export(conn, UUID(await person_id(conn, "E1")), envelope(worker("E1")).time)
    await answer_of(conn)
    values = b"".join(
        row["value"] for row in await conn.fetch("SELECT value FROM outbox WHERE topic = 'privacy.exports'")
    )
    assert b"Lovelace" not in values


@pytest.mark.parametrize("how", ["expired", "erased"])
async def test_what_is_over_cannot_be_opened(conn: Connection, how: str) -> None:

    await tell(conn, worker("E1"))
    await request_export(conn, UUID(await person_id(conn, "E1")), envelope(worker("E1")).time)
    request = await asked(conn)
    await on_export_part(conn, [envelope(part) for part in await answer_of(conn)])
    if how == "expired":
        await conn.execute("UPDATE exports SET expires_at = now() - interval '1 second'")
        assert await expire_exports(conn) == 1
    else:
        await on_worker_erased(conn, [envelope(WorkerErased(employee_number="E1"))])
    assert await conn.fetchval("SELECT count(*) FROM exports") == 0
    assert await conn.fetchval("SELECT count(*) FROM export_parts") == 0
    await on_export_part(conn, [envelope(strange(request, "matching", []))])
    assert await conn.fetchval("SELECT count(*) FROM export_parts") == 0


async def test_a_large_answer_comes_in_pieces(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(portability, "PIECE_BYTES", 100)
    await tell(conn, worker("E1"))
    request_id = await request_export(conn, UUID(await person_id(conn, "E1")), envelope(worker("E1")).time)
    parts = await answer_of(conn)
    assert len(parts) > 3
    key = await conn.fetchval("SELECT private_key FROM exports WHERE request_id = $1", request_id)
    whole = b"".join(portability.unseal(part.sealed, key) for part in parts)
    assert orjson.loads(whole)[0]["table"] == "people"
