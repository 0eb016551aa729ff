"""Commands of matching's own."""

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from services.matching.commands.rules import replay
from services.matching.settings import MatchingSettings
from shared.db import Database
from shared.refusal import Refused
from shared.settings import load


def add(app: typer.Typer) -> None:
    """Put them beside those of every service."""
    app.command(name="replay")(replay_round)


def replay_round(
    round_id: UUID,
    out: Annotated[Path | None, typer.Option(help="Write what came out, as JSON Lines, byte for byte.")] = None,
) -> None:
    """Compute a round again from what it kept; exits 1 where it does not come to the same bytes."""
    try:
        same, lines = asyncio.run(_replay(round_id, out))
    except Refused as refused:
        typer.echo(refused.detail, err=True)
        raise typer.Exit(2) from refused
    typer.echo(lines, file=sys.stdout)
    raise typer.Exit(0 if same else 1)


async def _replay(round_id: UUID, out: Path | None) -> tuple[bool, str]:
    db = await Database.connect(load(MatchingSettings, "matching"))
    try:
        async with db.acquire() as conn:
            with out.open("wb") if out else nullcontext() as file:
                found = await replay(conn, round_id, file)
    finally:
        await db.close()
    words = {True: "the same", False: "not the same"}
    return found["same_input"] and found["same_output"], (
        f"input {found['input_digest']}: {words[found['same_input']]}\n"
        f"output {found['output_digest']}: {words[found['same_output']]}"
    )
