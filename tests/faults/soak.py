"""`python -m tests.faults.soak`: nemesis after nemesis, drawn by a seed, on one register; the checker after each.

Ends at the first anomaly with exit code 1. `--record FILE` writes what was done and found as a page.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, NamedTuple

import pytest
import typer

from tests.faults.history import Anomaly
from tests.faults.nemeses import LONG, NEMESES, Nemesis, strike
from tests.faults.site import whole


class Soaked(NamedTuple):
    """What a soak has done and found."""

    done: Counter[str]
    answers: Counter[int]
    acknowledged: int
    restarted: int
    recovery: float
    """Seconds of the longest wait until everything was at rest."""
    seconds: float
    anomalies: list[Anomaly]


async def soak(seed: int, minutes: float, chosen: Sequence[Nemesis] = NEMESES) -> Soaked:
    """Strike until the time is over, or until something is wrong."""
    draw = random.Random(seed)
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as state:
        async with whole(Path(state)) as site:
            deck: list[int] = []
            anomalies: list[Anomaly] = []
            began = monotonic()
            while not anomalies and monotonic() - began < minutes * 60:
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
            rig = site.rig
            return Soaked(
                done,
                rig.answers,
                rig.succeeded,
                rig.restarted,
                max(rig.recoveries, default=0.0),
                monotonic() - began,
                anomalies,
            )


def main(
    seed: int = 1,
    minutes: float = 30,
    only: Annotated[list[str] | None, typer.Option(help="A nemesis to draw from; all by default.")] = None,
    record: Annotated[Path | None, typer.Option(help="Where to write the page.")] = None,
) -> None:
    """Run and report."""
    chosen = [nemesis for nemesis in (*NEMESES, *LONG) if nemesis.__name__ in only] if only else list(NEMESES)
    done, answers, acknowledged, restarted, recovery, seconds, anomalies = asyncio.run(soak(seed, minutes, chosen))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    lines = [
        f"# A soak of {seconds / 60:.0f} minutes",
        "",
        f"`make soak SEED={seed} MINUTES={minutes:g}` on {datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()}.",
        "Two cores; three Apache Kafka brokers, one PostgreSQL, two APIs, two workers, eight clients.",
        "",
        f"{acknowledged} operations acknowledged, {sum(done.values())} nemeses, {len(anomalies)} anomalies;",
        f"{restarted} workers had given up and were restarted; the longest recovery took {recovery:.0f} s.",
        "",
        "| Nemesis | Times |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {count} |" for name, count in sorted(done.items())),
        "",
        "| Answer | Times |",
        "|---|---|",
        *(f"| {status or 'none: the connection broke'} | {count} |" for status, count in sorted(answers.items())),
        *(f"\n{anomaly}" for anomaly in anomalies[:50]),
    ]
    text = "\n".join(lines) + "\n"
    typer.echo(text)
    if record:
        record.write_text(text, "utf-8")
    sys.exit(bool(anomalies) or not done)


if __name__ == "__main__":
    typer.run(main)
