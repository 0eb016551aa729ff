"""A shorter way to what a route answers: it is known at the gate, and need not be matched and wrapped again."""

import email.message
import inspect
import json
from functools import lru_cache
from typing import Any, get_type_hints

from fastapi import Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.db import UNSTORABLE_TEXT
from shared.problems import handle

UNCHANGING = (type(None), bool, int, str, float)


def plain_call(route: Any) -> ASGIApp | None:
    """The endpoint, called with its parameters as FastAPI reads them; None where there is more to a route than that.

    Plain is a coroutine that returns a Response and asks for the path, the query, one JSON body, and what needs the
    request alone.
    """
    dependant: Dependant = route.dependant
    if not _is_plain(dependant):
        return None
    defaults, required = request_params_to_args(dependant.query_params, QueryParams())
    if not all(isinstance(value, UNCHANGING) for value in defaults.values()):
        return None
    call: Any = dependant.call
    fields = [(field, field.alias) for field in dependant.query_params]
    bodies = dependant.body_params
    needs: list[Any] = [(one.name, one.call, one.request_param_name) for one in dependant.dependencies]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        found, wrong = _path(route, scope)
        scope.update(endpoint=call, route=route)
        values: dict[str, Any] = {**defaults, **found}
        if required or scope["query_string"]:
            query = QueryParams(scope["query_string"])
            asked = [field for field, alias in fields if alias in query or field.name not in defaults]
            more, wrong_too = request_params_to_args(asked, query)
            values |= more
            wrong += wrong_too
        request = Request(scope, receive, send)
        if bodies:
            more, wrong_too = await request_body_to_args(bodies, await _body(request), embed_body_fields=False)
            values |= more
            wrong += wrong_too
        if wrong:
            raise RequestValidationError(wrong)
        for name, need, parameter in needs:
            result = await need(**{parameter: request})
            if name is not None:
                values[name] = result
        try:
            response: Response = await call(**values)
        except UNSTORABLE_TEXT as error:
            response = await handle(request, error)
        await response(scope, receive, send)

    return answer


def _path(route: Any, scope: Scope) -> tuple[dict[str, Any], list[Any]]:
    """What the path says, by the names of parameters, and what is wrong with it."""
    found = route.path_regex.match(scope["path"])
    convertors = route.param_convertors
    said = {name: convertors[name].convert(value) for name, value in found.groupdict().items()} if found else {}
    scope["path_params"] = said
    values: dict[str, Any] = {}
    wrong: list[Any] = []
    for field in route.dependant.path_params:
        alias = field.alias
        value, errors = field.validate(said[alias], {}, loc=("path", alias))
        if errors:
            wrong += errors
        else:
            values[field.name] = value
    return values, wrong


async def _body(request: Request) -> Any:
    """What is in the body, as FastAPI reads it. Raises RequestValidationError, HTTPException."""
    try:
        content = await request.body()
        if not content:
            return PydanticUndefined
        return await request.json() if _is_json(request.headers.get("content-type", "")) else content
    except json.JSONDecodeError as error:
        told = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error", "input": {}}
        raise RequestValidationError([{**told, "ctx": {"error": error.msg}}], body=error.doc) from error
    except HTTPException:
        raise
    except Exception as error:
        raise HTTPException(400, "There was an error parsing the body") from error


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _is_plain(dependant: Dependant) -> bool:
    result = get_type_hints(dependant.call).get("return") if inspect.iscoroutinefunction(dependant.call) else None
    return (
        isinstance(result, type)
        and issubclass(result, Response)
        and not _asks_more(dependant)
        and (not dependant.body_params or _is_one_model(dependant.body_params))
        and dependant.request_param_name is None
        and all(_is_named_plainly(field) for field in dependant.query_params)
        and all(
            inspect.iscoroutinefunction(one.call)
            and one.request_param_name is not None
            and not (_asks_more(one) or one.body_params or one.path_params or one.query_params or one.dependencies)
            for one in dependant.dependencies
        )
    )


def _asks_more(dependant: Dependant) -> bool:
    return bool(
        dependant.header_params
        or dependant.cookie_params
        or dependant.websocket_param_name
        or dependant.http_connection_param_name
        or dependant.response_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.concurrency
    )


def _is_one_model(fields: list[Any]) -> bool:
    """Whether the whole body is one value, and no form."""
    (field,) = fields if len(fields) == 1 else (None,)
    return field is not None and type(field.field_info) is params.Body and not field.field_info.embed


def _is_named_plainly(field: Any) -> bool:
    """Whether a query parameter has one name and one value, and is not a model of many."""
    annotation = field.field_info.annotation
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return not is_model and isinstance(field.field_info.validation_alias, str | None)
