"""`python -m tests.faults.erasures --count 1000 --events 50000 --seed 1`: erasures race what HR says.

Then everything is replayed from the topics into empty databases, and databases from before the erasures are restored
and read on. Nothing may be left of an erased person, and nobody else may be missing. Exits 1 where that is not so.
"""

import asyncio
import io
import logging
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import typer

from deploy.local.broker import EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from services.directory.commands.erasures import erase_person
from services.directory.commands.workers import apply_due
from shared import kafka
from shared.db import Database
from shared.events.hr import OrgUnitUpserted, WorkerErased
from shared.events.topics import SERVICES
from shared.migrate import migrate
from shared.rebuild import rebuild
from shared.settings import Settings
from shared.telemetry import JsonFormatter
from tests.faults import residue
from tests.faults.town import MARK, SINCE, UNITS, Feed, Hr, at_rest, catch_up, draw, living, opened, people_of, services

HR_ERASES = 10
"""Of so many erasures one is told by HR itself; the others an administrator asks for."""
PARTS = 50
"""In how many pieces HR tells what it has to, so that erasures come between."""


class Race:
    """One town, one feed, and what is found of the erased in it."""

    def __init__(self, postgres: Postgres, bootstrap: str, prefix: str, seed: int, count: int, events: int) -> None:
        self._postgres, self._bootstrap, self._prefix = postgres, bootstrap, prefix
        self._dice = random.Random(seed)
        self.feed: Feed = draw(seed, count, events)
        self.done: Counter[str] = Counter()
        self.found: list[str] = []
        self.ids: set[UUID] = set()
        self.settings: dict[str, dict[str, Settings]] = {}
        self._hr = Hr(bootstrap, prefix)

    async def run(self) -> None:
        """Life, the race, a replay, a restore; `found` says what was left after each."""
        with logged() as log:
            live = await self._databases("live")
            async with opened(live) as dbs, living(live, dbs):
                units = [
                    OrgUnitUpserted(code=f"U{n}", sequence_number=1, name=f"U{n}", valid_from=SINCE)
                    for n in range(UNITS)
                ]
                self._tell(*units, *self.feed.first)
                await at_rest(live, dbs)
            backup = await self._databases("backup", of=live)
            async with opened(live) as dbs:
                async with living(live, dbs):
                    await asyncio.gather(self._news(), self._erasures(dbs["directory"]))
                    await at_rest(live, dbs)
                    self._hr.garble(self.feed.gone[::HR_ERASES])
                    self._hr.say(*(WorkerErased(employee_number=number) for number in self.feed.gone[::HR_ERASES]))
                    await at_rest(live, dbs)
                await self._look("live", dbs, whole=True)
            replayed = await self._databases("replayed")
            async with opened(replayed) as dbs:
                for name, service in services().items():
                    self.done["records replayed"] += await rebuild(replayed[name], dbs[name], service.handlers)
                await self._look("replayed", dbs)
            async with opened(backup) as dbs:
                self.done["records read after the restore"] += await catch_up(backup, dbs)
                await self._look("restored", dbs, whole=True)
            said = log.getvalue().lower()
            self.done["lines logged"] = said.count("\n")
            self.found += ["the log names the erased"] if MARK in said else []

    async def _databases(self, kind: str, of: Mapping[str, Settings] | None = None) -> dict[str, Settings]:
        """Migrated databases of all services, empty or as those are now."""
        made: dict[str, Settings] = {}
        self.settings[kind] = made
        for name, service in services().items():
            database = f"{kind}_{name}_{self._prefix.strip('-')}"
            url = self._postgres.dsn(database, name)
            made[name] = service.load(
                database_url=url,
                kafka_bootstrap=self._bootstrap,
                kafka_idle_seconds=0.05,
                topic_prefix=self._prefix,
                instance="one",
                pool_size=4,
            )
            if of is None:
                await self._postgres.create_database(database, name)
                await migrate(made[name])
            else:
                await self._postgres.create_database(database, name, of[name].database_url.rpartition("/")[2])
        return made

    def _tell(self, *events: object) -> None:
        self._hr.say(*events)  # type: ignore[arg-type]
        self.done["events told by HR"] += len(events)

    async def _news(self) -> None:
        """HR goes on telling."""
        size = len(self.feed.then) // PARTS + 1
        for start in range(0, len(self.feed.then), size):
            await asyncio.to_thread(self._tell, *self.feed.then[start : start + size])
            await asyncio.sleep(0)

    async def _erasures(self, db: Database) -> None:
        """Everybody who is to go, as soon as they are known, in any order."""
        waiting = list(self.feed.gone)
        self._dice.shuffle(waiting)
        by_hr = set(waiting[::HR_ERASES])
        while waiting:
            known = await people_of(db)
            for number in [number for number in waiting if number in known]:
                self.ids.add(known[number])
                if number in by_hr:
                    self._hr.say(WorkerErased(employee_number=number))
                else:
                    async with db.transaction() as conn:
                        await erase_person(conn, known[number], datetime.now(UTC))
                self.done["erasures by HR" if number in by_hr else "erasures asked for"] += 1
                waiting.remove(number)
            await asyncio.sleep(0.01)

    async def _look(self, when: str, dbs: Mapping[str, Database], *, whole: bool = False) -> None:
        """What is left of the erased, and who else is missing; dates to come have come first."""
        async with dbs["directory"].transaction() as conn:
            while await apply_due(conn, datetime.now(UTC) + timedelta(days=60)):
                pass
        for db in dbs.values():
            async with db.acquire() as conn:
                self.done["dead letters"] += await conn.fetchval("SELECT count(*) FROM dead_letters")
        known = await people_of(dbs["directory"])
        found = await residue.in_databases(services(), dbs, MARK, [str(each) for each in self.ids])
        found += await asyncio.to_thread(residue.on_topics, self._bootstrap, self._prefix, MARK)
        found += residue.in_metrics(MARK)
        if missing := self.feed.stay - known.keys():
            found.append(f"{len(missing)} others are missing in the directory")
        if whole:
            for name in ("matching", "sessions"):
                async with dbs[name].acquire() as conn:
                    there = {row[0] for row in await conn.fetch("SELECT person_id FROM people")}
                if unknown := set(known.values()) - there:
                    found.append(f"{len(unknown)} people are missing in {name}")
        self.done[f"people known, {when}"] = len(known)
        self.found += [f"{when}: {each}" for each in found]


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged, as it is written in production, from DEBUG on but for what libraries say to themselves."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonFormatter("town", "worker"))
    ours = [logging.getLogger(name) for name in ("shared", "services")]
    levels = [each.level for each in ours]
    for each in ours:
        each.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    try:
        yield text
    finally:
        logging.getLogger().removeHandler(handler)
        for each, level in zip(ours, levels, strict=True):
            each.setLevel(level)


async def run(seed: int, count: int, events: int) -> Race:
    """One race on servers of its own."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        postgres = Postgres(state / "postgres", free_port(), fsync=False)
        try:
            async with postgres, EmbeddedBroker(state / "broker", free_port()) as broker:
                await postgres.create_service_databases(SERVICES)
                first = next(iter(services().values()))
                await kafka.apply_topics(
                    first.load(database_url="postgresql://unused", kafka_bootstrap=broker.bootstrap)
                )
                race = Race(postgres, broker.bootstrap, "", seed, count, events)
                await race.run()
        finally:
            postgres.remove()
    return race


def main(seed: int = 1, count: int = 1000, events: int = 50_000) -> None:
    """Run and report."""
    race = asyncio.run(run(seed, count, events))
    for what, times in race.done.items():
        typer.echo(f"{times:>8} {what}")
    typer.echo("\n".join(race.found) or "nothing is left of anybody who was erased, and nobody else is missing")
    sys.exit(bool(race.found))


if __name__ == "__main__":
    typer.run(main)
