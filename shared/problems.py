"""Whatever goes wrong is answered with an RFC 9457 problem, which says nothing that is not the caller's to know."""

import logging
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from opentelemetry import trace
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.db import TROUBLE, UNSTORABLE_TEXT
from shared.refusal import InvalidRequest, Refused, sent_with_nul, with_nul

MEDIA_TYPE = "application/problem+json"
UNSTORABLE = "Some text holds a character that cannot be stored."
MISFIT = "misfit"
ONE_LINE = r"^[^\r\n]*$"

log = logging.getLogger(__name__)


def problem(
    status: int,
    name: str,
    detail: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """One problem document; `name` is a class name such as SessionFull. Members cannot hide the problem's own."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).split()
    content = {
        **(members or {}),
        "type": "/problems/" + "-".join(words).lower(),
        "title": " ".join(words).capitalize(),
        "status": status,
        "detail": detail,
        "instance": request_id,
    }
    return Response(orjson.dumps(content, default=str), status, dict(headers or {}), MEDIA_TYPE)


def respond(error: Exception, request_id: str) -> Response:
    """The problem an exception stands for. What nobody foresaw is logged and answered without a word about it."""
    if isinstance(error, RequestValidationError):
        error = InvalidRequest("The request does not fit its description.", errors=_errors(error.errors()))
    elif isinstance(error, UNSTORABLE_TEXT):
        error = InvalidRequest(UNSTORABLE)
    if isinstance(error, Refused):
        headers = {"Retry-After": "1"} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        headers |= getattr(error, "headers", {})
        return problem(error.status, type(error).__name__, error.detail, request_id, headers, error.fields)
    if isinstance(error, HTTPException):
        name = HTTPStatus(error.status_code).phrase.title().replace(" ", "").replace("-", "")
        return problem(error.status_code, name, str(error.detail), request_id, error.headers)
    if isinstance(error, TROUBLE):
        log.warning("database unavailable", extra={"fields": {"error": type(error).__name__}})
        detail = "The database is not available just now; try again."
        return problem(503, "DatabaseUnavailable", detail, request_id, {"Retry-After": "1"})
    _report(error, request_id)
    detail = "Something went wrong here. The instance of this problem finds it in our logs."
    return problem(500, "InternalError", detail, request_id)


async def handle(request: Request, error: Exception) -> Response:
    """`respond` as an exception handler of the application, where the request can still be looked at."""
    if isinstance(error, UNSTORABLE_TEXT):
        fields = with_nul({**request.path_params, **request.query_params})
        with suppress(ClientDisconnect):
            fields += sent_with_nul(await request.body())
        message = "holds a character that cannot be stored"
        error = InvalidRequest(UNSTORABLE, errors=[{"field": field, "message": message} for field in fields])
    return respond(error, request.state.request_id)


def misfit(field: str, message: str) -> PydanticCustomError:
    """For a model's own validator: which of its fields does not go with the others."""
    return PydanticCustomError(MISFIT, message, {"field": field})


def _errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    found = []
    for error in errors:
        place, *rest = map(str, error["loc"])
        rest += [error["ctx"]["field"]] if error["type"] == MISFIT else []
        if error["type"] == "json_invalid":
            found.append({"field": place, "message": f"not JSON at position {rest[0]}: {error['ctx']['error']}"})
        else:
            found.append({"field": ".".join([*rest, *_tag(error)]) or place, "message": _message(error)})
    return found


def _tag(error: Mapping[str, Any]) -> list[str]:
    """The field that says which of several a body is: the library names the body alone."""
    return [error["ctx"]["discriminator"].strip("'")] if error["type"].startswith("union_tag_") else []


def _message(error: Mapping[str, Any]) -> str:
    """What is wrong in plain words, without the value: of a union's tag the library repeats it."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == ONE_LINE:
        return "must be one line"
    if error["type"] == "union_tag_not_found":
        return "Field required"
    if error["type"] == "union_tag_invalid":
        return f"must be one of {error['ctx']['expected_tags']}"
    return str(error["msg"])


def _report(error: Exception, request_id: str) -> None:
    """Log where it broke. The message stays out: database and validation errors quote the values they stumbled on."""
    name = type(error).__name__
    span = trace.get_current_span()
    span.set_attribute("error.type", name)
    span.set_status(trace.StatusCode.ERROR)
    stack = "".join(traceback.format_tb(error.__traceback__))
    log.error("unhandled %s", name, extra={"fields": {"request_id": request_id, "error": name, "stack": stack}})


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/session-full"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The request id."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
MEANINGS = {
    401: "No access token, or one that does not count.",
    403: "The caller's roles do not allow this.",
    404: "There is no such thing, or none the caller may know of.",
    409: "A rule says no.",
    412: "It has changed since the version named by If-Match.",
    413: "The body is too large.",
    422: "A field is wrong; `errors` names it.",
    428: "If-Match is needed.",
    503: "Try again after Retry-After seconds.",
}


def describe(app: FastAPI, is_public: Callable[[str, str], bool]) -> dict[str, Any]:
    """The OpenAPI document, with the token, the problems and the headers that routes have in common."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, methods in document["paths"].items():
        for verb, entry in methods.items():
            method, public = verb.upper(), is_public(verb.upper(), path)
            entry["security"] = [] if public else [{"bearer": []}]
            entry["responses"].pop("422", None)
            for status in _possible(method, path, public=public, takes_input="parameters" in entry):
                entry["responses"].setdefault(str(status), _response(status))
            if headers := _headers(method, path):
                entry.setdefault("parameters", []).extend(headers)
    app.openapi_schema = document
    return document


def _possible(method: str, path: str, *, public: bool, takes_input: bool) -> list[int]:
    """The statuses of the problems an operation can answer with."""
    writes, has_id = method != "GET", "{" in path
    when = {
        401: not public,
        403: not public,
        404: has_id,
        409: writes,
        412: writes and has_id,
        413: writes,
        422: writes or takes_input,
        428: writes and has_id,
        503: True,
    }
    return [status for status, possible in when.items() if possible]


def _response(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}}


def _headers(method: str, path: str) -> list[dict[str, Any]]:
    """The request headers the edge understands on such an operation."""
    names = {
        "Idempotency-Key": method != "GET",
        "If-Match": method in {"PUT", "PATCH", "DELETE"} and "{" in path,
        "If-None-Match": method == "GET" and "{" in path,
    }
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return [{"name": name, "in": "header", "required": False, "schema": schema} for name, used in names.items() if used]
