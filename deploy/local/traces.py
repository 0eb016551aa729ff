"""The trace page: receives OTLP over HTTP and shows what one call or event did in every service it touched."""

import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from deploy.local.spans import SpanStore, Trace

PROTOBUF = "application/x-protobuf"
BAR_UNITS = 1000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
TEMPLATES = Path(__file__).with_name("templates")


def create_app(store: SpanStore) -> FastAPI:
    """The receiver, the pages and their JSON over one store."""
    app = FastAPI(title="Lateral traces", docs_url=None, redoc_url=None, openapi_url=None)
    for router in (_receiver(store), _pages(store), _json(store)):
        app.include_router(router)
    return app


def _receiver(store: SpanStore) -> APIRouter:
    """OTLP over HTTP. Metrics and logs are accepted, so that exporters stay quiet, and ignored."""
    router = APIRouter(prefix="/v1")

    @router.post("/traces")
    async def receive(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith(PROTOBUF):
            raise HTTPException(415, f"only {PROTOBUF} is understood")
        body = await request.body()
        try:
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            store.add(ExportTraceServiceRequest.FromString(body))
        except (DecodeError, OSError, EOFError, zlib.error) as error:
            raise HTTPException(400, "not an OTLP trace export") from error
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type=PROTOBUF)

    @router.post("/metrics")
    async def ignore_metrics() -> Response:
        return Response(ExportMetricsServiceResponse().SerializeToString(), media_type=PROTOBUF)

    @router.post("/logs")
    async def ignore_logs() -> Response:
        return Response(ExportLogsServiceResponse().SerializeToString(), media_type=PROTOBUF)

    return router


def _pages(store: SpanStore) -> APIRouter:
    """The list of recent traces, and one trace as a waterfall."""
    router = APIRouter(default_response_class=HTMLResponse)
    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    pages.filters |= {"duration": duration, "moment": moment}
    style = (TEMPLATES / "style.css").read_text("utf-8")

    def page(name: str, status: int = 200, **values: object) -> HTMLResponse:
        return HTMLResponse(pages.get_template(name).render(**values), status, HEADERS)

    @router.get("/")
    async def recent(text: str = "", service: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Response:
        return page(
            "traces.html", traces=store.recent(text, service, limit), text=text, service=service,
            services=sorted(store.services().items()), kept=len(store), forgotten=store.forgotten,
        )  # fmt: skip

    @router.get("/traces/{trace_id}")
    async def one(trace_id: str) -> Response:
        trace = store.get(trace_id)
        if trace is None:
            return page("missing.html", 404, trace_id=trace_id)
        return page("trace.html", trace=trace, rows=rows(trace))

    @router.get("/style.css")
    async def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    return router


def _json(store: SpanStore) -> APIRouter:
    """The same for programs."""
    router = APIRouter(prefix="/api/traces")

    @router.get("")
    async def recent(text: str = "", service: str = "") -> list[dict[str, Any]]:
        return [summary(trace) for trace in store.recent(text, service)]

    @router.get("/{trace_id}")
    async def one(trace_id: str) -> dict[str, Any]:
        trace = store.get(trace_id)
        if trace is None:
            raise HTTPException(404, "this trace is not remembered")
        return summary(trace) | {"spans": rows(trace)}

    return router


def summary(trace: Trace) -> dict[str, Any]:
    """What the list shows of a trace."""
    return {
        "trace_id": trace.trace_id,
        "root": trace.root.name,
        "services": trace.services,
        "span_count": len(trace.spans),
        "dropped": trace.dropped,
        "duration_ns": trace.duration,
        "started_at": moment(trace.start),
        "failed": trace.failed,
    }


def rows(trace: Trace) -> list[dict[str, Any]]:
    """The waterfall: each span with its depth and its place on a bar of BAR_UNITS."""
    begin, whole = trace.start, max(trace.duration, 1)
    return [
        {
            "depth": depth,
            "span_id": span.span_id,
            "parent_id": span.parent_id,
            "service": span.service,
            "name": span.name,
            "kind": span.kind,
            "offset_ns": span.start - begin,
            "duration_ns": span.end - span.start,
            "failed": span.failed,
            "bar_left": min((span.start - begin) * BAR_UNITS // whole, BAR_UNITS - 4),
            "bar_width": max((span.end - span.start) * BAR_UNITS // whole, 4),
            "details": span.details(),
        }
        for depth, span in trace.tree()
    ]


def duration(nanoseconds: int) -> str:
    """A duration for people: three digits and a unit."""
    for size, unit in ((1_000_000_000, "s"), (1_000_000, "ms")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds / 1_000:.3g} µs"


def moment(nanoseconds: int) -> str:
    """A time in UTC, to the millisecond."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
