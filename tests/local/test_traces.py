"""The trace page: what an OpenTelemetry exporter sends is kept, bounded, and shown as a tree."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, set_span_in_context

from deploy.local.ports import free_port
from deploy.local.spans import MAX_SPANS_OF_A_TRACE, SpanStore
from deploy.local.traces import create_app, duration
from deploy.local.web import Served

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running trace page."""
    async with (
        Served(create_app(SpanStore()), free_port()) as served,
        httpx.AsyncClient(base_url=served.url, trust_env=False) as http,
    ):
        yield http


def provider(service: str, exporter: SpanExporter) -> TracerProvider:
    """OpenTelemetry as one service sets it up."""
    tracers = TracerProvider(resource=Resource({"service.name": service}))
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    return tracers


def send_one_trace(url: str) -> str:
    """An HTTP call in the directory whose event is handled in matching; returns the trace id."""
    directory = provider("directory", OTLPSpanExporter(f"{url}/v1/traces"))
    matching = provider("matching", OTLPSpanExporter(f"{url}/v1/traces"))
    with directory.get_tracer("t").start_as_current_span("POST /v1/people", kind=SpanKind.SERVER) as root:
        context = set_span_in_context(root)
        with matching.get_tracer("t").start_as_current_span(
            "handle <PersonChanged>", context, kind=SpanKind.CONSUMER, attributes={"messaging.batch": 3}
        ) as handled:
            handled.record_exception(ValueError("seeded"))
    directory.shutdown()
    matching.shutdown()
    return f"{root.get_span_context().trace_id:032x}"


async def test_a_sent_trace_is_shown_as_a_tree(client: httpx.AsyncClient) -> None:
    trace_id = await asyncio.to_thread(send_one_trace, str(client.base_url))
    trace = (await client.get(f"/api/traces/{trace_id}")).json()
    assert (trace["root"], trace["services"], trace["span_count"]) == ("POST /v1/people", ["directory", "matching"], 2)
    root, child = trace["spans"]
    assert (root["depth"], child["depth"], child["parent_id"]) == (0, 1, root["span_id"])
    assert (root["kind"], child["kind"]) == ("server", "consumer")
    assert child["details"]["messaging.batch"] == 3

    page = (await client.get(f"/traces/{trace_id}")).text
    assert "handle &lt;PersonChanged&gt;" in page
    assert "messaging.batch" in page
    assert "seeded" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", True), ("?text=personchanged", True), ("?service=matching", True), ("?text=nowhere", False),
     ("?service=metrics", False)],
)  # fmt: skip
async def test_the_list_filters_by_text_and_service(client: httpx.AsyncClient, query: str, *, shown: bool) -> None:
    await asyncio.to_thread(send_one_trace, str(client.base_url))
    page = (await client.get(f"/{query}")).text
    assert ("POST /v1/people" in page) is shown


async def test_a_forgotten_trace_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/traces/00")
    assert (answer.status_code, "not remembered" in answer.text) == (404, True)


async def test_bytes_that_are_no_export_are_refused(client: httpx.AsyncClient) -> None:
    protobuf = {"Content-Type": "application/x-protobuf"}
    assert (await client.post("/v1/traces", content=b"\xff\xff", headers=protobuf)).status_code == 400
    packed = protobuf | {"Content-Encoding": "gzip"}
    assert (await client.post("/v1/traces", content=b"\xff\xff", headers=packed)).status_code == 400
    assert (await client.post("/v1/traces", json={})).status_code == 415


@pytest.mark.parametrize("signal", ["metrics", "logs"])
async def test_other_signals_are_accepted_and_ignored(client: httpx.AsyncClient, signal: str) -> None:
    assert (await client.post(f"/v1/{signal}", content=b"")).status_code == 200


def export(trace: int, spans: int) -> ExportTraceServiceRequest:
    """An export of one trace with so many spans."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(spans):
        scope.spans.add(trace_id=trace.to_bytes(16), span_id=(number + 1).to_bytes(8), name=f"span {trace}")
    return request


async def test_memory_is_bounded_and_the_oldest_go_first() -> None:
    store = SpanStore(max_traces=3, max_spans=10)
    for trace in range(1, 6):
        store.add(export(trace, 2))
    assert [found.root.name for found in store.recent()] == ["span 5", "span 4", "span 3"]
    store.add(export(6, 7))
    assert [found.root.name for found in store.recent()] == ["span 6", "span 5"]
    assert store.forgotten == 4


async def test_an_enormous_trace_is_kept_in_part() -> None:
    store = SpanStore()
    store.add(export(1, MAX_SPANS_OF_A_TRACE + 5))
    (trace,) = store.recent()
    assert (len(trace.spans), trace.dropped) == (MAX_SPANS_OF_A_TRACE, 5)


@pytest.mark.parametrize(
    ("nanoseconds", "text"), [(1_500, "1.5 µs"), (2_340_000, "2.34 ms"), (1_200_000_000, "1.2 s"), (0, "0 µs")]
)
async def test_durations_are_written_for_people(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text
