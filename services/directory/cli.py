"""The operator's and the data engineer's commands."""

import asyncio
import getpass
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from services.directory.api.feeds import Manifest
from services.directory.commands import accounts, feeds, holds
from services.directory.commands import republish as republishing
from services.directory.domain.adapters import AdapterName, check_header
from services.directory.domain.lines import Encoding, Form, Line, Reader
from services.directory.domain.manifest import Tally
from services.directory.queries import feeds as feed_queries
from services.directory.queries import holds as hold_queries
from services.directory.settings import DirectorySettings, provisioning
from services.directory.store.feeds import Feed
from shared import audit
from shared.db import Connection, Database
from shared.refusal import Refused
from shared.settings import load

Why = Annotated[str, typer.Option(prompt=True, help="The reason, kept with the decision.")]
WAIT_SECONDS = 0.1
CHUNK_BYTES = 64 * 1024


def add(app: typer.Typer) -> None:
    """Put them beside those of every service."""
    app.command()(republish)
    app.command(name="feed")(feed)
    app.command()(precedence)
    app.add_typer(_holds(), name="holds")


def republish(
    only: Annotated[str | None, typer.Option(help="skills, units, people, contacts or erased; all unless said")] = None,
) -> None:
    """Publish everything again, in its present version: readers that know it change nothing, others catch up."""
    if only is not None and only not in republishing.READ:
        _fail(f"{only} is none of {', '.join(republishing.READ)}")
    _run(lambda db: _republish(db, [what for what in republishing.READ if only in {None, what}]))


async def _republish(db: Database, wanted: list[republishing.What]) -> None:
    async with db.acquire() as conn:
        totals = await republishing.count(conn)
    with _progress() as progress:
        for what in wanted:
            task = progress.add_task(what, total=totals[what])
            after: str | None = None
            while True:
                async with db.transaction() as conn:
                    done, after = await republishing.republish(conn, what, after)
                if after is None:
                    break
                progress.advance(task, republishing.AT_ONCE if what == "erased" else done)
                await _wait_for_the_relay(db)
    typer.echo("republished " + ", ".join(f"{totals[what]} {what}" for what in wanted))


async def _wait_for_the_relay(db: Database) -> None:
    while True:
        async with db.acquire() as conn:
            if not await republishing.outbox_is_full(conn):
                return
        await asyncio.sleep(WAIT_SECONDS)


def precedence(
    apply: Annotated[bool, typer.Option("--apply", help="Derive everybody who has an account anew by it.")] = False,
) -> None:
    """Show whose word counts, attribute by attribute: LATERAL_DIRECTORY_SCIM_PRECEDENCE. After a change, apply it."""
    for attribute, source in provisioning().precedence.model_dump().items():
        typer.echo(f"{attribute:<24} {source}")

    async def derive(db: Database) -> None:
        async with db.transaction() as conn:
            people = await accounts.derive_holders(conn)
            await _audit(conn, "precedence_applied", "precedence")
        typer.echo(f"{people} people are derived anew, 5,000 a second at most")

    if apply:
        _run(derive)


def feed(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    source: Annotated[str, typer.Option(help="The HR system's URI: it owns its employee numbers.")] = "",
    adapter: Annotated[str, typer.Option(help="generic, workday or successfactors")] = "generic",
    form: Annotated[str, typer.Option(help="csv or jsonl; by the file's name unless said")] = "",
    encoding: str = "utf-8",
    snapshot: Annotated[bool, typer.Option(help="The file names everybody the source knows.")] = False,
    default: Annotated[list[str] | None, typer.Option(help="FIELD=VALUE for a field the file lacks.")] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="JSON with rows, sha256, snapshotAt, mode, as far as known."),
    ] = None,
    resume: Annotated[UUID | None, typer.Option(help="Go on with this feed, which broke off.")] = None,
) -> None:
    """Take a file of workers; prints what became of its lines. A thousand lines a transaction."""
    if resume is None and not source:
        _fail("--source is needed, for a new feed")
    defaults = dict(each.partition("=")[::2] for each in default or ())
    found: Form = (
        "jsonl"
        if (form or Path(file.name.removesuffix(".gz")).suffix.lstrip(".")) in {"jsonl", "ndjson", "json"}
        else "csv"
    )

    said = _manifest(manifest)
    whole = snapshot or said.mode == "full"

    async def begin(db: Database) -> Feed:
        async with db.transaction() as conn:
            feed_id = resume or await feeds.begin(
                conn,
                source,
                _one_of(adapter, AdapterName),
                found,
                _one_of(encoding, Encoding),
                snapshot=whole,
                defaults=defaults,
                said_at=said.snapshot_at or datetime.now(UTC),
                by=_actor(),
                manifest=said.model_dump(mode="json", exclude_none=True, include={"rows", "sha256"}),
            )
            await _audit(conn, "feed", f"feeds/{feed_id}")
            job = await feed_queries.get_feed(conn, feed_id)
        if job is None:
            _fail(f"there is no feed {feed_id}")
        return job

    async def take(db: Database) -> None:
        job, tally = await begin(db), Tally()
        with _progress() as progress:
            task = progress.add_task(file.name, total=file.stat().st_size)
            for lines, read in _thousands(file, job, tally):
                parsed = feeds.read(job, tally.lines(lines))
                async with db.transaction() as conn:
                    await feeds.take_lines(conn, job.feed_id, parsed, datetime.now(UTC))
                progress.update(task, completed=read)
        async with db.transaction() as conn:
            job = await feeds.finish(conn, job.feed_id, datetime.now(UTC), tally)
        await _report(db, job)

    _run(take)


def _manifest(file: Path | None) -> Manifest:
    try:
        return Manifest.model_validate_json(file.read_bytes()) if file else Manifest()
    except ValidationError as error:
        _fail(
            "the manifest: " + "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}" for each in error.errors())
        )


async def _report(db: Database, job: Feed) -> None:
    typer.echo(f"feed {job.feed_id}: {job.taken} taken, {job.unchanged} unchanged, {job.refused} refused")
    async with db.acquire() as conn:
        refusals = await feed_queries.list_refusals(conn, job.feed_id, None, 100)
    for refusal in refusals[:100]:
        typer.echo(f"line {refusal['line']}: {refusal['reason']}")
    for each in job.disagreements:
        typer.echo(f"nothing is reconciled: {each['field']} is {each['found']}, not {each['said']}")
    if job.missing:
        typer.echo(f"{job.missing} people are missing: POST /v1/feeds/{job.feed_id}/deactivate-missing confirms")


def _thousands(file: Path, job: Feed, tally: Tally) -> Iterator[tuple[list[Line], int]]:
    """Lines with the number of bytes read so far."""
    reader, waiting = Reader(job.form, job.encoding, partial(check_header, job.adapter)), list[Line]()
    with file.open("rb") as stream:
        while True:
            chunk = tally.bytes(stream.read(CHUNK_BYTES))
            for line in reader.feed(chunk) if chunk else reader.finish():
                waiting.append(line)
                if len(waiting) == feeds.AT_ONCE:
                    yield waiting, stream.tell()
                    waiting = []
            if not chunk:
                break
        if waiting:
            yield waiting, stream.tell()


def _holds() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Leavers who wait for an operator.")

    @app.command(name="list")
    def list_() -> None:
        """Show holds, newest first, one a line."""

        async def show(db: Database) -> None:
            async with db.acquire() as conn:
                rows = await hold_queries.list_holds(conn, None, 50)
            for row in rows:
                opened = f"{row['opened_at']:%Y-%m-%d %H:%M}"
                typer.echo(f"{row['hold_id']:>5}  {row['state']}  {opened}  {row['records']} of {row['here']} people")
            if not rows:
                typer.echo("no holds")

        _run(show)

    @app.command()
    def approve(hold_id: int, why: Why) -> None:
        """Let them leave."""
        _run(lambda db: _decide(db, hold_id, "approved", why))

    @app.command()
    def reject(hold_id: int, why: Why) -> None:
        """Let nobody leave."""
        _run(lambda db: _decide(db, hold_id, "rejected", why))

    return app


async def _decide(db: Database, hold_id: int, decision: holds.Decision, why: str) -> None:
    async with db.transaction() as conn:
        await holds.decide(conn, hold_id, decision, _actor(), why, datetime.now(UTC))
        await _audit(conn, f"hold_{decision}", f"holds/{hold_id}")
    typer.echo(f"hold {hold_id} is {decision}")


async def _audit(conn: Connection, action: str, object_: str) -> None:
    request = hashlib.sha256(f"{action} {object_} {time.time_ns()}".encode()).hexdigest()[:32]
    await audit.append(conn, audit.Entry(_actor(), action, object_, 200, None, request))


def _actor() -> str:
    """Whoever is at the keyboard, as the machine knows them."""
    return f"command:{getpass.getuser()}"


def _one_of(text: str, choices: Any) -> Any:
    allowed = get_args(choices)
    if text not in allowed:
        _fail(f"{text} is none of {', '.join(allowed)}")
    return text


def _run(work: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        db = await Database.connect(load(DirectorySettings, "directory"))
        try:
            await work(db)
        finally:
            await db.close()

    try:
        asyncio.run(run())
    except Refused as refused:
        _fail(refused.detail)


def _progress() -> Progress:
    percent = TextColumn("{task.percentage:>3.0f} %")
    shown = (TextColumn("{task.description}"), BarColumn(), percent, TimeRemainingColumn())
    return Progress(*shown, console=Console(stderr=True))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
