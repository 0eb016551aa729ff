"""`dead-letters`: what an operator does at night with records that could not be handled."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import typer

from shared import deadletters, redrive, sql
from shared.consumer import Handlers
from shared.db import Connection, Database
from shared.deadletters import NotReplayable
from shared.envelope import Undecodable
from shared.redrive import Selection
from shared.refusal import Refused
from shared.settings import Settings

SQL = sql.load("shared", "delivery")
REDRIVE = sql.load("shared", "redrive")
T = TypeVar("T")
Number = Annotated[int, typer.Argument(help="Number of the dead letter, from `list`.")]
Why = Annotated[str, typer.Option(prompt=True, help="The reason; it is kept.")]
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this it is tried and rolled back.")]


def commands(service: str, load: Callable[[], Settings], handlers: Handlers) -> typer.Typer:
    """The sub-commands of one service."""
    app = typer.Typer(no_args_is_help=True, help="Records that could not be handled.")
    _looking(app, service, load)
    _replaying(app, service, load, handlers)
    _deciding(app, service, load, handlers)
    return app


def _looking(  # noqa: C901 - three small commands
    app: typer.Typer, service: str, load: Callable[[], Settings]
) -> None:
    @app.command(name="list")
    def list_(
        state: Annotated[str, typer.Option(help="open, replayed, discarded, superseded or all")] = "open",
        reason: Annotated[str | None, typer.Option(help="undecodable, refused, failed or held")] = None,
        topic: str | None = None,
        after: Annotated[int, typer.Option(help="Go on after this number.")] = 0,
        limit: int = 50,
    ) -> None:
        """Show dead letters, oldest first, one a line."""
        wanted = None if state == "all" else state
        rows = _run(load, lambda conn: conn.fetch(REDRIVE.list_letters, service, wanted, after, reason, topic, limit))
        for row in rows:
            kind = (row["event_type"] or "unknown type").removeprefix("org.lateral.")
            place = f"{row['topic']}/{row['partition']}@{row['record_offset']}"
            at = f"{row['parked_at']:%Y-%m-%d %H:%M:%S}"
            typer.echo(f"{row['id']:>5}  {row['state']}  {at}  {place}  {kind}  {row['reason']}: {row['detail']}")
        if not rows:
            typer.echo(f"no {state} dead letters")
        elif len(rows) == limit:
            typer.echo(f"more: --after {rows[-1]['id']}")

    @app.command()
    def keys(limit: int = 50) -> None:
        """Show parked keys, oldest first, and how many letters wait behind each. Keys may be people's numbers."""
        rows = _run(load, lambda conn: conn.fetch(REDRIVE.list_parked_keys, service, limit))
        for row in rows:
            first = f"first is {row['first']}" if row["first"] else "parked by hand"
            typer.echo(f"{row['topic']}  {row['key']}  since {row['parked_at']:%Y-%m-%d %H:%M:%S}")
            typer.echo(f"    {row['waiting']} waiting, {first}")
        if not rows:
            typer.echo("no parked keys")

    @app.command()
    def show(
        number: Number,
        reveal: Annotated[bool, typer.Option(help="Also print the bytes, which may hold personal data.")] = False,
    ) -> None:
        """Show one dead letter as JSON: where, why, and the shape of its content. `--reveal` is audited."""

        async def look(conn: Connection) -> dict[str, object]:
            row = await deadletters.show(conn, service, number)
            if row is None:
                message = f"no dead letter {number}"
                raise NotReplayable(message)
            shown = {**deadletters.describe(row), "attempts": row["attempts"], "closed_why": row["closed_why"]}
            try:
                value = (await deadletters.opened(conn, row)).value
            except NotReplayable as unreadable:
                return {**shown, "shape": str(unreadable)}
            shown["shape"] = redrive.redacted(value)
            if reveal:
                await redrive.note(conn, "dead-letters.reveal", f"{service}/dead-letters/{number}")
                shown["key"] = row["key"]
                shown["value"] = None if value is None else value.decode("utf-8", "backslashreplace")
            return shown

        typer.echo(json.dumps(_run(load, look), default=str, indent=2))


def _replaying(app: typer.Typer, service: str, load: Callable[[], Settings], handlers: Handlers) -> None:
    @app.command()
    def replay(
        number: Annotated[int | None, typer.Argument(help="One dead letter, and all of its key.")] = None,
        reason: Annotated[str | None, typer.Option(help="All that have this reason.")] = None,
        topic: Annotated[str | None, typer.Option(help="All of this topic.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
        limit: Annotated[int, typer.Option(help="Keys at most.")] = 100,
        rate: Annotated[float, typer.Option(min=0.1, help="Letters a second at most.")] = 50.0,
        apply: Apply = False,
    ) -> None:
        """Handle again, a key's letters in order and all or none of them; says what would happen unless `--apply`."""
        if number is None and reason is None and topic is None and not everything:
            _fail("name a number, a --reason, a --topic, or --all")
        selection = Selection(number, reason, topic, None, limit)

        async def inside() -> tuple[int, int]:
            db = await Database.connect(load())
            done = left = 0
            try:
                async for one in redrive.redrive(db, service, handlers, selection, rate=rate, dry=not apply):
                    verb = "replayed" if apply else "would be replayed"
                    what = verb if one.problem is None else f"not replayed: {one.problem}"
                    typer.echo(f"{one.number:>5}  {one.topic}  {one.letters} of its key  {what}")
                    done, left = (done + one.letters, left) if one.problem is None else (done, left + one.letters)
            finally:
                await db.close()
            return done, left

        done, left = asyncio.run(inside())
        if number is not None and not done + left:
            _fail(f"not replayed: dead letter {number} is not open")
        typer.echo(f"replayed {done}, left {left}" if apply else f"{done} would be replayed; add --apply to do it")
        if left:
            raise typer.Exit(1)


def _deciding(app: typer.Typer, service: str, load: Callable[[], Settings], handlers: Handlers) -> None:
    @app.command()
    def discard(number: Number, why: Why) -> None:
        """Give it up, for a reason; what waits behind it goes on at the next replay."""
        _run(load, lambda conn: redrive.discard(conn, service, number, why))
        typer.echo(f"discarded {number}")

    @app.command()
    def park(topic: str, key: str) -> None:
        """Hold a key back: its next events wait here, in order, until `unpark`."""
        _run(load, lambda conn: redrive.park(conn, service, topic, key))
        typer.echo("parked")

    @app.command()
    def unpark(topic: str, key: str) -> None:
        """Handle what waits behind a key, in order, and let it go on."""
        done = _run(load, lambda conn: redrive.unpark(conn, service, handlers, topic, key))
        typer.echo(f"unparked, {done} handled")

    @app.command()
    def resume() -> None:
        """Let a consumer go on that stopped after too many failures in a row."""

        async def go_on(conn: Connection) -> str | None:
            await redrive.note(conn, "consumer.resume", service)
            found: str | None = await conn.fetchval(SQL.resume_consumer, service)
            return found

        why = _run(load, go_on)
        typer.echo(f"may go on; it had stopped because {why}" if why else "it had not stopped")


def _run(load: Callable[[], Settings], work: Callable[[Connection], Awaitable[T]]) -> T:
    async def inside() -> T:
        db = await Database.connect(load())
        try:
            async with db.transaction() as conn:
                return await work(conn)
        finally:
            await db.close()

    try:
        return asyncio.run(inside())
    except (NotReplayable, Undecodable, Refused) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
