"""Homoglyphs: a name or code that could be taken for another is refused by its field, through every door."""

from typing import Any

import httpx
import pytest

from services.directory.domain.refusals import UnclearCode
from shared.db import Connection, Database
from tests.directory.hr import tell, unit, worker
from tests.directory.test_feeds import Feeds, feeds, jsonl, row
from tests.directory.test_scim import ENTERPRISE, Identity, account, refused
from tests.fixtures.issuer import Issuer

__all__ = ["feeds"]
CYRILLIC_A = "\u0430"
WORKERS = {
    "employeeNumber": "E\u0415",
    "managerEmployeeNumber": "E\u200b1",
    "unitCode": "U\u0301",
    "siteCode": "\uff22ER",
    "jobCode": "SW\u201102",
    "workEmail": f"{CYRILLIC_A}da@aurora.example",
}
ACCOUNTS: list[tuple[str, dict[str, Any]]] = [
    ("userName", {"userName": f"{CYRILLIC_A}da@corp.local"}),
    ("externalId", {"externalId": "x\u00ad7"}),
    ("emails", {"emails": [{"value": f"{CYRILLIC_A}da@corp.local", "type": "work"}]}),
    ("emails", {"emails": [{"value": "ada@c\u043erp.local", "type": "home"}]}),
    ("employeeNumber", {ENTERPRISE: {"employeeNumber": "\u0410\u0031"}}),
]


@pytest.fixture
def identity(api: httpx.AsyncClient, issuer: Issuer) -> Identity:
    return Identity(api, issuer.bearer("hr-system"))


@pytest.mark.parametrize("field", WORKERS)
async def test_hr_names_the_field_that_is_refused(field: str, conn: Connection) -> None:
    with pytest.raises(UnclearCode, match=rf"^{field}: character \d+ is U\+"):
        await tell(conn, worker("E1").model_validate(worker("E1").model_dump(by_alias=True) | {field: WORKERS[field]}))


@pytest.mark.parametrize("field", ["code", "parent_code", "head_employee_number"])
async def test_units_are_held_to_it_too(field: str, conn: Connection) -> None:
    with pytest.raises(UnclearCode, match="character 2 is U"):
        await tell(conn, unit("V").model_copy(update={field: "A\u0415"}))


async def test_each_line_of_a_file_is_refused_by_its_field(feeds: Feeds) -> None:
    lines = [row(f"E{at}", **{field: text}) for at, (field, text) in enumerate(WORKERS.items())]
    done = await feeds.send(jsonl(row("GOOD"), *lines))
    assert (done["taken"], done["refused"]) == (1, len(WORKERS))
    reasons = [each["reason"].partition(":")[0] for each in await feeds.of(done["feed_id"], "refusals")]
    assert reasons == list(WORKERS)


@pytest.mark.parametrize(("field", "changes"), ACCOUNTS)
async def test_identity_systems_are_refused_in_scims_words(
    field: str, changes: dict[str, Any], identity: Identity
) -> None:
    assert field in refused(await identity.ask("POST", "/Users", account("ada") | changes), 400, "invalidValue")
    ada = (await identity.create(account("ada")))["id"]
    put = await identity.ask("PUT", f"/Users/{ada}", account("ada") | changes)
    assert field in refused(put, 400, "invalidValue")
    ((name, value),) = changes.items()
    patch = await identity.patch(f"/Users/{ada}", {"op": "replace", "path": name, "value": value})
    assert field in refused(patch, 400, "invalidValue")


async def test_roles_and_job_profiles_too(identity: Identity, api: httpx.AsyncClient, issuer: Issuer) -> None:
    crew = {"displayName": "Crew", "externalId": "cr\u0435w"}
    assert "externalId" in refused(await identity.ask("POST", "/Groups", crew), 400, "invalidValue")
    where = "/v1/job-profiles/SW\u201102"
    answer = await api.put(where, json={"title": "Engineer", "targets": []}, headers=issuer.bearer("admin"))
    assert (answer.status_code, "job_code: character 3" in answer.json()["detail"]) == (409, True)


async def test_who_came_in_under_such_a_name_can_be_let_out(identity: Identity, api_db: Database) -> None:
    ada = (await identity.create(account("ada")))["id"]
    strange = f"{CYRILLIC_A}da@corp.local"
    async with api_db.transaction() as conn:
        await conn.execute(
            "UPDATE accounts SET user_name = $1, resource = resource || jsonb_build_object('userName', $1::text)",
            strange,
        )
    off = {"op": "replace", "path": "active", "value": False}
    assert (await identity.patch(f"/Users/{ada}", off)).is_success
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT status FROM people") == "left"
