"""`python -m tests.faults.campaigns kills|stops|members|brokers|databases`: one kind of harm, as often as one likes.

The checker looks after each round. Ends at the first anomaly with exit code 1. `--record FILE` writes what was done and
found as a page.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from deploy.local.processes import STABLE_AFTER
from tests.faults import harm, nemeses
from tests.faults.nemeses import Nemesis, strike
from tests.faults.page import page, tell
from tests.faults.site import Site, whole

app = typer.Typer(no_args_is_help=True, add_completion=False)
Count = Annotated[int, typer.Option(help="How often in all.")]
Record = Annotated[Path | None, typer.Option(help="Where to write the page.")]


def run(title: str, words: str, seed: int, rounds: Sequence[Nemesis], record: Path | None) -> None:
    """Do round after round, report, and end by what was found."""
    sys.exit(asyncio.run(campaign(title, f"{words} --seed {seed}", seed, rounds, record)))


async def campaign(title: str, words: str, seed: int, rounds: Sequence[Nemesis], record: Path | None) -> bool:
    """Whether the checker found anything after one of the rounds."""
    began = monotonic()
    with tempfile.TemporaryDirectory() as state:
        async with whole(Path(state)) as site:
            rig = site.rig
            rig.draw.seed(seed)
            for each in rounds:
                anomalies = await strike(site, each)
                found = f"{rig.harm.total()} times harm, {rig.succeeded} acknowledged, {len(anomalies)} anomalies"
                typer.echo(f"{monotonic() - began:>6.0f} s  {found}")
                if anomalies:
                    break
            command = f"python -m tests.faults.campaigns {words}"
            tell(page(title, command, monotonic() - began, rig, anomalies), record)
    return bool(anomalies)


@app.command()
def kills(seed: int = 1, count: Count = 500, writes: int = 100_000, rounds: int = 10, record: Record = None) -> None:
    """SIGKILL at every named point."""

    async def die(site: Site) -> None:
        await harm.kill(site, count // rounds, writes // rounds)

    run("Killed at every point", f"kills --count {count} --writes {writes}", seed, [die] * rounds, record)


@app.command()
def stops(seed: int = 1, count: Count = 100, members: int = 10, record: Record = None) -> None:
    """SIGTERM under load, half of them with brokers, the others while they hang or are stopped."""
    brokers: cycle[harm.Brokers] = cycle(("up", "hanging", "up", "stopped"))

    async def stop(site: Site) -> None:
        await harm.stop(site, members, next(brokers))

    run("Told to stop under load", f"stops --count {count}", seed, [stop] * (count // members), record)


@app.command()
def members(seed: int = 1, count: Count = 200, at_once: int = 4, record: Record = None) -> None:
    """Readers join, leave, die and sleep: two changes each."""

    async def move(site: Site) -> None:
        await harm.come_and_go(site, at_once)

    run("Readers come and go", f"members --count {count}", seed, [move] * (count // 2 // at_once), record)


@app.command()
def brokers(seed: int = 1, count: Count = 20, hangs: int = 10, record: Record = None) -> None:
    """All brokers stop, die, or hang."""
    rounds = [nemeses.all_brokers_are_killed, nemeses.all_brokers_are_stopped] * (count // 2)
    rounds += [nemeses.all_brokers_hang] * hangs
    run("Brokers away", f"brokers --count {count} --hangs {hangs}", seed, rounds, record)


@app.command()
def databases(seed: int = 1, count: Count = 20, promotions: int = 5, record: Record = None) -> None:
    """The database crashes, or is lost and its standby promoted."""

    async def crash(site: Site) -> None:
        await asyncio.sleep(STABLE_AFTER)  # its keeper waits ever longer for a server that falls again and again
        await harm.crash_database(site)

    rounds = [crash] * count + [nemeses.standby_is_promoted] * promotions
    run("The database lost", f"databases --count {count} --promotions {promotions}", seed, rounds, record)


if __name__ == "__main__":
    app()
