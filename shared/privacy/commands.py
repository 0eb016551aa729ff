"""`privacy`: what a data protection officer asks of a service."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from shared import subject_keys
from shared.db import Database
from shared.privacy.catalogue import Catalogue
from shared.privacy.traces import find
from shared.settings import Settings


def commands(catalogue: Catalogue, load: Callable[[], Settings]) -> typer.Typer:
    """The sub-commands of one service."""
    app = typer.Typer(no_args_is_help=True, help="What is held of people.")

    @app.command()
    def tables() -> None:
        """Print what is held, why, and in which class, one table a line."""
        width = max(len(table.name) for table in catalogue.tables)
        for table in catalogue.tables:
            typer.echo(f"{table.name:<{width}}  {table.data_class:<13}  {table.purpose}")

    @app.command()
    def traces(
        names: Annotated[list[str], typer.Argument(help="Ids, numbers, names or addresses.")],
    ) -> None:
        """Look for somebody in every table; exits 1 where there is something left of them."""
        found = asyncio.run(_find(catalogue, load(), names))
        for table, rows in found.items():
            typer.echo(f"{table}: {rows}")
        if found:
            raise typer.Exit(1)
        typer.echo("nothing is left")

    @app.command()
    def rewrap() -> None:
        """Wrap the keys of people with the first of LATERAL_WRAPPING_KEYS; afterwards the others can be removed."""
        typer.echo(f"{asyncio.run(_rewrap(load()))} keys wrapped")

    return app


async def _rewrap(settings: Settings) -> int:
    db, total = await Database.connect(settings), 0
    try:
        while True:
            async with db.transaction() as conn:
                done = await subject_keys.rewrap(conn)
            total += done
            if done < subject_keys.AT_ONCE:
                return total
    finally:
        await db.close()


async def _find(catalogue: Catalogue, settings: Settings, names: list[str]) -> dict[str, int]:
    db = await Database.connect(settings)
    try:
        async with db.acquire() as conn:
            return await find(conn, catalogue, names)
    finally:
        await db.close()
