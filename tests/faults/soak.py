"""`python -m tests.faults.soak`: nemesis after nemesis, drawn by a seed, on one register; the checker after each.

Ends at the first anomaly with exit code 1. `--record FILE` writes what was done and found as a page.
"""

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated

import pytest
import typer

from tests.faults.history import Anomaly
from tests.faults.nemeses import LONG, NEMESES, Nemesis, strike
from tests.faults.page import page, tell
from tests.faults.site import Site, whole


def deck(draw: random.Random, chosen: Sequence[Nemesis] = NEMESES) -> Iterator[Nemesis]:
    """All in some order, before any comes again."""
    while True:
        yield from draw.sample(chosen, len(chosen))


async def soak(site: Site, drawn: Iterator[Nemesis], minutes: float, strikes: int | None = None) -> list[Anomaly]:
    """Strike until the time is over, or as often as is asked, or until something is wrong, which is returned."""
    began, done = monotonic(), 0
    anomalies: list[Anomaly] = []
    while not anomalies and monotonic() - began < minutes * 60 and done != strikes:
        nemesis = next(drawn)
        typer.echo(f"{monotonic() - began:>6.0f} s  {nemesis.__name__}")
        try:
            anomalies = await strike(site, nemesis)
        except pytest.skip.Exception as why:
            typer.echo(f"         left out: {why}")
            continue
        done += 1
        site.rig.struck[nemesis.__name__] += 1
        typer.echo(f"{monotonic() - began:>6.0f} s  {site.rig.succeeded} acknowledged")
    return anomalies


async def run(
    seed: int, minutes: float, rest: float, chosen: Sequence[Nemesis], strikes: int | None, record: Path | None
) -> bool:
    """One soak on a register of its own; whether anything was wrong, or nothing done."""
    command = f"python -m tests.faults.soak --seed {seed} --minutes {minutes:g} --rest {rest:g}"
    command += "" if strikes is None else f" --strikes {strikes}"
    command += "".join(f" --only {nemesis.__name__}" for nemesis in chosen) if chosen is not NEMESES else ""
    with tempfile.TemporaryDirectory() as state:
        async with whole(Path(state)) as site:
            site.rig.draw.seed(seed)
            site.rig.rest = rest
            began = monotonic()
            anomalies = await soak(site, deck(random.Random(seed), chosen), minutes, strikes)
            seconds = monotonic() - began
            tell(page(f"A soak of {seconds / 60:.0f} minutes", command, seconds, site.rig, anomalies), record)
    return bool(anomalies) or not site.rig.struck


def main(
    seed: int = 1,
    minutes: float = 30,
    runs: Annotated[int, typer.Option(help="How many, with one seed after another.")] = 1,
    rest: Annotated[float, typer.Option(help="Seconds each client rests between two operations.")] = 0,
    only: Annotated[list[str] | None, typer.Option(help="A nemesis to draw from; all by default.")] = None,
    strikes: Annotated[int | None, typer.Option(help="After how many to end before the time is over.")] = None,
    record: Annotated[Path | None, typer.Option(help="Where to write the page, or the pages.")] = None,
) -> None:
    """Run and report."""
    chosen = [nemesis for nemesis in (*NEMESES, *LONG) if nemesis.__name__ in only] if only else NEMESES
    for number in range(seed, seed + runs):
        where = record.with_stem(f"{record.stem}-{number}") if record and runs > 1 else record
        if asyncio.run(run(number, minutes, rest, chosen, strikes, where)):
            sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
