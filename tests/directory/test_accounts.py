"""HR and an identity system speak of the same worker: one person comes of it, whoever speaks first."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.directory.commands.accounts import derive_holders
from services.directory.commands.people import refresh_waiting
from services.directory.settings import provisioning
from shared.db import Database
from tests.directory.hr import changes, latest, published, reasons, tell, unit, worker
from tests.directory.test_scim import ENTERPRISE, Identity, account, refused
from tests.fixtures.issuer import Issuer


@pytest.fixture
def identity(api: httpx.AsyncClient, issuer: Issuer) -> Identity:
    return Identity(api, issuer.bearer("hr-system"))


@pytest.fixture(autouse=True)
def settings_read_anew() -> Iterator[None]:
    provisioning.cache_clear()
    yield
    provisioning.cache_clear()


def numbered(name: str, number: str, **more: Any) -> dict[str, Any]:
    return account(name, **{ENTERPRISE: {"employeeNumber": number}}, **more)


async def people(db: Database) -> dict[str, tuple[str, str, str]]:
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT employee_number, person_id, email, status FROM people")
    return {row[0]: (str(row[1]), row[2], row[3]) for row in rows}


async def hr_says(db: Database, *events: Any) -> None:
    async with db.transaction() as conn:
        await tell(conn, *events)


async def test_an_account_of_a_worker_hr_has_told_of_is_that_person(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, unit("U"), worker("E1"), worker("E2", work_email="Ada@corp.local"))
    before = await people(api_db)
    assert (await identity.create(numbered("eve", "E1")))["id"] == before["E1"][0]
    assert (await identity.create(account("ada")))["id"] == before["E2"][0]
    after = await people(api_db)
    assert {number: person[0] for number, person in after.items()} == {n: person[0] for n, person in before.items()}
    assert after["E1"][1] == "eve@corp.local"  # the identity system's word counts for addresses
    refused(await identity.ask("POST", "/Users", numbered("twin", "E1")), 409, "uniqueness")


@pytest.mark.parametrize(
    "body",
    [numbered("ada", "E1"), account("ada"), account("Ada", emails=[])],
    ids=["by number", "by address", "by user name"],
)
async def test_an_account_that_came_first_becomes_hrs_worker(
    body: dict[str, Any], identity: Identity, api_db: Database
) -> None:
    ada = await identity.create(body)
    report = account("rob", **{ENTERPRISE: {"manager": {"value": ada["id"]}}})
    rob = await identity.create(report)
    alone = await people(api_db)
    assert {person[0] for person in alone.values()} == {ada["id"], rob["id"]}
    await hr_says(api_db, worker("E1", family_name="King", work_email="ada@corp.local"))
    assert (await people(api_db))["E1"][0] == ada["id"]
    async with api_db.acquire() as conn:
        state = await latest(conn, "E1")
        assert (state.unit_code, state.effective_at.isoformat()) == ("U", "2020-01-01")
        assert await conn.fetchval("SELECT family_name FROM people WHERE employee_number = 'E1'") == "King"


async def test_who_stops_being_active_has_left_at_once_and_everywhere(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E1"), worker("R", "E1"))
    ada = await identity.create(numbered("ada", "E1"))
    await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
    async with api_db.acquire() as conn:
        assert (await latest(conn, "E1")).reasons == ("left",)
        assert (await latest(conn, "R")).manager_id is None
    await hr_says(api_db, worker("E1", seq=2, job_title="Chief"))
    assert (await people(api_db))["E1"][2] == "left"
    await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": True})
    async with api_db.acquire() as conn:
        assert (await latest(conn, "E1")).reasons == ("rehired",)
    await hr_says(api_db, worker("E1", seq=3, status="left"))
    await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "Back"})
    assert (await people(api_db))["E1"][2] == "left"  # nobody is brought back whom HR has seen leave


@pytest.mark.parametrize("way", ["PATCH", "DELETE"])
async def test_who_is_let_in_no_more_before_the_first_day_does_not_start(
    way: str, identity: Identity, api_db: Database
) -> None:
    await hr_says(api_db, worker("E1", status="prehire"), worker("R", "E1"))
    ada = await identity.create(numbered("ada", "E1"))
    assert (await people(api_db))["E1"][2] == "prehire"
    if way == "DELETE":
        await identity.ask("DELETE", f"/Users/{ada['id']}")
    else:
        await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
    async with api_db.acquire() as conn:
        told = await latest(conn, "E1")
        assert (told.status, told.reasons) == ("left", ("left",))
        assert (await latest(conn, "R")).manager_id is None
    await hr_says(api_db, worker("E1", seq=2, status="prehire", job_title="Chief"), worker("E1", seq=3))
    assert (await people(api_db))["E1"][2] == "left"  # the stricter of the two, whatever HR says later
    if way == "DELETE":
        assert (await identity.create(numbered("ada", "E1")))["id"] == ada["id"]
    else:
        await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": True})
    async with api_db.acquire() as conn:
        told = await latest(conn, "E1")
        assert (told.status, told.reasons) == ("active", ("rehired",))
        assert str((await latest(conn, "R")).manager_id) == ada["id"]


async def test_who_is_let_in_before_the_first_day_starts_with_hr(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E1", status="prehire"))
    ada = await identity.create(numbered("ada", "E1", active=False))
    assert (await people(api_db))["E1"][2] == "left"
    await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": True})
    assert (await people(api_db))["E1"][2] == "prehire"
    await hr_says(api_db, worker("E1", seq=2))
    assert (await people(api_db))["E1"][2] == "active"


async def test_the_deprovisioned_leave_and_are_the_same_person_when_they_return(
    identity: Identity, api_db: Database
) -> None:
    await hr_says(api_db, worker("E1"))
    ada = await identity.create(numbered("ada", "E1"))
    path = f"/Users/{ada['id']}"
    assert (await identity.ask("DELETE", path)).status_code == 204
    refused(await identity.ask("GET", path), 404)
    assert (await identity.get("/Users"))["totalResults"] == 0
    assert (await people(api_db))["E1"][2] == "left"
    assert (await identity.create(numbered("ada", "E1")))["id"] == ada["id"]
    assert (await people(api_db))["E1"][2] == "active"


async def test_an_account_alone_is_a_person_once_it_can_be_invited(identity: Identity, api_db: Database) -> None:
    ada = await identity.create({"userName": "ada", "name": {"givenName": "Ada", "familyName": "King"}})
    assert await people(api_db) == {}
    mail = {"op": "add", "path": "emails", "value": [{"value": "ada@corp.local", "type": "work"}]}
    assert (await identity.patch(f"/Users/{ada['id']}", mail)).is_success
    ((number, person),) = (await people(api_db)).items()
    assert (number, person[0]) == (f"scim:{ada['id']}", ada["id"])
    async with api_db.acquire() as conn:
        assert await reasons(conn, number) == [("hired",)]
        assert (await latest(conn, number)).effective_at.year > 2000


ADDRESS = {"op": "add", "path": "emails", "value": [{"value": "E1@aurora.example", "type": "work"}]}
NAMELESS = {"userName": "ada", "name": {"givenName": "Ada", "familyName": "King"}}


@pytest.mark.parametrize("hr_speaks", ["before the account", "before its address", "after its address"])
@pytest.mark.parametrize("way", ["PATCH", "PUT"])
async def test_an_address_that_is_given_later_makes_nobody_two_people(
    hr_speaks: str, way: str, identity: Identity, api_db: Database
) -> None:
    if hr_speaks == "before the account":
        await hr_says(api_db, worker("E1"))
    path = f"/Users/{(await identity.create(NAMELESS))['id']}"
    if hr_speaks == "before its address":
        await hr_says(api_db, worker("E1"))
    body = NAMELESS | {"emails": ADDRESS["value"]}
    answer = await (identity.patch(path, ADDRESS) if way == "PATCH" else identity.ask("PUT", path, body))
    assert answer.is_success, answer.text
    if hr_speaks == "after its address":
        await hr_says(api_db, worker("E1"))
    ((number, person),) = (await people(api_db)).items()
    assert (number, f"/Users/{person[0]}") == ("E1", path)


async def test_an_account_at_two_peoples_addresses_is_nobodys(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E1"), worker("E2"))
    both = account("ada", userName="E1@aurora.example", emails=[{"value": "E2@aurora.example"}])
    refused(await identity.ask("POST", "/Users", both), 409, "uniqueness")
    assert set(await people(api_db)) == {"E1", "E2"}


async def test_what_was_patched_onto_hrs_word_lets_the_rest_of_it_through(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E1", job_title="Engineer"))
    (ada,) = (await identity.get('/Users?filter=userName eq "e1@aurora.example"'))["Resources"]
    await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "nickName", "value": "Ace"})
    await hr_says(api_db, worker("E1", seq=2, job_title="Chief"))
    now = await identity.get(f"/Users/{ada['id']}")
    assert (now["nickName"], now["title"]) == ("Ace", "Chief")
    number = {"op": "replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "E9"}
    refused(await identity.patch(f"/Users/{ada['id']}", number), 400, "mutability")


async def test_whose_word_counts_is_a_setting(
    identity: Identity, api_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATERAL_DIRECTORY_SCIM_PRECEDENCE", '{"job_title": "scim", "work_email": "hr"}')
    provisioning.cache_clear()
    await hr_says(api_db, worker("E1", job_title="Engineer"))
    await identity.create(numbered("ada", "E1", title="Countess"))
    async with api_db.acquire() as conn:
        row = await conn.fetchrow("SELECT job_title, email, given_name FROM people")
    assert tuple(row or ()) == ("Countess", "E1@aurora.example", "Ada")


async def test_the_erased_are_never_provisioned_again(
    identity: Identity, api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    await hr_says(api_db, worker("E1"))
    ada = await identity.create(numbered("ada", "E1", externalId="x-1"))
    await identity.create({"displayName": "Crew", "members": [{"value": ada["id"]}]}, "Groups")
    answer = await api.post(f"/v1/people/{ada['id']}/erasure", headers=issuer.bearer("admin"))
    assert answer.status_code == 202
    for body in (numbered("new", "E1"), account("ada"), account("new", externalId="x-1")):
        refused(await identity.ask("POST", "/Users", body), 409, "uniqueness")
    refused(await identity.ask("GET", f"/Users/{ada['id']}"), 404)
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM accounts") == 0
        assert await conn.fetchval("SELECT count(*) FROM group_members") == 0
        assert {"key": ada["id"]} in await published(conn, "directory.contacts")
    namesake = await identity.create(numbered("ada", "E2"))  # another worker under the address that has become free
    assert namesake["id"] != ada["id"]
    async with api_db.acquire() as conn:
        assert len(await changes(conn, "E2")) == 1


async def test_a_changed_precedence_is_applied_to_those_who_are_known(
    identity: Identity, api_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hr_says(api_db, worker("E1", job_title="Engineer"), worker("E2", job_title="Engineer"))
    await identity.create(numbered("ada", "E1", title="Countess"))
    monkeypatch.setenv("LATERAL_DIRECTORY_SCIM_PRECEDENCE", '{"job_title": "scim"}')
    provisioning.cache_clear()
    async with api_db.transaction() as conn:
        assert await derive_holders(conn) == 1
        assert await refresh_waiting(conn, datetime.now(UTC)) == 1
        titles = await conn.fetch("SELECT job_title FROM people ORDER BY employee_number")
    assert [row[0] for row in titles] == ["Countess", "Engineer"]
