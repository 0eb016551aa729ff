"""The gate's shorter way answers word for word what FastAPI answers."""

import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from shared.auth import PUBLIC
from shared.db import UNSTORABLE_TEXT
from shared.gate import Operations
from shared.refusal import NotFound
from shared.settings import Settings
from shared.web import create_app

router = APIRouter()


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


async def caller(request: Request) -> str:
    return request.headers.get("user-agent", "")


Caller = Annotated[str, Depends(caller)]


def told(**values: object) -> Response:
    return Response(json.dumps(values, default=str), media_type="application/json")


@router.get("/v1/things/{thing_id}")
async def get_thing(thing_id: UUID, by: Caller, day: date | None = None) -> Response:
    return told(thing_id=thing_id, day=day, by=by)


@router.get("/v1/things")
async def list_things(
    request_: Caller,
    colour: Colour | None = None,
    site: Annotated[str, Query(min_length=2, max_length=5)] | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    exact: bool = False,
) -> Response:
    if site and "\0" in site:
        raise UNSTORABLE_TEXT[0]
    return told(colour=colour, site=site, limit=limit, exact=exact, by=request_)


@router.get("/v1/asked/{number}")
async def get_asked(
    number: Annotated[int, Path(ge=0)],
    q: str,
    tags: Annotated[list[str], Query()],
    other: Annotated[str, Query(alias="o")] = "x",
) -> Response:
    return told(number=number, q=q, tags=tags, other=other)


@router.get("/v1/missing/{thing_id}")
async def get_missing(thing_id: str) -> Response:
    if thing_id == "teapot":
        raise HTTPException(418, "Short and stout.")
    raise NotFound(f"There is no {thing_id}.")


@router.get("/v1/broken")
async def get_broken() -> Response:
    raise LookupError


@router.get("/v1/headers")
async def get_headers(accept: Annotated[str, Header()] = "") -> Response:
    return told(accept=accept)


@router.get("/v1/models")
async def get_models() -> dict[str, int]:
    return {"a": 1}


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=9)]
    size: int | None = None


@router.post("/v1/things", status_code=201)
async def make_thing(body: Thing, by: Caller, dry: bool = False) -> Response:
    if "\0" in body.name:
        raise UNSTORABLE_TEXT[0]
    return told(name=body.name, size=body.size, given=sorted(body.model_fields_set), dry=dry, by=by)


@router.put("/v1/things/{thing_id}")
async def change_thing(thing_id: UUID, body: Thing) -> Response:
    return told(thing_id=thing_id, name=body.name)


@router.patch("/v1/things/{thing_id}")
async def patch_thing(thing_id: UUID, body: Thing | None = None) -> Response:
    return told(thing_id=thing_id, body=body and body.name)


@router.delete("/v1/things/{thing_id}", status_code=204)
async def drop_thing(thing_id: UUID) -> Response:
    return Response(status_code=204, headers={"X-Dropped": str(thing_id)})


@router.post("/v1/pairs")
async def make_pair(one: Thing, other: Thing) -> Response:
    return told(one=one.name, other=other.name)


@router.post("/v1/wrapped")
async def make_wrapped(body: Annotated[Thing, Body(embed=True)]) -> Response:
    return told(name=body.name)


PLAIN = (
    "get_thing",
    "list_things",
    "get_asked",
    "get_missing",
    "get_broken",
    "make_thing",
    "change_thing",
    "patch_thing",
    "drop_thing",
)


def made() -> FastAPI:
    settings_ = Settings(service="metrics", database_url="postgresql://nowhere")
    named = [route for route in router.routes if isinstance(route, APIRoute)]
    policy = {f"{method} {route.path}": PUBLIC for route in named for method in route.methods or ()}
    return create_app(settings_, title="Things", routers=[router], policy=policy)


@pytest.fixture(scope="module")
def plain() -> FastAPI:
    return made()


@pytest.fixture(scope="module")
def whole() -> FastAPI:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.gate.plain_call", lambda *_: None)
        return made()


def operations(app: FastAPI) -> Operations:
    (gate,) = (each for each in app.user_middleware if "operations" in each.kwargs)
    found: Any = gate.kwargs["operations"]
    assert isinstance(found, Operations)
    return found


async def asked(
    app: FastAPI, url: str, method: str = "GET", content: bytes | None = None, kind: str = ""
) -> tuple[int, bytes, dict[str, str]]:
    headers = {"X-Request-Id": "r1"} | ({"Content-Type": kind} if kind else {})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        answer = await client.request(method, url, content=content, headers=headers)
    return answer.status_code, answer.content, dict(answer.headers)


def test_only_what_asks_for_no_more_than_path_and_query_goes_the_shorter_way(plain: FastAPI, whole: FastAPI) -> None:
    short = {one.name for one in operations(plain)._found.values() if one.plain_call}
    assert short == {*PLAIN, "metrics"}
    assert not [one for one in operations(whole)._found.values() if one.plain_call]


URLS = [
    "/v1/things/0193b3c0-8f00-7000-8000-000000000001",
    "/v1/things/0193b3c0-8f00-7000-8000-000000000001?day=2026-02-28",
    "/v1/things/0193b3c0-8f00-7000-8000-000000000001?day=2026-02-30&unknown=1",
    "/v1/things/nobody?day=soon",
    "/v1/things",
    "/v1/things?colour=red&limit=100&exact=yes&site=ab",
    "/v1/things?colour=green&limit=0&exact=perhaps&site=a",
    "/v1/things?limit=1&limit=2",
    "/v1/things?site=a%00b",
    "/v1/things?colour=&site=%20%20&limit=%2B7",
    "/v1/asked/1?q=a&tags=1&tags=2&o=b&other=c",
    "/v1/asked/-1",
    "/v1/asked/x?tags=1",
    "/v1/missing/what",
    "/v1/missing/teapot",
    "/v1/missing/a%2Fb",
    "/v1/missing/%C3%A5",
    "/v1/broken",
    "/v1/headers",
    "/v1/models",
    "/v1/nothing",
    "/v2/nothing",
    "/",
]


@pytest.mark.parametrize("url", URLS)
async def test_both_ways_say_the_same(plain: FastAPI, whole: FastAPI, url: str) -> None:
    assert await asked(plain, url) == await asked(whole, url)


NAMES = st.sampled_from(["colour", "site", "limit", "exact", "q", "tags", "o", "other", "day", "request_", "by"])
VALUES = st.one_of(
    st.sampled_from(["red", "1", "100", "101", "true", "ab", "2026-01-01", "0193b3c0-8f00-7000-8000-000000000001"]),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(["/v1/things", "/v1/things/", "/v1/asked/"]),
    last=VALUES,
    query=st.lists(st.tuples(NAMES, VALUES), max_size=5),
)
async def test_whatever_is_asked_both_ways_say_the_same(
    plain: FastAPI, whole: FastAPI, path: str, last: str, query: list[tuple[str, str]]
) -> None:
    url = path + (quote(last, safe="") if path.endswith("/") else "")
    url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    assert await asked(plain, url) == await asked(whole, url)


JSON = "application/json"
THING = "/v1/things/0193b3c0-8f00-7000-8000-000000000001"
BODIES = [
    None, b"", b"null", b"[]", b"7", b'"x"', b"{}", b'{"name":"a"}', b'{"name":"a","size":3,"name":"b"}',
    b'{"name":"a","size":null}', b'{"name":"' + b"x" * 10 + b'"}', b'{"name":"a","colour":1}',
    b'{"name":"a","size":"3"}', b'{"name":1}',
    b'{"name":"a"', b"{'name':'a'}", b'{"name":"\xff"}', b'{"name":"\\ud800"}',
    b'\xef\xbb\xbf{"name":"a"}',
    b'{"name":"a","size":NaN}', b'{"name":"a"}x', b"[" * 100_000, b'{"name":"\\u0000"}',
    '{"name":"\u00e5"}'.encode("utf-16"),
    b'{"name":"a"}' + b" " * 300_000,
]  # fmt: skip
TYPES = [
    "application/json", "application/json; charset=utf-8", "application/merge-patch+json", "APPLICATION/JSON",
    "text/plain", "application/x-www-form-urlencoded", "json", "",
]  # fmt: skip
WRITES = [
    ("POST", "/v1/things"), ("POST", "/v1/things?dry=1"), ("POST", "/v1/things?dry=perhaps"), ("PUT", THING),
    ("PUT", "/v1/things/nobody"), ("PATCH", THING), ("DELETE", THING), ("POST", "/v1/pairs"), ("POST", "/v1/wrapped"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "url"), WRITES)
async def test_whatever_is_sent_both_ways_say_the_same(plain: FastAPI, whole: FastAPI, method: str, url: str) -> None:
    for content in BODIES:
        for kind in TYPES:
            first = await asked(plain, url, method, content, kind)
            assert first == await asked(whole, url, method, content, kind), (content and content[:30], kind)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "size", "colour"]), st.none() | st.integers() | st.text(max_size=12)))
async def test_whatever_a_body_says_both_ways_say_the_same(
    plain: FastAPI, whole: FastAPI, body: dict[str, object]
) -> None:
    sent = ("/v1/things", "POST", json.dumps(body).encode())
    assert await asked(plain, *sent, kind=JSON) == await asked(whole, *sent, kind=JSON)
