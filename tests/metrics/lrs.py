"""A learning record store on a loopback port, as strict as the specification where statements meet it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.ports import free_port
from shared.processes import serve

IRI = {"type": "string", "pattern": r"^[a-z][a-z0-9+.-]*:[^\s]+$"}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}
WORDS = {"type": "object", "propertyNames": {"pattern": "^[a-z]{2}"}, "additionalProperties": {"type": "string"}}
ACTIVITY = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "objectType": {"const": "Activity"},
        "id": IRI,
        "definition": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"type": IRI, "name": WORDS, "description": WORDS, "moreInfo": IRI},
        },
    },
}
STATEMENT = {
    "type": "object",
    "required": ["id", "actor", "verb", "object"],
    "additionalProperties": False,
    "properties": {
        "id": UUID,
        "timestamp": {"type": "string", "format": "date-time"},
        "actor": {
            "type": "object",
            "required": ["account"],
            "additionalProperties": False,
            "properties": {
                "objectType": {"const": "Agent"},
                "account": {
                    "type": "object",
                    "required": ["homePage", "name"],
                    "additionalProperties": False,
                    "properties": {"homePage": IRI, "name": {"type": "string", "minLength": 1}},
                },
            },
        },
        "verb": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {"id": IRI, "display": WORDS},
        },
        "object": {
            "oneOf": [
                ACTIVITY,
                {
                    "type": "object",
                    "required": ["objectType", "id"],
                    "additionalProperties": False,
                    "properties": {"objectType": {"const": "StatementRef"}, "id": UUID},
                },
            ]
        },
        "result": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"duration": {"type": "string", "pattern": r"^P(T\d+M|\d+D)$"}},
        },
        "context": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "platform": {"type": "string"},
                "contextActivities": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"category": {"type": "array", "items": ACTIVITY}},
                },
            },
        },
    },
}
RULES = Draft202012Validator(STATEMENT, format_checker=FormatChecker())


class Store:
    """What it has been told. `answers` are given to the next requests instead; it then keeps what `deaf` lets it."""

    def __init__(self, version: str) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.batches: list[list[dict[str, Any]]] = []
        self.answers: list[int] = []
        self.keeps_first = False
        """Whether it keeps what came before it gives one of `answers`: a reply that is lost."""
        self.version = version
        self.url = ""

    @property
    def voided(self) -> set[str]:
        return {each["object"]["id"] for each in self.kept.values() if each["verb"]["id"].endswith("/voided")}

    @property
    def valid(self) -> list[dict[str, Any]]:
        """Statements that hold, voiding ones aside."""
        gone = self.voided
        return [
            each for key, each in self.kept.items() if key not in gone and not each["verb"]["id"].endswith("/voided")
        ]

    async def post(self, request: Request) -> Response:
        key = b64encode(b"metrics:secret").decode()
        if request.headers.get("authorization") != f"Basic {key}":
            return Response(status_code=401)
        told: list[dict[str, Any]] = await request.json()
        self.batches.append(told)
        if self.answers and not self.keeps_first:
            return Response(status_code=self.answers.pop(0))
        strange = request.headers.get("x-experience-api-version") != self.version
        if strange or len(told) > 100 or any(error for each in told for error in RULES.iter_errors(each)):
            return Response("schema", 400)
        if any(self.kept.get(each["id"], each) != each for each in told):
            return Response(status_code=409)
        self.kept |= {each["id"]: each for each in told}
        if self.answers:
            return Response(status_code=self.answers.pop(0))
        return JSONResponse([each["id"] for each in told])


@asynccontextmanager
async def serving_store(version: str = "1.0.3") -> AsyncIterator[Store]:
    store, port = Store(version), free_port()
    app = Starlette(routes=[Route("/xapi/statements", store.post, methods=["POST"])])
    stop = asyncio.Event()
    task = asyncio.create_task(serve(app, "127.0.0.1", port, stop))
    store.url = f"http://127.0.0.1:{port}/xapi"
    async with httpx.AsyncClient() as client:
        while not task.done():
            try:
                await client.get(store.url)
                break
            except httpx.TransportError:
                await asyncio.sleep(0.01)
    try:
        yield store
    finally:
        stop.set()
        await task
