import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

from shared import problems
from shared.db import DatabaseBusy
from shared.refusal import InvalidRequest, NotFound, Refused


class SessionFull(Refused):
    """No seat is left."""


def document(error: Exception) -> dict[str, Any]:
    response = problems.respond(error, "r-1")
    assert response.media_type == "application/problem+json"
    found: dict[str, Any] = json.loads(bytes(response.body))
    assert found["status"] == response.status_code
    return found


def test_a_refusal_is_named_for_the_fact() -> None:
    assert document(SessionFull("All 8 seats are taken.", seats=8)) == {
        "type": "/problems/session-full",
        "title": "Session full",
        "status": 409,
        "detail": "All 8 seats are taken.",
        "instance": "r-1",
        "seats": 8,
    }


def test_a_field_of_a_refusal_cannot_hide_the_problems_own() -> None:
    assert document(SessionFull("Full.", type="/evil"))["type"] == "/problems/session-full"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NotFound("x"), 404, "/problems/not-found"),
        (InvalidRequest.naming("a", "b"), 422, "/problems/invalid-request"),
        (HTTPException(404), 404, "/problems/not-found"),
        (HTTPException(405), 405, "/problems/method-not-allowed"),
        (DatabaseBusy("x"), 503, "/problems/database-unavailable"),
        (ConnectionResetError("10.0.0.1"), 503, "/problems/database-unavailable"),
        (KeyError("secret"), 500, "/problems/internal-error"),
        (ValueError("secret"), 500, "/problems/internal-error"),
    ],
)
def test_each_error_has_its_status_and_type(error: Exception, status: int, kind: str) -> None:
    found = document(error)
    assert (found["status"], found["type"]) == (status, kind)
    assert not {"secret", "10.0.0.1"} & set(str(found).replace("'", " ").split())


@pytest.mark.parametrize("error", [DatabaseBusy("x"), TimeoutError()])
def test_trouble_with_the_database_says_when_to_come_back(error: Exception) -> None:
    assert problems.respond(error, "r-1").headers["retry-after"] == "1"


class Offer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    level: int


class Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    offers: list[Offer]


app = FastAPI(exception_handlers={RequestValidationError: problems.handle})


@app.middleware("http")
async def request_id(request: Request, call_next: Any) -> Any:
    request.state.request_id = "r-1"
    return await call_next(request)


@app.put("/profile")
async def put_profile(body: Profile, limit: int = 1) -> Profile:
    assert limit
    return body


@pytest.mark.parametrize(
    ("content", "query", "errors"),
    [
        (
            '{"offers": [{"level": "x"}]}',
            "",
            [
                {
                    "field": "offers.0.level",
                    "message": "Input should be a valid integer, unable to parse string as an integer",
                }
            ],
        ),
        (
            '{"offers": [{"level": 1, "boss": 2}]}',
            "",
            [{"field": "offers.0.boss", "message": "Extra inputs are not permitted"}],
        ),
        ('{"offers": [}', "", [{"field": "body", "message": "not JSON at position 12: Expecting value"}]),
        ("", "", [{"field": "body", "message": "Field required"}]),
        (
            '{"offers": []}',
            "?limit=x",
            [
                {
                    "field": "limit",
                    "message": "Input should be a valid integer, unable to parse string as an integer",
                }
            ],
        ),
    ],
    ids=["wrong type", "unknown field", "broken JSON", "no body", "query"],
)
async def test_a_request_that_does_not_fit_names_the_field(
    content: str, query: str, errors: list[dict[str, str]]
) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        answer = await client.put(f"/profile{query}", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    assert answer.json()["errors"] == errors
