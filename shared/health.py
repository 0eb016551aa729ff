"""What a worker answers over HTTP, where no API runs beside it: liveness, readiness and metrics."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.db import TROUBLE, Database

READY_SECONDS = 1.0


def health_app(db: Database) -> Starlette:
    """/livez, /readyz and /metrics."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        try:
            async with asyncio.timeout(READY_SECONDS), db.acquire() as conn:
                await conn.fetchval("SELECT 1")
        except TROUBLE:
            return PlainTextResponse("the database does not answer", 503)
        return PlainTextResponse("ok")

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])
