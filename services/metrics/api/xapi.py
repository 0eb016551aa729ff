"""xAPI: statements from a learning management system, about trainings and resources."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.metrics.commands import learnings as commands
from services.metrics.domain.learnings import NotAStatement, Received, parse, parse_all
from services.metrics.domain.xapi import VERSION_HEADER
from shared.db import Connection
from shared.edge import Edge, EdgeCall

router = APIRouter(tags=["xapi"])
VERSIONS = ["1.0.3", "2.0.0"]
SPOKEN = {"1.0": VERSIONS[0], "2.0": VERSIONS[1]}
VERSION = re.compile(r"(1\.0|2\.0)(\.\d{1,3})?")
MOST = 1000
HEADER: dict[str, Any] = {
    "name": VERSION_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "1.0.x or 2.0.x",
}
STATEMENT: dict[str, Any] = {"type": "object", "required": ["actor", "verb", "object"]}


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "parameters": [HEADER],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


class About(BaseModel):
    """Which versions are spoken here."""

    version: list[str]


@router.get("/xapi/about", summary="Read which versions of xAPI are spoken")
async def read_about() -> About:
    """For learning management systems that ask first."""
    return About(version=VERSIONS)


@router.post(
    "/xapi/statements",
    response_model=list[UUID],
    summary="Take statements",
    openapi_extra=_described({"oneOf": [STATEMENT, {"type": "array", "items": STATEMENT}]}),
)
async def take_statements(edge: Edge) -> Response:
    """One or many: all are taken or none. An id that is known with other content is 409; again the same is nothing new.

    Trainings completed and resources used are counted; whatever else is taken and not kept. Actors are accounts whose
    name is the person's id: names, addresses and scores are not kept.
    """
    version, raw = _version(edge), await _json(edge)
    if isinstance(raw, list) and len(raw) > MOST:
        raise NotAStatement.naming("body", f"more than {MOST} statements")
    now = datetime.now(UTC)
    told = parse_all(raw, now) if isinstance(raw, list) else [parse(raw, now)]
    return await _take(edge, told, version)


@router.put(
    "/xapi/statements", status_code=204, summary="Take a statement under its id", openapi_extra=_described(STATEMENT)
)
async def put_statement(statementId: UUID, edge: Edge) -> Response:  # noqa: N803 - xAPI's name
    """409 when the id is known with other content."""
    version, raw = _version(edge), await _json(edge)
    if not isinstance(raw, dict):
        raise NotAStatement.naming("body", "is not one statement")
    told = parse({**raw, "id": raw.get("id", str(statementId))}, datetime.now(UTC))
    if told.statement_id != statementId:
        raise NotAStatement.naming("id", "is not the statementId of the request")
    return await _take(edge, [told], version)


async def _take(edge: EdgeCall, told: list[Received], version: str) -> Response:
    async def work(conn: Connection) -> list[UUID] | None:
        ids = await commands.take_statements(conn, told)
        return ids if edge.request.method == "POST" else None

    response = await edge.write(work)
    response.headers[VERSION_HEADER] = version
    return response


def _version(edge: EdgeCall) -> str:
    asked = VERSION.fullmatch(edge.request.headers.get(VERSION_HEADER, ""))
    if asked is None:
        raise NotAStatement.naming(VERSION_HEADER, f"must be one of {', '.join(VERSIONS)}")
    return SPOKEN[asked[1]]


async def _json(edge: EdgeCall) -> Any:
    try:
        return orjson.loads(await edge.request.body())
    except orjson.JSONDecodeError:
        raise NotAStatement.naming("body", "is not JSON") from None
