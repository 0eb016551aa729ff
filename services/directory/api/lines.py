"""JSON Lines in, one answer a line out: a broken line is refused by itself, in transactions of some hundred lines."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from fastapi import Response
from pydantic import BaseModel, ValidationError

from services.directory.domain.taxonomy_files import reason
from shared.db import Connection
from shared.edge import EdgeCall

JSON_LINES = "application/jsonl"
LINES_AT_ONCE = 500
LARGEST_IMPORT = 16 * 1024 * 1024
L = TypeVar("L", bound=BaseModel)
Take = Callable[[Connection, Sequence[L]], Awaitable[Sequence[tuple[str, str | None]]]]
"""Takes in lines and says of each its result and why."""


def in_and_out(line: type[BaseModel], answer: type[BaseModel], example: str) -> dict[str, Any]:
    """What a route of JSON Lines declares."""
    return {
        "response_class": Response,
        "responses": {
            200: {
                "description": "One line for each line of the request, in order.",
                "content": {JSON_LINES: {"schema": answer.model_json_schema()}},
            }
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {JSON_LINES: {"schema": line.model_json_schema(), "example": example}},
            }
        },
        "max_body_size": LARGEST_IMPORT,
    }


async def answer_lines(edge: EdgeCall, model: type[L], answer: type[BaseModel], take: Take[L]) -> Response:
    """Read the lines of a request, take in the good ones, and answer each."""
    answers: list[BaseModel] = []
    async for lines in _chunks(edge.lines()):
        answers += await _answers(edge, lines, model, answer, take)
    return Response("".join(f"{one.model_dump_json(exclude_none=True)}\n" for one in answers), media_type=JSON_LINES)


async def _answers(
    edge: EdgeCall, lines: Sequence[tuple[int, bytes]], model: type[L], answer: type[BaseModel], take: Take[L]
) -> list[BaseModel]:
    found: dict[int, tuple[str, str | None]] = {}
    good: dict[int, L] = {}
    for number, line in lines:
        try:
            good[number] = model.model_validate_json(line)
        except ValidationError as error:
            found[number] = ("refused", reason(error))
    async with edge.transaction() as conn:
        results = await take(conn, list(good.values()))
    found |= dict(zip(good, results, strict=True))
    return [
        answer.model_validate({"line": number, "result": found[number][0], "detail": found[number][1]})
        for number, _ in lines
    ]


async def _chunks(lines: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[list[tuple[int, bytes]]]:
    chunk: list[tuple[int, bytes]] = []
    async for line in lines:
        chunk.append(line)
        if len(chunk) == LINES_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
