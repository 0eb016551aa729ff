"""`audit`: what an auditor does with the trail."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

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
        found = asyncio.run(_with(load, _verified))
        if found.broken is not None:
            row = "" if found.audit_id is None else f", where row {found.audit_id} was sealed"
            typer.echo(f"the trail does not hold at position {found.broken} of {found.length}{row}", err=True)
            raise typer.Exit(1)
        typer.echo(f"the trail holds: {found.length} sealed lines")

    @app.command()
    def export() -> None:
        """Print the sealed trail as JSON Lines, oldest first, each with its hash."""
        asyncio.run(_with(load, _print))

    @app.command()
    def compare(
        audit_id: int, file: Annotated[typer.FileBinaryRead, typer.Argument(help="JSON; - reads stdin.")]
    ) -> None:
        """Say whether a file is what came of the change in a line; exits 1 where it is not, or nobody can tell."""
        state = file.read()

        async def work(conn: Connection) -> bool | None:
            return await audit.matches(conn, audit_id, state)

        same = asyncio.run(_with(load, work))
        typer.echo({True: "the same", False: "not the same", None: "nobody can tell"}[same])
        if not same:
            raise typer.Exit(1)

    return app


async def _verified(conn: Connection) -> audit.Verdict:
    return await audit.verdict(conn, 0, None)


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
