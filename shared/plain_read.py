"""A shorter way to what a GET answers: its route is known at the gate, and need not be matched and wrapped again."""

import inspect
import re
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

UNCHANGING = (type(None), bool, int, str, float)


def plain_read(route: Any, pattern: re.Pattern[str]) -> ASGIApp | None:
    """The endpoint, called with its parameters as FastAPI reads them; None where there is more to a route than that.

    Plain is a coroutine that returns a Response and asks for the path, the query, and what needs the request alone.
    """
    dependant: Dependant = route.dependant
    if not _is_plain(dependant):
        return None
    defaults, required = request_params_to_args(dependant.query_params, QueryParams())
    if not all(isinstance(value, UNCHANGING) for value in defaults.values()):
        return None
    call: Any = dependant.call
    convertors = route.param_convertors
    parts: list[Any] = [(field, field.alias) for field in dependant.path_params]
    fields = [(field, field.alias) for field in dependant.query_params]
    needs: list[Any] = [(one.name, one.call, one.request_param_name) for one in dependant.dependencies]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        found = pattern.match(scope["path"])
        path = {name: convertors[name].convert(value) for name, value in found.groupdict().items()} if found else {}
        scope.update(path_params=path, endpoint=call, route=route)
        values: dict[str, Any] = dict(defaults)
        wrong: list[Any] = []
        for field, alias in parts:
            value, errors = field.validate(path[alias], {}, loc=("path", alias))
            if errors:
                wrong += errors
            else:
                values[field.name] = value
        if required or scope["query_string"]:
            query = QueryParams(scope["query_string"])
            asked = [field for field, alias in fields if alias in query or field.name not in defaults]
            more, wrong_too = request_params_to_args(asked, query)
            values |= more
            wrong += wrong_too
        if wrong:
            raise RequestValidationError(wrong)
        request = Request(scope, receive, send)
        for name, need, parameter in needs:
            result = await need(**{parameter: request})
            if name is not None:
                values[name] = result
        response: Response = await call(**values)
        await response(scope, receive, send)

    return answer


def _is_plain(dependant: Dependant) -> bool:
    result = get_type_hints(dependant.call).get("return") if inspect.iscoroutinefunction(dependant.call) else None
    return (
        isinstance(result, type)
        and issubclass(result, Response)
        and not _asks_more(dependant)
        and dependant.request_param_name is None
        and all(_is_named_plainly(field) for field in dependant.query_params)
        and all(
            inspect.iscoroutinefunction(one.call)
            and one.request_param_name is not None
            and not (_asks_more(one) or one.path_params or one.query_params or one.dependencies)
            for one in dependant.dependencies
        )
    )


def _asks_more(dependant: Dependant) -> bool:
    return bool(
        dependant.header_params
        or dependant.cookie_params
        or dependant.body_params
        or dependant.websocket_param_name
        or dependant.http_connection_param_name
        or dependant.response_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.concurrency
    )


def _is_named_plainly(field: Any) -> bool:
    """Whether a query parameter has one name and one value, and is not a model of many."""
    annotation = field.field_info.annotation
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return not is_model and isinstance(field.field_info.validation_alias, str | None)
