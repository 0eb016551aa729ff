"""The HTTP side of a service: what every request passes, health, and an application without a hole in its policy."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from time import perf_counter
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from opentelemetry import context, trace
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import migrate, problems
from shared.auth import PUBLIC, Allow, Policy, Verifier, authorize
from shared.db import TROUBLE, UNSTORABLE_TEXT, Database
from shared.gate import Operations
from shared.settings import Settings
from shared.telemetry import HTTP_DURATION
from shared.tracing import start, trace_parent

CHASSIS_POLICY: Policy = {f"GET {path}": PUBLIC for path in ("/livez", "/readyz", "/metrics", "/openapi.json")}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READY_SECONDS = 1.0
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
TRACE_HEADERS = ("traceparent", "tracestate")
FIRST_SERVER_ERROR = 500
UNTRACED = frozenset({"/livez", "/readyz", "/metrics"})
NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}
"""The gate traces and measures, and tells less: no path, no query, no address."""

health = APIRouter(include_in_schema=False)


def create_app(
    settings: Settings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    policy: Policy,
    warm: Callable[[], object] | None = None,
) -> FastAPI:
    """The application. Raises PolicyMismatch when a route has no policy row or a row has no route.

    `warm` loads what the first request would wait for; nobody is answered before.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.db = db = await Database.connect(settings)
        try:
            async with db.acquire() as conn:
                await migrate.check(conn, settings.service)
            if warm:
                await asyncio.to_thread(warm)
            yield
        finally:
            app.state.draining = True
            await db.close()

    app = FastAPI(
        title=title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
        dependencies=[Depends(_same_route)],
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=dict.fromkeys((HTTPException, RequestValidationError, *UNSTORABLE_TEXT), problems.handle),
    )
    app.state.settings, app.state.draining = settings, False
    for router in (health, *routers):
        app.include_router(router)
    operations = Operations.bind(app, {**CHASSIS_POLICY, **policy})
    app.add_middleware(Gate, operations=operations, verifier=Verifier(settings))
    app.openapi = lambda: problems.describe(app, operations.is_public)  # type: ignore[method-assign]
    return app


@health.get("/livez")
async def livez() -> Mapping[str, str]:
    """The event loop turns; nothing else is asked, so that an outage elsewhere restarts nobody."""
    return {"status": "ok"}


@health.get("/readyz")
async def readyz(request: Request, response: Response) -> Mapping[str, str]:
    """Whether requests should come here: not while draining, and only with a database that fits the code."""
    state = request.app.state
    reason = "draining" if state.draining else None
    if reason is None:
        try:
            async with asyncio.timeout(READY_SECONDS), state.db.acquire() as conn:
                await migrate.check(conn, state.settings.service)
        except migrate.SchemaMismatch:
            reason = "schema"
        except TROUBLE:
            reason = "database"
    if reason:
        response.status_code = 503
        return {"status": "unavailable", "reason": reason}
    return {"status": "ok"}


@health.get("/metrics")
async def metrics() -> Response:
    """Everything this process counts, for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class Gate:
    """Lets a request in or answers it with a problem before its body is read; measures it and dresses the reply."""

    def __init__(self, app: ASGIApp, *, operations: Operations, verifier: Verifier) -> None:
        self.app = app
        self._operations = operations
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; lifespan events go through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), 0
        headers, state = Headers(scope=scope), scope.setdefault("state", {})
        given = headers.get("x-request-id", "")
        state["request_id"] = request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        method = scope["method"] if scope["method"] in METHODS else "other"
        span = _span(scope["path"], method, headers)
        token = context.attach(trace.set_span_in_context(span))

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                dressed = _dress(message["headers"], request_id, draining=scope["app"].state.draining)
                message = {**message, "headers": dressed}
            await send(message)

        try:
            state["operation"] = operation = self._operations.find(scope["method"], scope["path"])
            if isinstance(operation.rule, Allow):
                scope["app"].state.db.admit()  # before its token and its body cost anything
                state["principal"] = principal = await self._verifier.verify(headers.getlist("authorization"))
                authorize(operation.rule, principal)
            within = _limited(receive, headers, operation.body_limit)
            if operation.plain_call is None:
                await self.app(scope, within, answer)
            else:
                await operation.plain_call(scope, within, answer)
        except Exception as error:
            if status:
                raise
            await problems.respond(error, request_id)(scope, receive, answer)
        finally:
            route = state["operation"].path if "operation" in state else "unmatched"
            _duration(route, method, status).observe(perf_counter() - started)
            context.detach(token)
            _end(span, route, method, status)


@cache
def _duration(route: str, method: str, status: int) -> Any:
    """The histogram of one kind of answer: looking it up takes longer than observing."""
    return HTTP_DURATION.labels(route, method, status)


def _span(path: str, method: str, headers: Headers) -> trace.Span:
    """The request's span. What names more than the route stays out: paths hold ids, queries anything."""
    if path in UNTRACED:
        return trace.INVALID_SPAN
    told = {name: value for name in TRACE_HEADERS if (value := headers.get(name))}
    return start(method, trace_parent(told), trace.SpanKind.SERVER)


def _end(span: trace.Span, route: str, method: str, status: int) -> None:
    if span.is_recording():
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
        if status >= FIRST_SERVER_ERROR:
            span.set_status(trace.StatusCode.ERROR)
    span.end()


async def _same_route(request: Request) -> None:
    """Refuse to run code that the gate did not judge: it and the router must have chosen the same route."""
    if request.scope["endpoint"] is not request.state.operation.endpoint:
        message = "the gate and the router disagree"
        raise RuntimeError(message)


def _dress(headers: Sequence[tuple[bytes, bytes]], request_id: str, *, draining: bool) -> list[tuple[bytes, bytes]]:
    """What every answer says, unless it says otherwise itself."""
    said = {name for name, _ in headers}
    dressed = [*headers, (b"x-request-id", request_id.encode())]
    dressed += [header for header in SECURITY_HEADERS if header[0] not in said]
    if b"cache-control" not in said:
        dressed.append((b"cache-control", b"private, no-cache" if b"etag" in said else b"no-store"))
    if draining:
        dressed.append((b"connection", b"close"))
    return dressed


def _limited(receive: Receive, headers: Headers, limit: int) -> Receive:
    """Count the body as it comes: what Content-Length declares is a claim, and chunked bodies make none."""
    declared = headers.get("content-length", "0")
    too_large = HTTPException(413, f"The body is larger than {limit} bytes.")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise too_large
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise too_large
        return message

    return counted
