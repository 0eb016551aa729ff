"""What no field takes, in every field of all that can be sent: refused by the name of the field, and never a 500."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from tests.sessions.conftest import World
from tests.sessions.gathering import add, found, workday

ODD = ("a\0b", "\ud800", 10**40)
"""JSON may say them; PostgreSQL has no NUL, UTF-8 no lone surrogate, and a bigint ends before."""
BROKEN = (b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b"NaN")
ROLES = ("employee", "programme-owner", "admin", "operator")
Path = tuple[Any, ...]


class Bodies:
    """Bodies as the service's own description has them: its examples, else what the types allow."""

    def __init__(self, described: dict[str, Any], ids: dict[str, str]) -> None:
        self._schemas = described["components"]["schemas"]
        self._ids = ids

    def make(self, schema: dict[str, Any], name: str = "") -> Any:
        """Every field filled in."""
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rsplit("/", 1)[-1]]
        for few in ("anyOf", "oneOf", "allOf", "enum", "examples"):
            if few in schema and few not in {"enum", "examples"}:
                return self.make(schema[few][0], name)
        plain = (schema.get("examples") or schema.get("enum") or [schema.get("const")])[0]
        if "properties" in schema:
            fields = {field: self.make(part, field) for field, part in schema["properties"].items()}
            return {**fields, **(plain or {}), **{field: self._ids[field] for field in fields.keys() & self._ids}}
        if plain is not None:
            return plain
        if schema.get("type") == "array":
            return [self.make(schema["items"], name)]
        at = workday(4)
        by_format = {"uuid": str(uuid4()), "date-time": at.isoformat(), "date": at.date().isoformat()}
        by_type = {"integer": max(1, schema.get("minimum", 1)), "number": 1, "boolean": True, "object": {}}
        return by_format.get(schema.get("format", "")) or by_type.get(schema.get("type", ""), "abc")


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Where something stands in a body."""
    if here:
        yield here
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from paths(part, (*here, name))


def put(value: Any, path: Path, odd: object) -> Any:
    """The body with something else there."""
    if not path:
        return odd
    changed = value.copy()
    changed[path[0]] = put(value[path[0]], path[1:], odd)
    return changed


async def test_whatever_is_sent_in_whatever_field_is_refused_by_name(world: World) -> None:
    lead, guest = await world.people(2)
    programme = await world.programme(format="study_group")
    group = await found(world, lead, programme, members=[{"person_id": str(guest)}])
    session = await add(world, lead, group, workday(3))
    ids = {
        "programme_id": str(programme), "group_id": group["group_id"], "session_id": str(session),
        "person_id": str(guest),
    }  # fmt: skip
    transport = world.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)
    described = transport.app.openapi()
    bodies, headers = Bodies(described, ids), {"If-Match": "*", "Content-Type": "application/json"}
    headers["Authorization"] = f"Bearer {world._tokens.token(ROLES, person_id=str(lead))}"
    answered: Counter[int] = Counter()
    for path, operations in described["paths"].items():
        url = re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], str(uuid4()) if "_id" in name[1] else "x"), path)
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "properties" not in str(content) and "$ref" not in str(content):
                continue
            body = bodies.make(content["schema"])
            sent = [json.dumps(put(body, where, odd)).encode() for where in paths(body) for odd in ODD]
            for one in (*sent, *BROKEN):
                reply = await world.client.request(method.upper(), url, content=one, headers=headers)
                answered[reply.status_code] += 1
                assert reply.status_code < 500, (method, path, one[:300], reply.text)
                if reply.status_code == 422:
                    assert reply.json().get("errors"), (method, path, one[:300], reply.text)
    assert answered[422] > 1000, answered
