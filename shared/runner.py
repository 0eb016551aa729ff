"""`python -m services.<name>`: the same commands for every service."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
import uvloop

from shared import kafka, processes
from shared.catch_up import REMEMBERED_HOURS, CatchUp
from shared.db import Database
from shared.letters import commands as dead_letters
from shared.migrate import SchemaMismatch, migrate
from shared.privacy.commands import commands as privacy
from shared.processes import Service
from shared.rebuild import TableHash, differences, rebuild
from shared.settings import Settings, WrongSettings
from shared.timers import Timer, run_once
from shared.trail import commands as audit_trail

__all__ = ["Service", "cli", "run"]


def run(service: Service) -> None:
    """The command line of a service. Exits 2 when a setting or the schema does not fit."""
    try:
        cli(service)()
    except WrongSettings as error:
        print(error, file=sys.stderr)  # noqa: T201 - for whoever typed the command
        sys.exit(2)


def cli(service: Service) -> typer.Typer:
    """The commands, for `run` and for tests."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=f"The {service.name} service.")

    @app.command()
    def api() -> None:
        """Serve HTTP."""
        raise typer.Exit(uvloop.run(processes.run(service, "api")))

    @app.command()
    def worker() -> None:
        """Consume events, publish the outbox, run timers."""
        raise typer.Exit(uvloop.run(processes.run(service, "worker")))

    @app.command(name="all")
    def all_() -> None:
        """Both in one process: for small installations."""
        raise typer.Exit(uvloop.run(processes.run(service, "all")))

    @app.command(name="migrate")
    def migrate_() -> None:
        """Bring the database to this code's schema."""
        try:
            done = asyncio.run(migrate(service.load()))
        except SchemaMismatch as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        typer.echo("\n".join(f"applied {name}" for name in done) or "nothing to apply")

    @app.command(name="rebuild")
    def rebuild_(
        into: Annotated[str, typer.Option(envvar="LATERAL_REBUILD_DATABASE_URL", help="An empty migrated database.")],
    ) -> None:
        """Make the read models anew from the topics, tell nobody, and compare; exits 1 where they differ."""
        read, different = asyncio.run(_rebuild(service, into, typer.echo))
        for table, (live, rebuilt) in different.items():
            typer.echo(f"{table}: {live.rows} rows live, {rebuilt.rows} rebuilt, and they differ")
        typer.echo(f"{read} records read, {len(service.read_models) - len(different)} read models the same")
        raise typer.Exit(1 if different else 0)

    @app.command()
    def topics() -> None:
        """Create the Kafka topics that are missing."""
        created = asyncio.run(kafka.apply_topics(service.load()))
        typer.echo("\n".join(f"created {name}" for name in created) or "all topics exist")

    @app.command()
    def openapi() -> None:
        """Print the OpenAPI document."""
        settings = service.load(database_url="postgresql://unused")
        typer.echo(json.dumps(service.app(settings).openapi(), indent=2, sort_keys=True))

    app.add_typer(privacy(service.catalogue, service.load), name="privacy")
    app.add_typer(audit_trail(service.load), name="audit")
    app.add_typer(dead_letters(service.name, service.load, service.handlers), name="dead-letters")
    _add_timer(app, service)
    _add_catch_up(app, service)
    service.commands(app)
    return app


def _add_timer(app: typer.Typer, service: Service) -> None:
    @app.command()
    def timer(name: Annotated[str, typer.Argument(help="What falls due by itself, by its name.")]) -> None:
        """Do now what a timer would do at its next turn; says how much that was."""
        settings = service.load()
        known = {timer.name: timer for timer in processes.timers_of(service, settings)}
        if name not in known:
            typer.echo(f"no timer has that name; there are: {', '.join(sorted(known))}", err=True)
            raise typer.Exit(2)
        typer.echo(f"{asyncio.run(_run_timer(settings, known[name]))} done")


def _add_catch_up(app: typer.Typer, service: Service) -> None:
    @app.command(name="catch-up")
    def catch_up(
        hours: Annotated[float, typer.Option(min=0, max=REMEMBERED_HOURS, help="How far to look back.")] = 24.0,
    ) -> None:
        """Apply what workers of an older release had no use for, once the last of them has ended."""
        typer.echo(f"{asyncio.run(_catch_up(service, hours))} events caught up with")


async def _run_timer(settings: Settings, timer: Timer) -> int:
    db = await Database.connect(settings)
    try:
        return await run_once(db, timer)
    finally:
        await db.close()


async def _catch_up(service: Service, hours: float) -> int:
    settings = service.load()
    db = await Database.connect(settings)
    try:
        return await CatchUp(settings, db, service.handlers).since(datetime.now(UTC) - timedelta(hours=hours))
    finally:
        await db.close()


async def _rebuild(
    service: Service, into: str, tell: Callable[[str], None]
) -> tuple[int, Mapping[str, tuple[TableHash, TableHash]]]:
    live, made = await Database.connect(service.load()), await Database.connect(service.load(database_url=into))
    try:
        read = await rebuild(service.load(database_url=into), made, service.handlers, tell)
        async with live.acquire() as here, made.acquire() as there:
            return read, await differences(here, there, service.read_models)
    finally:
        await live.close()
        await made.close()
