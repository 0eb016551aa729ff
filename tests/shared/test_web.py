import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from pydantic import BaseModel, ConfigDict

from shared import migrate
from shared.auth import PUBLIC, Policy, allow
from shared.edge import Edge
from shared.gate import PolicyMismatch
from shared.settings import Settings
from shared.web import create_app
from tests.fixtures.issuer import Issuer

router = APIRouter()


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str


@router.get("/v1/notes/{note_id}", summary="Read a note")
async def get_note(note_id: int, q: str = "") -> Note:
    return Note(text=f"{note_id}{q}")


@router.post("/v1/notes/{note_id}", summary="Write a note")
async def write_note(note_id: int, body: Note, edge: Edge) -> Note:
    assert edge.principal.subject
    return body


@router.post("/v1/notes", summary="Write many notes", max_body_size=1024 * 1024)
async def write_notes(edge: Edge) -> list[tuple[int, int]]:
    return [(number, len(line)) async for number, line in edge.lines()]


@router.put("/v1/notes/latest", summary="Replace the latest note")
async def replace_latest_note(body: Note) -> Note:
    return body


@router.get("/v1/broken", summary="Fail")
async def get_broken() -> Note:
    message = "Ada Lovelace <ada@example.com>"
    raise LookupError(message)


POLICY: Policy = {
    "GET /v1/notes/{note_id}": PUBLIC,
    "POST /v1/notes/{note_id}": allow("employee"),
    "PUT /v1/notes/latest": PUBLIC,
    "POST /v1/notes": allow("hr-system"),
    "GET /v1/broken": PUBLIC,
}


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application whose lifespan runs."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield client


@pytest.fixture
def settings(chassis: Settings, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(migrate, "migrations", lambda _service: [])
    return chassis.model_copy(update={"issuer": issuer.url})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings, title="Notes", routers=[router], policy=POLICY)


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as client:
        yield client


def plain_app(policy: Policy, routers: Sequence[APIRouter] = (router,)) -> FastAPI:
    settings = Settings(service="metrics", database_url="postgresql://nowhere")
    return create_app(settings, title="Notes", routers=routers, policy=policy)


def test_a_route_without_a_policy_row_refuses_to_start() -> None:
    with pytest.raises(PolicyMismatch, match="GET /v1/broken has no policy row"):
        plain_app({row: rule for row, rule in POLICY.items() if row != "GET /v1/broken"})


def test_a_policy_row_without_a_route_refuses_to_start() -> None:
    with pytest.raises(PolicyMismatch, match="GET /v1/gone is a policy row without a route"):
        plain_app({**POLICY, "GET /v1/gone": PUBLIC})


async def test_what_the_first_request_would_wait_for_is_there_before_anybody_is_answered(settings: Settings) -> None:
    loaded: list[str] = []
    app = create_app(settings, title="Notes", routers=[router], policy=POLICY, warm=lambda: loaded.append("code"))
    assert not loaded
    async with serving(app):
        assert loaded == ["code"]


def test_two_operations_of_one_name_refuse_to_start() -> None:
    other = APIRouter()
    other.add_api_route("/v1/other", get_note, methods=["GET"])
    with pytest.raises(PolicyMismatch, match="two operations are named get_note"):
        plain_app({**POLICY, "GET /v1/other": PUBLIC}, [router, other])


def test_the_document_needs_no_database_and_tells_the_whole_contract() -> None:
    document = plain_app(POLICY).openapi()
    operation = document["paths"]["/v1/notes/{note_id}"]["post"]
    assert document["openapi"].startswith("3.1")
    assert operation["operationId"] == "write_note"
    assert operation["security"] == [{"bearer": []}]
    assert set(operation["responses"]) == {"200", "401", "403", "404", "409", "412", "413", "422", "428", "503"}
    assert [parameter["name"] for parameter in operation["parameters"]] == ["note_id", "Idempotency-Key"]
    assert document["paths"]["/v1/notes/{note_id}"]["get"]["security"] == []
    assert set(document["paths"]) == {"/v1/notes/{note_id}", "/v1/notes/latest", "/v1/notes", "/v1/broken"}


async def test_without_a_token_nobody_enters(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/notes/1", content=b"{broken")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/unauthenticated"


async def test_a_bad_token_is_answered_with_the_challenge(api: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await api.post("/v1/notes/1", json={"text": "a"}, headers=issuer.bearer("employee", aud="x"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_the_wrong_role_is_forbidden(api: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await api.post("/v1/notes/1", json={"text": "a"}, headers=issuer.bearer("analyst", "operator"))
    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")


async def test_the_right_role_enters(api: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await api.post("/v1/notes/1", json={"text": "a"}, headers=issuer.bearer("employee"))
    assert (answer.status_code, answer.json()) == (200, {"text": "a"})


async def test_a_path_that_does_not_exist_is_a_problem(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/nothing/")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(("path", "allowed"), [("/v1/notes/1", "GET, POST"), ("/v1/notes/latest", "GET, POST, PUT")])
async def test_a_wrong_method_learns_of_every_right_one(path: str, allowed: str, api: httpx.AsyncClient) -> None:
    answer = await api.delete(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b'{"text": "' + b"x" * 64 * 1024 + b'"}\n'


async def unread() -> AsyncIterator[bytes]:
    pytest.fail("the body was read")
    yield b""


@pytest.mark.parametrize(
    ("content", "headers"), [(pieces(5), {}), (unread(), {"Content-Length": "300000"})], ids=["streamed", "declared"]
)
async def test_a_body_over_the_limit_is_refused(
    content: AsyncIterator[bytes], headers: dict[str, str], api: httpx.AsyncClient, issuer: Issuer
) -> None:
    sent = issuer.bearer("employee") | {"Content-Type": "application/json"} | headers
    answer = await api.post("/v1/notes/1", content=content, headers=sent)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


async def test_a_bulk_route_takes_more_and_has_a_limit_too(api: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await api.post("/v1/notes", content=pieces(5), headers=issuer.bearer("hr-system"))
    assert answer.json() == [[number, 64 * 1024 + 12] for number in range(1, 6)]
    too_much = await api.post("/v1/notes", content=pieces(20), headers=issuer.bearer("hr-system"))
    assert too_much.status_code == 413


async def test_lines_are_counted_with_the_empty_ones_and_the_last_needs_no_end(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    answer = await api.post("/v1/notes", content=b"one\n\n  \nfour\nfive", headers=issuer.bearer("hr-system"))
    assert answer.json() == [[1, 3], [4, 4], [5, 4]]


async def test_a_line_without_end_is_refused(api: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await api.post("/v1/notes", content=b"x" * 300_000, headers=issuer.bearer("hr-system"))
    assert answer.status_code == 413


async def test_a_request_id_is_kept_or_made(api: httpx.AsyncClient) -> None:
    kept = await api.get("/v1/notes/1", headers={"X-Request-Id": "abc-1"})
    made = await api.get("/v1/nothing", headers={"X-Request-Id": "a b\u007f"})
    assert kept.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 32
    assert made.json()["instance"] == made.headers["x-request-id"]


async def test_every_answer_carries_the_security_headers(api: httpx.AsyncClient) -> None:
    for path in ("/v1/notes/1", "/v1/nothing", "/v1/broken"):
        answer = await api.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_an_unforeseen_error_tells_neither_caller_nor_log_what_it_stumbled_on(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = await api.get("/v1/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    logged = str([vars(record) for record in caplog.records])
    assert "get_broken" in logged
    assert answer.json()["instance"] in logged
    assert "Lovelace" not in logged + answer.text


async def test_without_its_database_a_process_is_alive_and_not_ready(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: object) -> None:
        raise ConnectionRefusedError

    assert (await api.get("/readyz")).json() == {"status": "ok"}
    monkeypatch.setattr(migrate, "check", refuse)
    answer = await api.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "reason": "database"})
    assert (await api.get("/livez")).status_code == 200


async def test_a_busy_pool_is_not_ready(app: FastAPI, api: httpx.AsyncClient) -> None:
    db = app.state.db
    db._settings = db._settings.model_copy(update={"acquire_timeout": 0.01})
    held = [await db._pool.acquire() for _ in range(db._settings.pool_size)]
    answer = await api.get("/readyz")
    for conn in held:
        await db._pool.release(conn)
    assert (answer.status_code, answer.json()["reason"]) == (503, "database")


async def test_a_draining_process_is_not_ready_but_alive(app: FastAPI, api: httpx.AsyncClient) -> None:
    app.state.draining = True
    assert (await api.get("/readyz")).json() == {"status": "unavailable", "reason": "draining"}
    assert (await api.get("/livez")).status_code == 200


async def test_a_database_behind_the_code_is_not_ready(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = migrate.Migration("metrics", "0001_facts.sql", "")
    monkeypatch.setattr(migrate, "migrations", lambda _service: [missing])
    answer = await api.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "schema")


async def test_a_database_behind_the_code_stops_the_start(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = migrate.Migration("metrics", "0001_facts.sql", "")
    monkeypatch.setattr(migrate, "migrations", lambda _service: [missing])
    with pytest.raises(migrate.SchemaMismatch):
        async with serving(app):
            pass


def counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0


async def test_requests_are_measured_by_route_and_never_by_path(api: httpx.AsyncClient) -> None:
    labels = {"route": "/v1/notes/{note_id}", "method": "GET", "status": "200"}
    before = counted(**labels), counted(route="unmatched", method="other", status="404")
    await api.get("/v1/notes/987654")
    await api.request("BREW", "/v1/coffee-987654")
    assert (counted(**labels), counted(route="unmatched", method="other", status="404")) == (
        before[0] + 1,
        before[1] + 1,
    )
    assert "987654" not in (await api.get("/metrics")).text


async def test_spans_name_the_route_and_nothing_the_caller_sent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    app = create_app(settings, title="Notes", routers=[router], policy=POLICY)
    async with serving(app) as client:
        await client.get("/v1/notes/987654?q=Lovelace", headers={"User-Agent": "Ada", "X-Forwarded-For": "10.1.2.3"})
        await client.get("/v1/broken?q=Lovelace")
        await client.get("/readyz")
    found = [span for span in spans.get_finished_spans() if span.kind.name == "SERVER"]
    assert [span.name for span in found] == ["GET /v1/notes/{note_id}", "GET /v1/broken"]
    told = "".join(span.to_json() for span in found)
    assert not [secret for secret in ("987654", "Lovelace", "Ada", "10.1.2.3", "127.0.0.1") if secret in told]
    assert found[1].attributes
    assert found[1].attributes["error.type"] == "LookupError"


async def test_many_requests_at_once_keep_their_own_ids(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(api.get(f"/v1/notes/{number}", headers={"X-Request-Id": str(number)}) for number in range(50))
    )
    assert [answer.headers["x-request-id"] for answer in answers] == [answer.json()["text"] for answer in answers]
