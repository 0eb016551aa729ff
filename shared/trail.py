"""`audit`: what an auditor does with the trail."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import typer

from shared import audit
from shared.db import Connection, Database
from shared.settings import Settings

T = TypeVar("T")


def commands(load: Callable[[], Settings]) -> typer.Typer:
    """The sub-commands of one service."""
    app = typer.Typer(no_args_is_help=True, help="Who did what to what, and whether anybody has changed that since.")

    @app.command()
    def verify() -> None:
        """Check the chain; exits 1 naming the first position that does not hold."""
        length, broken = asyncio.run(_with(load, _verified))
        if broken is not None:
            typer.echo(f"the trail does not hold at position {broken} of {length}", err=True)
            raise typer.Exit(1)
        typer.echo(f"the trail holds: {length} sealed lines")

    @app.command()
    def export() -> None:
        """Print the sealed trail as JSON Lines, oldest first, each with its hash."""
        asyncio.run(_with(load, _print))

    return app


async def _verified(conn: Connection) -> tuple[int, int | None]:
    return await audit.length(conn), await audit.verify(conn)


async def _print(conn: Connection) -> None:
    async for line in audit.lines(conn):
        typer.echo(json.dumps(line, default=str))


async def _with(load: Callable[[], Settings], work: Callable[[Connection], Awaitable[T]]) -> T:
    async with _connection(load()) as conn:
        return await work(conn)


@asynccontextmanager
async def _connection(settings: Settings) -> AsyncIterator[Connection]:
    db = await Database.connect(settings)
    try:
        async with db.acquire() as conn:
            yield conn
    finally:
        await db.close()
