"""An account and a worker who turn out to be one person: in any order, one id, and nothing of either is lost."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.directory.commands import accounts
from services.directory.commands.profiles import edit_profile
from services.directory.domain.refusals import Taken
from services.directory.queries import duplicates as queries
from shared.db import Connection, Database
from tests.conftest import Standing, undone
from tests.directory.hr import latest, published, tell, worker
from tests.directory.test_scim import ENTERPRISE, Identity, account, refused
from tests.fixtures.issuer import Issuer

NOW = datetime.now(UTC)
NAMELESS = {"userName": "ada", "name": {"givenName": "Ada", "familyName": "King"}}
ADDRESS = "ada@corp.local"
KNOWN = {**NAMELESS, "emails": [{"value": ADDRESS, "type": "work"}]}
STEPS = ("hired at home", "corrected", "account", "address")
ORDERS = [order for order in permutations(STEPS) if order.index("account") < order.index("address")]
SKILLS = {"offers": [{"skill_id": "python", "level": 4}], "needs": [{"skill_id": "sql", "level": 1, "target_level": 3}]}


class Story:
    """HR and an identity system speak of Ada, who says of herself what she wants under whichever id there is first."""

    def __init__(self, conn: Connection, edited: str | None) -> None:
        self.conn, self.edited = conn, edited
        self.account_id = UUID(int=0)
        self.used: UUID | None = None
        self.steps: dict[str, Callable[[], Awaitable[None]]] = {
            "hired at home": self.hired,
            "corrected": self.corrected,
            "account": self.account,
            "address": self.address,
        }

    async def hired(self) -> None:
        await tell(self.conn, worker("E1", family_name="King", work_email="ada@home.example"), worker("R", "E1"))

    async def corrected(self) -> None:
        await tell(self.conn, worker("E1", family_name="King", work_email=ADDRESS, seq=2))

    async def account(self) -> None:
        self.account_id = await accounts.provision(self.conn, {**NAMELESS, "emails": [{"value": "a@b.example"}]}, NOW)

    async def address(self) -> None:
        try:
            async with self.conn.transaction():
                await accounts.change(self.conn, self.account_id, {**KNOWN, "active": True}, None, NOW)
        except Taken:
            await accounts.deprovision(self.conn, self.account_id, None, NOW)
            self.account_id = await accounts.provision(self.conn, KNOWN, NOW)

    async def edit(self) -> None:
        """Once, as soon as there is somebody to edit."""
        who = "employee_number = 'E1'" if self.edited == "worker" else "starts_with(employee_number, 'scim:')"
        row = await self.conn.fetchrow(f"SELECT person_id, version FROM people WHERE {who}")
        if self.edited and row:
            await edit_profile(self.conn, row["person_id"], SKILLS, row["version"], NOW)
            self.edited, self.used = None, row["person_id"]

    async def tell(self, order: tuple[str, ...]) -> None:
        for step in order:
            await self.steps[step]()
            await self.edit()


@pytest.mark.parametrize("edited", [None, "worker", "account"])
async def test_in_any_order_it_is_one_person_in_one_state(edited: str | None, standing: Standing) -> None:
    """What either has said stays; who was used under both ids waits for an operator, and is provisioned anew here."""
    ends, edits = set(), 0
    for order in ORDERS:
        async with undone(await standing("directory")) as conn:
            story = Story(conn, edited)
            await story.tell(order)
            rows = await conn.fetch("SELECT person_id, employee_number, email FROM people WHERE status <> 'left'")
            found = {row["employee_number"]: row for row in rows}
            assert set(found) == {"E1", "R"}, order
            assert found["E1"]["email"] == ADDRESS
            state, report = await latest(conn, "E1"), await latest(conn, "R")
            assert report.manager_id == state.person_id == found["E1"]["person_id"], order
            assert await conn.fetchval("SELECT account_id FROM accounts WHERE number = 'E1'") == state.person_id
            last = {told.get("person_id", told.get("key")): told for told in await published(conn, "directory.people")}
            others = [told for who, told in last.items() if UUID(who) not in {state.person_id, report.person_id}]
            assert all("version" not in told or told["status"] == "left" for told in others), order
            ends.add(state.model_dump_json(exclude={"person_id", "version", "reasons", "effective_at"}))
            if story.used:
                assert state.person_id == story.used, order
                assert (state.offers[0].skill_id, state.needs[0].skill_id) == ("python", "sql"), order
                edits += 1
    assert (len(ends) == 1) or edits
    assert bool(edits) == bool(edited)


@pytest.fixture
def identity(api: httpx.AsyncClient, issuer: Issuer) -> Identity:
    return Identity(api, issuer.bearer("hr-system"))


async def hr_says(db: Database, *events: Any) -> None:
    async with db.transaction() as conn:
        await tell(conn, *events)


async def people(db: Database) -> dict[str, tuple[str, str]]:
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT employee_number, person_id, status FROM people")
    return {row[0]: (str(row[1]), row[2]) for row in rows}


def said_to_go(told: list[dict[str, Any]], who: str) -> list[str]:
    """What was published of somebody: status by status, then the tombstone."""
    about = [one for one in told if one.get("person_id", one.get("key")) == who]
    return [one.get("status", "gone") for one in about]


async def test_whose_id_nobody_has_used_was_never_here(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E1", on="2021-01-01"), worker("E1", seq=2, on="2022-01-01", unit_code="V"))
    first = (await people(api_db))["E1"][0]
    ada = await identity.create(account("ada"))
    await hr_says(api_db, worker("E1", seq=3, on="2022-01-01", unit_code="V", work_email=ADDRESS))
    assert await people(api_db) == {"E1": (ada["id"], "active")}
    async with api_db.acquire() as conn:
        told = await published(conn, "directory.people")
        assert said_to_go(told, first)[-2:] == ["left", "gone"]
        last = [one for one in told if one.get("person_id") == first][-1]
        assert {past["status"] for past in last["history"]} == {"left"}
        assert {"key": first} in await published(conn, "directory.contacts")
        assert [past.unit_code for past in (await latest(conn, "E1")).history] == ["U"]
    refused(await identity.ask("GET", f"/Users/{first}"), 404)
    assert (await identity.get("/Users"))["totalResults"] == 1


async def test_an_employee_number_that_is_given_later_is_that_worker(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E1"))
    ada = await identity.create(account("ada"))
    number = {"op": "add", "path": f"{ENTERPRISE}:employeeNumber", "value": "E1"}
    answer = await identity.patch(f"/Users/{ada['id']}", number)
    assert answer.is_success, answer.text
    assert await people(api_db) == {"E1": (ada["id"], "active")}


@pytest.mark.parametrize("gone", ["by the identity system", "by HR"])
async def test_an_address_that_changes_hands_makes_nobody_somebody_else(
    gone: str, identity: Identity, api_db: Database
) -> None:
    if gone == "by HR":
        await hr_says(api_db, worker("E0", work_email=ADDRESS), worker("E0", seq=2, work_email=ADDRESS, status="left"))
        owner = (await people(api_db))["E0"][0]
    else:
        owner = (await identity.create(account("ada") | {"name": {"givenName": "Old", "familyName": "Owner"}}))["id"]
        await identity.patch(f"/Users/{owner}", {"op": "replace", "path": "active", "value": False})
    await hr_says(api_db, worker("E1", family_name="King", work_email=ADDRESS))
    ada = await identity.create(account("ada", userName="aking") | {"name": {"givenName": "Ada", "familyName": "King"}})
    found = await people(api_db)
    assert found["E1"] == (ada["id"], "active")
    assert ada["id"] != owner
    assert [who[1] for number, who in found.items() if who[0] == owner] == ["left"]


async def test_who_has_an_account_before_hr_speaks_is_not_the_last_owner(identity: Identity, api_db: Database) -> None:
    await hr_says(api_db, worker("E0", work_email=ADDRESS, status="left"))
    ada = await identity.create(account("ada"))
    await hr_says(api_db, worker("E1", family_name="Lovelace", work_email=ADDRESS))
    found = await people(api_db)
    assert found["E1"] == (ada["id"], "active")
    assert found["E0"][1] == "left"


async def test_who_comes_back_under_the_same_name_is_the_same_person(identity: Identity, api_db: Database) -> None:
    ada = await identity.create(account("ada") | {"name": {"givenName": "Ada", "familyName": "King"}})
    path = f"/Users/{ada['id']}"
    await identity.patch(path, {"op": "replace", "path": "active", "value": False})
    await hr_says(api_db, worker("E1", family_name="King", work_email=ADDRESS))
    await identity.patch(path, {"op": "replace", "path": "active", "value": True})
    assert await people(api_db) == {"E1": (ada["id"], "active")}


@pytest.fixture
async def both_used(identity: Identity, api_db: Database, caplog: pytest.LogCaptureFixture) -> tuple[str, str]:
    """Somebody who was two people for long: ids of the account and of the worker."""
    await hr_says(api_db, worker("E1"), worker("B"))
    ada = (await identity.create(account("ada")))["id"]
    first = (await people(api_db))["E1"][0]
    bob = (await people(api_db))["B"][0]
    async with api_db.transaction() as conn:
        for who, said in ((ada, {"capacity": 3}), (first, SKILLS), (bob, {"not_with": [first]})):
            version = await conn.fetchval("SELECT version FROM people WHERE person_id = $1", who)
            await edit_profile(conn, UUID(who), said, version, NOW)
        await conn.execute(
            "INSERT INTO attendances (session_id, person_id, version, held_on, attended, role, minutes, contributions)"
            " SELECT gen_random_uuid(), who, 1, current_date, true, 'learner', 30, 0 FROM unnest($1::uuid[]) AS who",
            [ada, first],
        )
        await conn.execute(
            "INSERT INTO skill_evidence (person_id, skill_id, source, stated_by, level, stated_on)"
            " VALUES ($1, 'git', 'peer', $2, 4, current_date), ($2, 'go', 'peer', $1, 2, current_date)",
            bob,
            first,
        )
    await identity.create({"displayName": "Crew", "members": [{"value": first}]}, "Groups")
    await hr_says(api_db, worker("E1", seq=2, work_email=ADDRESS))
    assert "accounts and workers may be the same people" in caplog.text
    return ada, first


@pytest.mark.parametrize("keep", [0, 1], ids=["the account's", "the worker's"])
async def test_two_who_were_both_in_use_wait_for_an_operator(
    keep: int, both_used: tuple[str, str], api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    ada, first = both_used
    assert {number for number in await people(api_db) if number != "B"} == {"E1", f"scim:{ada}"}
    operator = issuer.bearer("operator")
    for role in ("employee", "hr-system", "analyst"):
        assert (await api.get("/v1/duplicates", headers=issuer.bearer(role))).status_code == 403
    (pair,) = (await api.get("/v1/duplicates", headers=operator)).json()["items"]
    assert (pair["account_id"], pair["person_id"], pair["doubt"]) == (ada, first, "both_used")
    path, body = f"/v1/duplicates/{ada}/merge", {"person_id": first, "keep": both_used[keep]}
    wrong = await api.post(path, headers=operator, json={**body, "keep": str(UUID(int=1))})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "keep")
    swapped = {"person_id": ada, "keep": ada}
    assert (await api.post(f"/v1/duplicates/{first}/merge", headers=operator, json=swapped)).status_code == 404
    answer = await api.post(path, headers=operator, json=body)
    assert (answer.status_code, answer.json()) == (200, {"person_id": both_used[keep]})
    kept, gone = both_used[keep], both_used[1 - keep]
    found = await people(api_db)
    assert found.keys() == {"E1", "B"}
    assert found["E1"] == (kept, "active")
    async with api_db.acquire() as conn:
        state, bob = await latest(conn, "E1"), await latest(conn, "B")
        assert (state.capacity, state.offers[0].skill_id, state.needs[0].skill_id) == (3, "python", "sql")
        assert "go" in {one.skill_id for one in state.proficiencies}
        assert [str(who) for who in bob.not_with] == [kept]
        assert await conn.fetchval("SELECT count(*) FROM attendances WHERE person_id = $1", kept) == 2
        assert str(await conn.fetchval("SELECT stated_by FROM skill_evidence WHERE skill_id = 'git'")) == kept
        assert str(await conn.fetchval("SELECT member_id FROM group_members")) == kept
        told = said_to_go(await published(conn, "directory.people"), gone)
        assert (told[-1], "left" in told) == ("gone", False)
    assert (await api.get("/v1/duplicates", headers=operator)).json()["items"] == []
    assert (await api.post(path, headers=operator, json=body)).status_code == 404


async def test_who_is_under_a_legal_hold_gives_up_no_id(
    both_used: tuple[str, str], api: httpx.AsyncClient, issuer: Issuer
) -> None:
    ada, first = both_used
    admin = issuer.bearer("admin")
    await api.put(f"/v1/people/{first}/legal-hold", headers=admin, json={"reference": "L-1"})
    body = {"person_id": first, "keep": ada}
    assert (await api.post(f"/v1/duplicates/{ada}/merge", headers=admin, json=body)).status_code == 409
    body["keep"] = first
    assert (await api.post(f"/v1/duplicates/{ada}/merge", headers=admin, json=body)).status_code == 200


async def test_pages_follow_each_other_however_few_accounts_one_looks_at(
    identity: Identity, api: httpx.AsyncClient, api_db: Database, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [(await identity.create(account(f"p{number}")))["id"] for number in range(9)]
    for number in (0, 3, 4, 8):
        await identity.patch(f"/Users/{made[number]}", {"op": "replace", "path": "active", "value": False})
        await hr_says(api_db, worker(f"E{number}", work_email=f"p{number}@corp.local"))
    pairs = sorted(made[number] for number in (0, 3, 4, 8))
    operator = issuer.bearer("operator")
    for looked_at, limit in ((9, 50), (10, 3), (1, 1), (2, 1), (4, 2)):
        monkeypatch.setattr(queries, "LOOKED_AT", looked_at)
        url: str | None = f"/v1/duplicates?limit={limit}"
        found, sizes = [], []
        while url:
            page = await api.get(url, headers=operator)
            assert page.status_code == 200, page.text
            found += [each["account_id"] for each in page.json()["items"]]
            sizes.append(len(page.json()["items"]))
            url = page.links["next"]["url"] if page.json()["next"] else None
        assert found == pairs
        assert max(sizes) <= limit
