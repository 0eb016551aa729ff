"""After an erasure nothing brings the person back: in any order of events, edits, accounts, replays and restores."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.directory.commands.accounts import provision
from services.directory.commands.erasures import erase_person
from services.directory.commands.exports import request_export
from services.directory.commands.profiles import edit_profile
from services.directory.commands.workers import apply_due
from services.directory.consumers import on_worker_erased, on_worker_upserted
from services.directory.privacy import CATALOGUE
from shared import deadletters
from shared.db import Connection
from shared.envelope import Raw
from shared.events.hr import WorkerErased, WorkerUpserted
from shared.privacy.traces import find
from shared.refusal import Refused
from tests.conftest import Standing, undone
from tests.directory.hr import LATER, envelope, worker

NOW = datetime.now(UTC)
NUMBERS = ("QX-71", "QX-72", "QX-73")
FAMILY = {number: f"Zwq{number[-1]}vkt" for number in NUMBERS}
DAYS = (date(2020, 1, 1), date(2024, 5, 1), LATER)

OPERATIONS = st.one_of(
    st.tuples(
        st.just("tell"),
        st.sampled_from(NUMBERS),
        st.integers(1, 3),
        st.sampled_from(DAYS),
        st.sampled_from([None, *NUMBERS]),
    ),
    st.tuples(
        st.sampled_from(["edit", "account", "export", "erase", "tombstone", "due", "park"]), st.sampled_from(NUMBERS)
    ),
    st.tuples(st.sampled_from(["replay", "back up", "restore"])),
)


@dataclass
class World:
    """A directory, HR's log as it lies on the topic, and who has been erased."""

    conn: Connection
    log: list[WorkerUpserted | WorkerErased] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    backed_up: bool = False
    parked: int = 0

    async def do(self, name: str, *said: object) -> None:
        """One operation; a rule may refuse it."""
        try:
            async with self.conn.transaction():
                await self.steps[name](*said)
        except Refused:
            return

    @property
    def steps(self) -> dict[str, Callable[..., Awaitable[None]]]:
        return {
            "tell": self.tell,
            "edit": self.edit,
            "account": self.account,
            "export": self.export,
            "erase": self.erase,
            "tombstone": self.tombstone,
            "due": self.due,
            "park": self.park,
            "replay": self.replay,
        }

    async def tell(self, number: str, seq: int, on: date, manager: str | None) -> None:
        state = worker(number, manager, seq=seq, on=on, family_name=FAMILY[number])
        self.log.append(state)
        await on_worker_upserted(self.conn, [envelope(state)])

    async def edit(self, number: str) -> None:
        if who := await self.who(number):
            version = await self.conn.fetchval("SELECT version FROM people WHERE person_id = $1", who)
            await edit_profile(self.conn, who, {"capacity": version % 5}, version, NOW)

    async def account(self, number: str) -> None:
        enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        resource = {
            "userName": f"{FAMILY[number]}@corp.local",
            "name": {"givenName": "Ada", "familyName": FAMILY[number]},
            enterprise: {"employeeNumber": number},
        }
        await provision(self.conn, resource, NOW)

    async def export(self, number: str) -> None:
        if who := await self.who(number):
            await request_export(self.conn, who, NOW)

    async def erase(self, number: str) -> None:
        if who := await self.who(number):
            await erase_person(self.conn, who, NOW)
            tombstones = await self.conn.fetch("SELECT key FROM outbox WHERE topic = 'hr.workers' AND value IS NULL")
            self.log += [WorkerErased(employee_number=row["key"]) for row in tombstones]
            self.erased.add(number)

    async def tombstone(self, number: str) -> None:
        event = WorkerErased(employee_number=number)
        self.log.append(event)
        await on_worker_erased(self.conn, [envelope(event)])
        self.erased.add(number)

    async def due(self, _: str) -> None:
        await self.conn.execute("UPDATE worker_records SET due_at = now() WHERE pending")
        await apply_due(self.conn, NOW)

    async def park(self, number: str) -> None:
        """A broken record of theirs, with and without its key; what can still be read of earlier ones is let be."""
        self.parked += 1
        value = f'{{"employeeNumber": "{number}", "familyName": "{FAMILY[number]}"'.encode()
        for key in (number.encode(), None):
            raw = Raw("hr.workers", 0 if key else 1, self.parked, key, (), value)
            await deadletters.park(self.conn, "directory", raw, "undecodable", "broken")

    async def readable(self) -> str:
        """All that dead letters still say to whoever has the database."""
        said = []
        for row in await self.conn.fetch("SELECT * FROM dead_letters"):
            with suppress(deadletters.NotReplayable):
                said.append(str((await deadletters.opened(self.conn, row)).value))
        return " ".join(said)

    async def replay(self) -> None:
        for event in list(self.log):
            try:
                async with self.conn.transaction():
                    if isinstance(event, WorkerErased):
                        await on_worker_erased(self.conn, [envelope(event)])
                    else:
                        await on_worker_upserted(self.conn, [envelope(event)])
            except Refused:
                continue

    async def back_up(self) -> None:
        await self.conn.execute("SAVEPOINT backup")
        self.backed_up = True

    async def restore(self) -> None:
        """The database as it was, then HR's topic read again: the runbook's order."""
        if self.backed_up:
            await self.conn.execute("ROLLBACK TO SAVEPOINT backup")
            await self.do("replay")

    async def who(self, number: str) -> UUID | None:
        found: UUID | None = await self.conn.fetchval("SELECT person_id FROM people WHERE employee_number = $1", number)
        return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(operations=[("tell", "QX-71", 1, DAYS[0], None), ("park", "QX-71"), ("erase", "QX-71"), ("park", "QX-71")])
@example(operations=[("tell", "QX-71", 1, DAYS[0], None), ("back up",), ("erase", "QX-71"), ("restore",)])
@given(operations=st.lists(OPERATIONS, min_size=3, max_size=14))
async def test_nothing_brings_the_erased_back(standing: Standing, operations: list[tuple[str, object]]) -> None:
    async with undone(await standing("directory")) as conn:
        world = World(conn)
        for name, *said in operations:
            if name == "back up":
                await world.back_up()
            elif name == "restore":
                await world.restore()
            else:
                await world.do(name, *said)
        names = [name for number in world.erased for name in (FAMILY[number], f"{number}@aurora.example")]
        assert await find(conn, CATALOGUE, names) == {}
        assert not [number for number in world.erased if await world.who(number)]
        readable = await world.readable()
        assert not [number for number in world.erased if FAMILY[number] in readable]
