"""SCIM over HTTP: who may, what is found, what is refused, and the habits of identity systems."""

from typing import Any

import httpx
import pytest

from shared.db import Database
from tests.directory.hr import tell, unit, worker
from tests.fixtures.issuer import Issuer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def account(name: str, **more: Any) -> dict[str, Any]:
    """What an identity system sends for somebody new."""
    ours = {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{name}@corp.local",
        "name": {"givenName": name.title(), "familyName": "Lovelace"},
        "emails": [{"value": f"{name}@corp.local", "type": "work", "primary": True}],
        "active": True,
    }
    return ours | more


class Identity:
    """An identity system."""

    def __init__(self, api: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._api = api
        self._headers = headers

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        headers = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._api.request(method, f"/scim/v2{path}", json=json, headers=headers)

    async def create(self, body: dict[str, Any], kind: str = "Users") -> dict[str, Any]:
        answer = await self.ask("POST", f"/{kind}", body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        assert answer.headers["Location"] == created["meta"]["location"]
        return created

    async def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def names(self, query: str) -> list[str]:
        return [one["userName"].partition("@")[0] for one in (await self.get(f"/Users?{query}")).get("Resources", [])]


@pytest.fixture
def identity(api: httpx.AsyncClient, issuer: Issuer) -> Identity:
    return Identity(api, issuer.bearer("hr-system"))


def refused(answer: httpx.Response, status: int, scim_type: str | None = None) -> str:
    said = answer.json()
    assert answer.headers["content-type"].startswith("application/scim+json")
    assert (answer.status_code, said["schemas"], said["status"], said.get("scimType")) == (
        status,
        [ERROR],
        str(status),
        scim_type,
    ), answer.text
    detail: str = said["detail"]
    return detail


async def test_only_provisioners_get_in_and_are_told_in_scims_words(api: httpx.AsyncClient, issuer: Issuer) -> None:
    refused(await api.get("/scim/v2/Users"), 401)
    refused(await api.get("/scim/v2/Users", headers=issuer.bearer("employee")), 403)
    assert (await api.get("/scim/v2/Users", headers=issuer.bearer("admin"))).status_code == 200
    refused(await api.delete("/scim/v2/Users", headers=issuer.bearer("admin")), 405)
    assert (await api.get("/scim/v2/ServiceProviderConfig")).json()["pagination"]["cursor"] is True


async def test_every_write_leaves_a_line_in_the_trail(identity: Identity, api_db: Database) -> None:
    ada = await identity.create(account("ada"))
    await identity.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "title", "value": "Countess"})
    async with api_db.acquire() as conn:
        rows = await conn.fetch("SELECT action, object, outcome FROM audit ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("scim_create", "/scim/v2/Users", 201),
        ("scim_patch", f"/scim/v2/Users/{ada['id']}", 204),
    ]


async def test_the_same_request_again_has_one_effect(identity: Identity) -> None:
    first, second = [await identity.ask("POST", "/Users", account("ada"), Idempotency_Key="once") for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Location"] == first.headers["Location"]
    refused(await identity.ask("POST", "/Users", account("ADA")), 409, "uniqueness")


BAD: list[tuple[str, str, Any, int, str | None]] = [
    ("GET", "/Users?filter=userName%20eq", None, 400, "invalidFilter"),
    ("GET", "/Users?filter=nobody%20eq%20%22x%22", None, 400, "invalidFilter"),
    ("POST", "/Users/.search", {"filter": "not (" * 9000 + "title pr" + ")" * 9000}, 400, "invalidFilter"),
    ("GET", "/Users?filter=" + "x" * 4001, None, 400, "invalidValue"),
    ("GET", "/Users?sortBy=emails.nothing", None, 400, "invalidPath"),
    ("GET", "/Users?cursor=AAAA", None, 400, "invalidCursor"),
    ("GET", "/Users?count=many", None, 400, "invalidValue"),
    ("GET", "/Users/" + "0" * 36, None, 404, None),
    ("GET", "/Nothing", None, 404, None),
    ("GET", "/Me", None, 501, None),
    ("POST", "/Users", {"schemas": [USER]}, 400, "invalidValue"),
    ("POST", "/Users", [1], 400, "invalidSyntax"),
    ("POST", "/Users", account("nul", title="a\0b"), 400, "invalidValue"),
    ("POST", "/Groups", {"displayName": "G", "members": [{"value": "who"}]}, 400, "invalidValue"),
]


async def test_text_that_no_database_can_keep_is_named_by_its_field(identity: Identity) -> None:
    ada = await identity.create(account("ada"))
    bad = account("nul", title="a\0b", addresses=[{"region": "c\0"}], **{ENTERPRISE: {"department": "\0"}})
    named = {"title", "addresses.0.region", f"{ENTERPRISE}.department"}
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{ada['id']}")):
        told = refused(await identity.ask(method, path, bad), 400, "invalidValue")
        assert {*told.partition(": Some")[0].split(", ")} == named
    patch = {"op": "replace", "path": "nickName", "value": "\0"}
    assert refused(await identity.patch(f"/Users/{ada['id']}", patch), 400, "invalidValue").startswith("nickName: ")
    for crew in ({"displayName": "C\0"}, {"displayName": "C", "externalId": "\0"}):
        assert [*crew][-1] in refused(await identity.ask("POST", "/Groups", crew), 400, "invalidValue")
    found = await identity.ask("GET", '/Users?filter=userName eq "a\\u0000"')
    assert refused(found, 400, "invalidValue").startswith("filter: ")
    found = await identity.ask("GET", "/Users?filter=userName%20eq%20%22a%00%22")
    assert refused(found, 400, "invalidFilter")


@pytest.mark.parametrize(("method", "path", "body", "status", "scim_type"), BAD, ids=lambda value: str(value)[:30])
async def test_bad_input_is_named(
    identity: Identity, method: str, path: str, body: Any, status: int, scim_type: str | None
) -> None:
    assert refused(await identity.ask(method, path, body), status, scim_type)


@pytest.fixture
async def company(api_db: Database, identity: Identity) -> dict[str, str]:
    """Ann, Bob and Cid, whom HR has told of; Dee and Eve, whom it has not. Ids by name."""
    async with api_db.transaction() as conn:
        await tell(
            conn,
            unit("U"),
            *(worker(name.title(), job_title=title) for name, title in (("ann", "A"), ("bob", "B"), ("cid", "A"))),
        )
        people = {row[0].lower(): str(row[1]) for row in await conn.fetch("SELECT family_name, person_id FROM people")}
    for name in ("dee", "eve"):
        body = account(name, title="B", externalId=f"x-{name}", **{ENTERPRISE: {"employeeNumber": name}})
        people[name] = (await identity.create(body))["id"]
    return people


FILTERS = [
    ('userName eq "ANN@aurora.example"', ["Ann"]),
    ('userName sw "D"', ["dee"]),
    ('emails[type eq "work" and value eq "Bob@Aurora.example"]', ["Bob"]),
    ('emails.value co "AURORA"', ["Ann", "Bob", "Cid"]),
    (f'{ENTERPRISE}:employeeNumber eq "eve"', ["eve"]),
    ('externalId eq "x-dee"', ["dee"]),
    ('title eq "b" and not (userName ew "local")', ["Bob"]),
    ('title eq "A" or externalId pr', ["Ann", "Cid", "dee", "eve"]),
    ('name.familyName eq "lovelace"', ["dee", "eve"]),
    ("active eq false", []),
    (f'{USER}:active eq true and userName eq "eve@corp.local"', ["eve"]),
    ('meta.created gt "2100-01-01T00:00:00Z"', []),
]


async def test_filters_look_through_everybody(identity: Identity, company: dict[str, str]) -> None:
    assert len(company) == 5
    for text, expected in FILTERS:
        found = await identity.ask("POST", "/Users/.search", {"filter": text, "sortBy": "userName"})
        assert [one["userName"].partition("@")[0] for one in found.json().get("Resources", [])] == expected, text
        assert found.json()["totalResults"] == len(expected)
    by_id = await identity.names(f'filter=id eq "{company["ann"]}"')
    assert by_id == ["Ann"]


async def test_pages_by_index_and_by_cursor_hold_everybody_once(identity: Identity, company: dict[str, str]) -> None:
    assert len(company) == 5
    by_index = [await identity.names(f"sortBy=userName&count=2&startIndex={start}") for start in (1, 3, 5, 7)]
    assert by_index == [["Ann", "Bob"], ["Cid", "dee"], ["eve"], []]
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await identity.get(f"/Users?sortBy=title&sortOrder=descending&count=2&cursor={cursor}")
        pages.append([one["title"] for one in page["Resources"]])
        cursor = page.get("nextCursor")
    assert pages == [["B", "B"], ["B", "A"], ["A"]]
    everything = await identity.get("?filter=displayName pr&count=0")
    assert everything["totalResults"] == 4  # three people whom HR has named, one unit


async def test_a_filter_may_be_as_deep_as_it_may_be_long(identity: Identity) -> None:
    answer = await identity.ask("POST", "/.search", {"filter": "not (" * 660 + "title pr" + ")" * 660})
    assert answer.status_code in {200, 400}, answer.text


async def test_an_etag_holds_for_reads_and_writes(identity: Identity) -> None:
    ada = await identity.create(account("ada"))
    path, tag = f"/Users/{ada['id']}", ada["meta"]["version"]
    assert (await identity.ask("GET", path, If_None_Match=tag)).status_code == 304
    title = {"op": "add", "path": "title", "value": "Countess"}
    assert (await identity.patch(path, title, If_Match=tag)).status_code == 204
    refused(await identity.patch(path, title | {"value": "Queen"}, If_Match=tag), 412)
    refused(await identity.ask("DELETE", path, If_Match=tag), 412)
    assert (await identity.get(path))["title"] == "Countess"


async def test_a_bulk_request_does_what_it_can(identity: Identity) -> None:
    answer = await identity.ask(
        "POST",
        "/Bulk",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [
                {"method": "POST", "path": "/Users", "bulkId": "a", "data": account("ada")},
                {"method": "POST", "path": "/Users", "bulkId": "b", "data": account("ada")},
                {
                    "method": "POST",
                    "path": "/Groups",
                    "bulkId": "g",
                    "data": {
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                        "displayName": "Mentors",
                        "members": [{"value": "bulkId:a"}],
                    },
                },
                {"method": "DELETE", "path": "/Users/nobody"},
            ],
        },
    )
    statuses = [operation["status"] for operation in answer.json()["Operations"]]
    assert statuses == ["201", "409", "201", "404"]
    (group,) = (await identity.get('/Groups?filter=displayName eq "mentors"'))["Resources"]
    (ada,) = (await identity.get("/Users"))["Resources"]
    assert [member["value"] for member in group["members"]] == [ada["id"]]
    assert [held["display"] for held in ada["groups"]] == ["Mentors"]


async def test_parts_of_many_valued_attributes_are_changed_by_filter(identity: Identity) -> None:
    ada = await identity.create(account("ada"))
    path = f"/Users/{ada['id']}"
    for operation in (
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ada@corp"},
        {"op": "add", "path": "emails", "value": [{"value": "ada@home.example", "type": "home"}]},
        {"op": "add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "1"},
        {"op": "remove", "path": 'emails[type eq "home"]'},
    ):
        assert (await identity.patch(path, operation)).status_code == 204, operation
    now = await identity.get(path)
    assert [entry["value"] for entry in now["emails"]] == ["ada@corp"]
    assert now["phoneNumbers"] == [{"type": "mobile", "value": "1"}]
    refused(await identity.patch(path, {"op": "replace", "path": "nothing[", "value": 1}), 400, "invalidPath")


async def test_a_photo_is_dropped_however_it_is_sent(identity: Identity, api_db: Database) -> None:
    photos = [{"value": "https://pictures.example/ada.png", "type": "photo"}]
    ada = await identity.create(account("ada", photos=photos))
    path = f"/Users/{ada['id']}"
    changed = await identity.patch(
        path,
        {"op": "add", "path": "photos", "value": photos},
        {"op": "add", "value": {"photos": photos, "title": "Dr"}},
    )
    assert changed.is_success, changed.text
    assert (await identity.ask("PUT", path, account("ada", photos=photos, title="Dr"))).is_success
    now = await identity.get(path)
    assert ("photos" in ada, "photos" in now, now["title"]) == (False, False, "Dr")
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM accounts WHERE resource::text LIKE '%pictures.example%'") == 0


async def test_entra_and_okta_are_understood(identity: Identity) -> None:
    ada, boss, *others = [await identity.create(account(name)) for name in ("ada", "boss", "bob", "bea")]
    path = f"/Users/{ada['id']}"
    operations: tuple[dict[str, Any], ...] = (
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": True}},
        {"op": "Add", "value": {"name.givenName": "Augusta", f"{ENTERPRISE}:department": "Engines"}},
    )
    for operation in operations:
        assert (await identity.patch(path, operation)).status_code == 204, operation
    now = await identity.get(path)
    assert (now["active"], now["name"]["givenName"]) == (True, "Augusta")
    bob, bea = (one["id"] for one in others)
    for value, manager in (([{"value": bob}], bob), ({"value": bea}, bea), (boss["id"], boss["id"])):
        named = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": value}
        assert (await identity.patch(path, named)).status_code == 204, named
        assert (await identity.get(path))[ENTERPRISE]["manager"]["value"] == manager
    group = await identity.create(
        {"displayName": "Crew", "members": [{"value": ada["id"]}, {"value": boss["id"]}]}, "Groups"
    )
    crew = f"/Groups/{group['id']}"
    remove = {"op": "Remove", "path": f'members[value eq "{ada["id"]}"]'}
    assert (await identity.patch(crew, remove)).status_code == 204
    assert [member["value"] for member in (await identity.get(crew))["members"]] == [boss["id"]]
    assert (
        await identity.patch(crew, {"op": "Remove", "path": "members", "value": [{"value": boss["id"]}]})
    ).is_success
    bare = await identity.get(f"{crew}?excludedAttributes=members")
    assert "members" not in bare
    assert (await identity.get('/Users?filter=userName eq "nobody"'))["totalResults"] == 0


async def test_org_units_are_groups_that_stay_where_hr_puts_them(identity: Identity, company: dict[str, str]) -> None:
    (group,) = (await identity.get(f'/Groups?filter=members.value eq "{company["ann"]}"'))["Resources"]
    assert group["displayName"] == "U"
    assert {member["value"] for member in group["members"]} == {company[name] for name in ("ann", "bob", "cid")}
    rename = {"op": "replace", "path": "displayName", "value": "V"}
    refused(await identity.patch(f"/Groups/{group['id']}", rename), 400, "mutability")
    refused(await identity.ask("DELETE", f"/Groups/{group['id']}"), 400, "mutability")
    found = await identity.get(f'/Users?filter=groups.value eq "{group["id"]}"')
    assert found["totalResults"] == 3
