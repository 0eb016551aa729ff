"""Every route under its policy: routes and rows are joined at the start, and nothing opens without both."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from shared.auth import Allow, Policy, Public
from shared.plain_call import plain_call

BODY_LIMIT = 256 * 1024


class PolicyMismatch(Exception):
    """The policy table and the routes do not say the same."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route, with all that is decided before its code runs."""

    method: str
    path: str
    name: str
    endpoint: object
    rule: Allow | Public
    status: int
    body_limit: int
    response: TypeAdapter[Any] | None
    plain_call: ASGIApp | None
    """A shorter way to the same answer, where there is one."""


class Operations:
    """All operations of an application, in the order its router tries them."""

    def __init__(self, patterns: dict[str, re.Pattern[str]], found: Iterable[Operation]) -> None:
        self._found = {(operation.method, operation.path): operation for operation in found}
        self._near: dict[str | None, dict[str, re.Pattern[str]]] = {}
        """Patterns by how they begin, for a request is compared only with those that can match; None holds all."""
        beginnings = {_beginning(path) for path in patterns}
        for beginning in (*beginnings, None):
            self._near[beginning] = {
                path: pattern
                for path, pattern in patterns.items()
                if beginning is None or "{" in _beginning(path) or _beginning(path) == beginning
            }

    @classmethod
    def bind(cls, app: FastAPI, policy: Policy) -> Self:
        """Join routes and policy rows. Raises PolicyMismatch naming whatever has no counterpart."""
        patterns: dict[str, re.Pattern[str]] = {}
        found: list[Operation] = []
        gaps: list[str] = []
        for context in iter_route_contexts(app.routes):
            path, methods = context.path, set(context.methods or ())
            if path is None or not methods:
                gaps.append(f"{path} is not a plain route")
                continue
            patterns[path] = context.path_regex
            for method in sorted(methods):
                row = f"{'GET' if method == 'HEAD' and 'GET' in methods else method} {path}"
                if row not in policy:
                    gaps.append(f"{row} has no policy row")
                    continue
                found.append(_operation(method, path, policy[row], context))
        rows = {f"{operation.method} {operation.path}" for operation in found}
        gaps += [f"{row} is a policy row without a route" for row in sorted(policy.keys() - rows)]
        names = [operation.name for operation in found if operation.method != "HEAD"]
        gaps += [f"two operations are named {name}" for name in sorted(set(names)) if names.count(name) > 1]
        if gaps:
            raise PolicyMismatch("; ".join(gaps))
        return cls(patterns, found)

    def is_public(self, method: str, path: str) -> bool:
        """Whether an operation needs no token."""
        return isinstance(self._found[method, path].rule, Public)

    def find(self, method: str, path: str) -> Operation:
        """The operation a request is for. Raises HTTPException 404, or 405 with every method the path does have."""
        allowed: set[str] = set()
        near = self._near.get(_beginning(path)) or self._near[None]
        for template, pattern in near.items():
            if pattern.match(path):
                if operation := self._found.get((method, template)):
                    return operation
                allowed |= {known for known, at in self._found if at == template}
        if allowed:
            raise HTTPException(405, "This path has other methods.", {"Allow": ", ".join(sorted(allowed))})
        raise HTTPException(404, "There is no such path.")


def _operation(method: str, path: str, rule: Allow | Public, context: Any) -> Operation:
    route = context.original_route
    model = route.response_model if isinstance(route, APIRoute) else None
    return Operation(
        method=method,
        path=path,
        name=context.name,
        endpoint=context.endpoint,
        rule=rule,
        status=getattr(route, "status_code", None) or 200,
        body_limit=getattr(route, "max_body_size", None) or BODY_LIMIT,
        response=TypeAdapter(model) if model is not None else None,
        plain_call=plain_call(context) if method != "HEAD" and isinstance(route, APIRoute) else None,
    )


def _beginning(path: str) -> str:
    """The first two parts, where most routes differ."""
    return "/".join(path.split("/", 3)[:3])
