"""`dead-letters`: what an operator does at night with records that could not be handled."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import typer

from shared import deadletters, sql
from shared.consumer import Handlers
from shared.db import Connection, Database
from shared.deadletters import NotReplayable
from shared.envelope import Undecodable, decode
from shared.refusal import Refused
from shared.settings import Settings

SQL = sql.load("shared", "delivery")
T = TypeVar("T")
Number = Annotated[int, typer.Argument(help="Number of the dead letter, from `list`.")]


def commands(  # noqa: C901 - a list of small commands
    service: str, load: Callable[[], Settings], handlers: Handlers
) -> typer.Typer:
    """The sub-commands of one service."""
    app = typer.Typer(no_args_is_help=True, help="Records that could not be handled.")

    @app.command(name="list")
    def list_(
        state: Annotated[str, typer.Option(help="open, replayed, discarded, superseded or all")] = "open",
        limit: int = 50,
    ) -> None:
        """Show dead letters, oldest first, one a line."""
        wanted = None if state == "all" else state
        rows = _run(load, lambda conn: conn.fetch(SQL.list_dead_letters, service, wanted, limit))
        for row in rows:
            kind = (row["event_type"] or "unknown type").removeprefix("org.lateral.")
            place = f"{row['topic']}/{row['partition']}@{row['record_offset']}"
            at = f"{row['parked_at']:%Y-%m-%d %H:%M:%S}"
            typer.echo(f"{row['id']:>5}  {row['state']}  {at}  {place}  {kind}  {row['reason']}: {row['detail']}")
        if not rows:
            typer.echo(f"no {state} dead letters")

    @app.command()
    def show(
        number: Number,
        reveal: Annotated[bool, typer.Option(help="Also print the bytes, which may hold personal data.")] = False,
    ) -> None:
        """Show one dead letter as JSON, without its content."""
        row = _run(load, lambda conn: deadletters.show(conn, service, number))
        if row is None:
            _fail(f"no dead letter {number}")
        shown = {**deadletters.describe(row), "attempts": row["attempts"], "closed_why": row["closed_why"]}
        if reveal:
            shown["key"] = row["key"]
            shown["value"] = None if row["value"] is None else row["value"].decode("utf-8", "backslashreplace")
        typer.echo(json.dumps(shown, default=str, indent=2))

    @app.command()
    def replay(number: Number) -> None:
        """Handle it again, and all that waits behind it, in order."""
        try:
            done = _run(load, lambda conn: replay_key(conn, service, handlers, number))
        except (NotReplayable, Undecodable, Refused) as error:
            _fail(f"not replayed: {error}")
        typer.echo(f"replayed {done}")

    @app.command()
    def discard(number: Number, why: Annotated[str, typer.Option(prompt=True)]) -> None:
        """Give it up, for a reason; what waits behind it goes on at the next replay."""
        row = _run(load, lambda conn: deadletters.show(conn, service, number))
        if row is None or row["state"] != "open":
            _fail(f"dead letter {number} is not open")
        _run(load, lambda conn: deadletters.close(conn, service, row, "discarded", why))
        typer.echo(f"discarded {number}")

    @app.command()
    def resume() -> None:
        """Let a consumer go on that stopped after too many failures in a row."""
        why = _run(load, lambda conn: conn.fetchval(SQL.resume_consumer, service))
        typer.echo(f"may go on; it had stopped because {why}" if why else "it had not stopped")

    return app


async def replay_key(conn: Connection, service: str, handlers: Handlers, number: int) -> int:
    """Handle the open dead letters of a key in order, in one transaction. Raises what the handler raises."""
    classes = {cls.event_type: cls for cls in handlers}
    rows = await deadletters.queue(conn, service, number)
    for row in rows:
        envelope = decode(deadletters.raw(row), classes)
        if envelope is None:
            message = f"dead letter {row['id']} is of a type nobody here handles"
            raise NotReplayable(message)
        await handlers[type(envelope.data)](conn, [envelope])
        await deadletters.close(conn, service, row, "replayed", "replayed by an operator")
    return len(rows)


def _run(load: Callable[[], Settings], work: Callable[[Connection], Awaitable[T]]) -> T:
    async def inside() -> T:
        db = await Database.connect(load())
        try:
            async with db.transaction() as conn:
                return await work(conn)
        finally:
            await db.close()

    return asyncio.run(inside())


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
