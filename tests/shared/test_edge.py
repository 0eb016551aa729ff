import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel, ConfigDict

from shared import migrate, paging
from shared.auth import allow
from shared.db import Connection, Database
from shared.edge import Edge
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import NotFound, Refused, match_version
from shared.settings import Settings
from shared.web import create_app
from tests.fixtures.issuer import Issuer
from tests.shared.test_web import serving

router = APIRouter()


class NewThing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    tags: list[str] = []


class Thing(BaseModel):
    id: int
    name: str
    version: int


@dataclass
class Row:
    id: int
    name: str
    version: int
    secret: str = "stays here"


class NameTaken(Refused):
    """Somebody has that name."""


async def insert(conn: Connection, name: str) -> Row:
    row = await conn.fetchrow("INSERT INTO thing (name) VALUES ($1) RETURNING *", name)
    assert row
    if name == "cut":
        await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    if name == "taken":
        detail = "That name is taken."
        raise NameTaken(detail, name=name)
    return Row(**row)


async def rename(conn: Connection, thing_id: int, name: str, if_match: int | None) -> Row:
    row = await conn.fetchrow("SELECT * FROM thing WHERE id = $1 FOR UPDATE", thing_id)
    if row is None:
        detail = "No such thing."
        raise NotFound(detail)
    match_version(row["version"], if_match)
    found = await conn.fetchrow(
        "UPDATE thing SET name = $2, version = version + 1 WHERE id = $1 RETURNING *", thing_id, name
    )
    assert found
    return Row(**found)


@router.post("/v1/things", status_code=201, response_model=Thing)
async def create_thing(body: NewThing, edge: Edge) -> Response:
    return await edge.write(lambda conn: insert(conn, body.name), body=body)


@router.put("/v1/things/{thing_id}", response_model=Thing)
async def rename_thing(thing_id: int, body: NewThing, edge: Edge) -> Response:
    return await edge.write(lambda conn: rename(conn, thing_id, body.name, edge.if_match), body=body)


@router.delete("/v1/things/{thing_id}", status_code=204)
async def delete_thing(thing_id: int, edge: Edge) -> Response:
    async def work(conn: Connection) -> None:
        await conn.execute("DELETE FROM thing WHERE id = $1", thing_id)

    return await edge.write(work)


@router.get("/v1/things/{thing_id}", response_model=Thing)
async def get_thing(thing_id: int, edge: Edge) -> Response:
    async def work(conn: Connection) -> Row | None:
        await edge.audit_read(conn, f"thing/{thing_id}")
        row = await conn.fetchrow("SELECT * FROM thing WHERE id = $1", thing_id)
        return Row(**row) if row else None

    return await edge.read(work)


@router.get("/v1/things", response_model=Page[Thing])
async def list_things(edge: Edge, limit: Limit = 50, cursor: Cursor | None = None) -> Response:
    async def work(conn: Connection) -> Page[Thing]:
        after = (decode_cursor(cursor, int) or (0,))[0]
        rows = await conn.fetch("SELECT * FROM thing WHERE id > $1 ORDER BY id LIMIT $2", after, limit + 1)
        return paging.page(rows, limit, lambda row: Thing(**row), lambda row: (row["id"],))

    return await edge.read(work)


@router.post("/v1/things/bulk")
async def create_things(edge: Edge) -> list[int]:
    async def one(line: bytes) -> int:
        async with edge.transaction() as conn:
            return (await insert(conn, line.decode())).id

    return [await one(line) async for _, line in edge.lines()]


OPEN = allow("employee")
POLICY = {
    "POST /v1/things": OPEN,
    "PUT /v1/things/{thing_id}": OPEN,
    "DELETE /v1/things/{thing_id}": OPEN,
    "GET /v1/things/{thing_id}": OPEN,
    "GET /v1/things": OPEN,
    "POST /v1/things/bulk": OPEN,
}


@pytest.fixture
async def app(db: Database, chassis: Settings, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    async with db.acquire() as conn:
        await conn.execute(
            "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " name text NOT NULL, version int NOT NULL DEFAULT 1)"
        )
    monkeypatch.setattr(migrate, "migrations", lambda _service: [])
    settings = chassis.model_copy(update={"issuer": issuer.url, "pool_size": 4, "acquire_timeout": 5.0})
    return create_app(settings, title="Things", routers=[router], policy=POLICY)


@pytest.fixture
async def api(app: FastAPI, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as client:
        client.headers.update(issuer.bearer("employee"))
        yield client


async def names(db: Database) -> list[str]:
    async with db.acquire() as conn:
        return [row["name"] for row in await conn.fetch("SELECT name FROM thing ORDER BY id")]


async def trail(db: Database) -> list[tuple[Any, ...]]:
    async with db.acquire() as conn:
        return [tuple(row) for row in await conn.fetch("SELECT actor, action, object, outcome FROM audit ORDER BY id")]


KEY = {"Idempotency-Key": "k-1"}
CREATED = ("u-1", "create_thing", "/v1/things", 201)


async def test_a_write_is_answered_with_its_status_its_model_and_its_version(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/things", json={"name": "a"})
    assert (answer.status_code, answer.json()) == (201, {"id": 1, "name": "a", "version": 1})
    assert answer.headers["etag"] == '"v1"'
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_the_same_key_and_body_is_one_effect_and_the_same_answer(api: httpx.AsyncClient, db: Database) -> None:
    first = await api.post("/v1/things", json={"name": "a"}, headers=KEY)
    again = await api.post("/v1/things", content=b'{ "name":"a" }', headers=KEY | {"Content-Type": "application/json"})
    assert (again.status_code, again.content, again.headers["etag"]) == (201, first.content, '"v1"')
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert await names(db) == ["a"]
    assert await trail(db) == [CREATED]


async def test_twins_at_the_same_moment_are_one_effect(api: httpx.AsyncClient, db: Database) -> None:
    answers = await asyncio.gather(*(api.post("/v1/things", json={"name": "a"}, headers=KEY) for _ in range(12)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == [""] + ["true"] * 11
    assert await names(db) == ["a"]


async def test_the_same_key_with_another_body_is_refused_by_name(api: httpx.AsyncClient, db: Database) -> None:
    await api.post("/v1/things", json={"name": "a"}, headers=KEY)
    answer = await api.post("/v1/things", json={"name": "b"}, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "Idempotency-Key", "message": "was used before for another request"}]
    assert await names(db) == ["a"]


async def test_a_key_belongs_to_its_caller_and_its_route(api: httpx.AsyncClient, db: Database, issuer: Issuer) -> None:
    await api.post("/v1/things", json={"name": "a"}, headers=KEY)
    other = await api.post("/v1/things", json={"name": "b"}, headers=KEY | issuer.bearer("employee", sub="u-2"))
    renamed = await api.put("/v1/things/1", json={"name": "c"}, headers=KEY | {"If-Match": '"v1"'})
    assert (other.status_code, renamed.status_code) == (201, 200)
    assert await names(db) == ["c", "b"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é".encode()])
async def test_a_malformed_key_is_refused(key: Any, api: httpx.AsyncClient, db: Database) -> None:
    answer = await api.post("/v1/things", json={"name": "a"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert await names(db) == []


async def test_a_refusal_leaves_nothing_behind_and_the_key_free(api: httpx.AsyncClient, db: Database) -> None:
    refused = await api.post("/v1/things", json={"name": "taken"}, headers=KEY)
    assert (refused.status_code, refused.json()["type"], refused.json()["name"]) == (
        409,
        "/problems/name-taken",
        "taken",
    )
    assert (await names(db), await trail(db)) == ([], [])
    assert (await api.post("/v1/things", json={"name": "free"}, headers=KEY)).status_code == 201


async def test_a_retry_after_a_lost_reply_gets_the_saved_one(
    api: httpx.AsyncClient, app: FastAPI, issuer: Issuer, db: Database
) -> None:
    async def gone(_message: Any) -> None:
        raise ConnectionResetError

    request = api.build_request("POST", "/v1/things", json={"name": "a"}, headers=KEY)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": "/v1/things",
        "raw_path": b"/v1/things",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": None,
        "server": ("api", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.content}

    with pytest.raises(ConnectionResetError):
        await app(scope, receive, gone)
    assert await names(db) == ["a"]
    retried = await api.post("/v1/things", json={"name": "a"}, headers=KEY)
    assert (retried.status_code, retried.json()["id"]) == (201, 1)
    assert retried.headers["idempotency-replayed"] == "true"
    assert await names(db) == ["a"]


async def test_a_crash_between_effect_and_commit_leaves_no_effect(
    api: httpx.AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_args: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr("shared.idempotency.save", crash)
        assert (await api.post("/v1/things", json={"name": "a"}, headers=KEY)).status_code == 500
    assert (await names(db), await trail(db)) == ([], [])
    assert (await api.post("/v1/things", json={"name": "a"}, headers=KEY)).status_code == 201


async def test_every_write_leaves_one_audit_line_without_its_body(api: httpx.AsyncClient, db: Database) -> None:
    await api.post("/v1/things", json={"name": "Ada"}, headers={"X-Request-Id": "r-1"})
    await api.put("/v1/things/1", json={"name": "Ada"}, headers={"If-Match": '"v1"'})
    await api.delete("/v1/things/1")
    assert await trail(db) == [
        CREATED,
        ("u-1", "rename_thing", "/v1/things/1", 200),
        ("u-1", "delete_thing", "/v1/things/1", 204),
    ]
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT request_id FROM audit ORDER BY id LIMIT 1") == "r-1"
        assert not await conn.fetchval("SELECT count(*) FROM audit WHERE audit::text LIKE '%Ada%'")
        made, renamed, deleted = await conn.fetch("SELECT before, after FROM audit ORDER BY id")
    digests = [line["after"].partition(" ")[2] for line in (made, renamed)]
    assert [len(digest) for digest in digests] == [64, 64]
    assert digests[0] != digests[1]  # the name is the same, the salt is another
    assert (made["before"], renamed["before"], deleted["before"]) == (None, '"v1"', digests[1])
    assert deleted["after"] is None


async def test_a_confidential_read_is_audited(api: httpx.AsyncClient, db: Database) -> None:
    await api.post("/v1/things", json={"name": "a"})
    await api.get("/v1/things/1")
    assert await trail(db) == [CREATED, ("u-1", "get_thing", "thing/1", 200)]


async def test_each_bulk_transaction_leaves_its_own_line(api: httpx.AsyncClient, db: Database) -> None:
    answer = await api.post("/v1/things/bulk", content=b"a\nb\n")
    assert answer.json() == [1, 2]
    assert await trail(db) == [("u-1", "create_things", "/v1/things/bulk", 200)] * 2


async def test_a_write_without_a_result_has_no_content(api: httpx.AsyncClient) -> None:
    answer = await api.delete("/v1/things/1", headers=KEY)
    again = await api.delete("/v1/things/1", headers=KEY)
    assert (answer.status_code, answer.content, again.status_code, again.content) == (204, b"", 204, b"")
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("tag", "status"), [(None, 428), ("*", 428), ('"v1"', 200), ('"v2"', 412), ('W/"v1"', 412), ("v1", 412)]
)
async def test_a_change_needs_the_version_it_is_based_on(tag: str | None, status: int, api: httpx.AsyncClient) -> None:
    await api.post("/v1/things", json={"name": "a"})
    answer = await api.put("/v1/things/1", json={"name": "b"}, headers={"If-Match": tag} if tag else {})
    assert answer.status_code == status


async def test_of_two_changes_to_one_version_only_one_is_made(api: httpx.AsyncClient, db: Database) -> None:
    await api.post("/v1/things", json={"name": "a"})
    answers = await asyncio.gather(
        *(api.put("/v1/things/1", json={"name": name}, headers={"If-Match": '"v1"'}) for name in "bcd")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_only_the_declared_fields_leave(api: httpx.AsyncClient) -> None:
    await api.post("/v1/things", json={"name": "a"})
    assert (await api.get("/v1/things/1")).json() == {"id": 1, "name": "a", "version": 1}


@pytest.mark.parametrize(
    ("seen", "status"), [('"v1"', 304), ('W/"v1"', 304), ('"v0", "v1"', 304), ("*", 304), ('"v2"', 200)]
)
async def test_a_version_already_seen_is_not_sent_again(seen: str, status: int, api: httpx.AsyncClient) -> None:
    await api.post("/v1/things", json={"name": "a"})
    answer = await api.get("/v1/things/1", headers={"If-None-Match": seen})
    assert (answer.status_code, answer.headers["etag"]) == (status, '"v1"')
    assert bool(answer.content) is (status == 200)


async def test_what_is_not_there_is_not_found(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/things/7")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_the_link_header_leads_through_all_pages(api: httpx.AsyncClient) -> None:
    for name in "abcde":
        await api.post("/v1/things", json={"name": name})
    answer = await api.get("/v1/things", params={"limit": 2})
    found = answer.json()["items"]
    while link := answer.links.get("next"):
        answer = await api.get(link["url"])
        found += answer.json()["items"]
    assert [thing["name"] for thing in found] == list("abcde")


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=AAAA", "cursor")]
)
async def test_a_wrong_page_request_is_refused_by_name(query: str, field: str, api: httpx.AsyncClient) -> None:
    answer = await api.get(f"/v1/things?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_busy_database_says_when_to_come_back(app: FastAPI, api: httpx.AsyncClient) -> None:
    db = app.state.db
    db._settings = db._settings.model_copy(update={"acquire_timeout": 0.01})
    held = [await db._pool.acquire() for _ in range(4)]
    answer = await api.post("/v1/things", json={"name": "a"})
    for conn in held:
        await db._pool.release(conn)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == "/problems/database-unavailable"


async def test_a_lost_connection_is_an_outage_and_no_bug(api: httpx.AsyncClient, db: Database) -> None:
    answer = await api.post("/v1/things", json={"name": "cut"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (await api.post("/v1/things", json={"name": "a"})).status_code == 201
    assert await names(db) == ["a"]


async def test_text_that_cannot_be_stored_is_the_callers_mistake(api: httpx.AsyncClient) -> None:
    assert (await api.post("/v1/things", json={"name": "a\0b"})).status_code == 422
