"""The gate's shorter way answers word for word what FastAPI answers."""

import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from shared.auth import PUBLIC
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


PLAIN = ("get_thing", "list_things", "get_asked", "get_missing", "get_broken")


def made() -> FastAPI:
    settings_ = Settings(service="metrics", database_url="postgresql://nowhere")
    policy = {f"GET {route.path}": PUBLIC for route in router.routes if hasattr(route, "path")}
    return create_app(settings_, title="Things", routers=[router], policy=policy)


@pytest.fixture(scope="module")
def plain() -> FastAPI:
    return made()


@pytest.fixture(scope="module")
def whole() -> FastAPI:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.gate.plain_read", lambda *_: None)
        return made()


def operations(app: FastAPI) -> Operations:
    (gate,) = (each for each in app.user_middleware if "operations" in each.kwargs)
    found: Any = gate.kwargs["operations"]
    assert isinstance(found, Operations)
    return found


async def asked(app: FastAPI, url: str) -> tuple[int, bytes, dict[str, str]]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        answer = await client.get(url, headers={"X-Request-Id": "r1"})
    return answer.status_code, answer.content, dict(answer.headers)


def test_only_what_asks_for_no_more_than_path_and_query_goes_the_shorter_way(plain: FastAPI, whole: FastAPI) -> None:
    short = {one.name for one in operations(plain)._found.values() if one.plain_read}
    assert short == {*PLAIN, "metrics"}
    assert not [one for one in operations(whole)._found.values() if one.plain_read]


URLS = [
    "/v1/things/0193b3c0-8f00-7000-8000-000000000001",
    "/v1/things/0193b3c0-8f00-7000-8000-000000000001?day=2026-02-28",
    "/v1/things/0193b3c0-8f00-7000-8000-000000000001?day=2026-02-30&unknown=1",
    "/v1/things/nobody?day=soon",
    "/v1/things",
    "/v1/things?colour=red&limit=100&exact=yes&site=ab",
    "/v1/things?colour=green&limit=0&exact=perhaps&site=a",
    "/v1/things?limit=1&limit=2",
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
