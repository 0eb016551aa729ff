"""`python -m tests.faults.soak`: nemesis after nemesis, drawn by a seed, on one register; the checker after each.

Ends at the first anomaly with exit code 1. `--record FILE` writes what was done and found as a page.
"""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated

import pytest
import typer

from tests.faults.history import Anomaly
from tests.faults.nemeses import LONG, NEMESES, Nemesis, strike
from tests.faults.page import page, tell
from tests.faults.rig import Rig
from tests.faults.site import whole


async def soak(
    seed: int, minutes: float, strikes: int | None = None, chosen: Sequence[Nemesis] = NEMESES
) -> tuple[float, Counter[str], Rig, list[Anomaly]]:
    """Strike until the time is over, or as often as is asked, or until something is wrong."""
    draw = random.Random(seed)
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as state:
        async with whole(Path(state)) as site:
            deck: list[int] = []
            anomalies: list[Anomaly] = []
            began = monotonic()
            while not anomalies and monotonic() - began < minutes * 60 and done.total() != strikes:
                deck = deck or draw.sample(range(len(chosen)), len(chosen))
                nemesis = chosen[deck.pop()]
                typer.echo(f"{monotonic() - began:>6.0f} s  {nemesis.__name__}")
                try:
                    await strike(site, nemesis)
                except pytest.skip.Exception as why:
                    typer.echo(f"         left out: {why}")
                    continue
                anomalies = await site.rig.anomalies()
                done[nemesis.__name__] += 1
                typer.echo(f"{monotonic() - began:>6.0f} s  {site.rig.succeeded} acknowledged")
            return monotonic() - began, done, site.rig, anomalies


def main(
    seed: int = 1,
    minutes: float = 30,
    only: Annotated[list[str] | None, typer.Option(help="A nemesis to draw from; all by default.")] = None,
    strikes: Annotated[int | None, typer.Option(help="After how many to end before the time is over.")] = None,
    record: Annotated[Path | None, typer.Option(help="Where to write the page.")] = None,
) -> None:
    """Run and report."""
    chosen = [nemesis for nemesis in (*NEMESES, *LONG) if nemesis.__name__ in only] if only else list(NEMESES)
    seconds, done, rig, anomalies = asyncio.run(soak(seed, minutes, strikes, chosen))
    words = [f"python -m tests.faults.soak --seed {seed} --minutes {minutes:g}"]
    words += [] if strikes is None else [f"--strikes {strikes}"]
    words += [f"--only {name}" for name in only or ()]
    tell(page(f"A soak of {seconds / 60:.0f} minutes", " ".join(words), seconds, done, rig, anomalies), record)
    sys.exit(bool(anomalies) or not done)


if __name__ == "__main__":
    typer.run(main)
