"""The real parts every test may have: one PostgreSQL and one broker a run, a fresh database and topics a test."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest

from deploy.local.apache_kafka import ApacheKafka
from deploy.local.broker import Broker, EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared import kafka
from shared.db import Connection, Database, connect
from shared.events.topics import SERVICES
from shared.migrate import migrate
from shared.settings import Settings, load
from tests.fixtures.issuer import Issuer, serving_issuer
from tests.fixtures.lending import Lending

S = TypeVar("S", bound=Settings)
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30
"""Where a run's databases lie if so many bytes are free: a copy is a thousand files, and every other test has one."""
numbers = count(1)
Standing = Callable[[str], Awaitable[Database]]
NewDatabase = Callable[[str], Awaitable[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's fixtures set its mark: `plain`, `postgres` or `kafka`; tests that share much stay in one process."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        mark = (
            "kafka"
            if fixtures & {"bootstrap", "company", "stack"}
            else "postgres"
            if "postgres" in fixtures
            else "plain"
        )
        item.add_marker(mark)
        if "site" in fixtures:
            item.add_marker("cluster")
        group = next((shared for shared in ("company", "site") if shared in fixtures), str(item.path))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """A PostgreSQL server for the run."""
    state = _in_memory() or tmp_path_factory.mktemp("postgres")
    server = Postgres(state, free_port(), fsync=False)
    async with server:
        await server.create_service_databases(SERVICES)
        yield server
    server.remove()
    shutil.rmtree(state)


def _in_memory() -> Path | None:
    """A folder in memory, where there is room; what runs that were killed have left there is removed."""
    if not MEMORY.is_dir():
        return None
    for left in MEMORY.glob("lateral-tests-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    if shutil.disk_usage(MEMORY).free < ENOUGH:
        return None
    state = MEMORY / f"lateral-tests-{os.getpid()}"
    state.mkdir(mode=0o711)
    return state


@pytest.fixture(scope="session")
async def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A broker for the run: the embedded one, or Apache Kafka when LATERAL_LOCAL_BROKER=apache."""
    state: Path = tmp_path_factory.mktemp("broker")
    broker: Broker
    if os.environ.get("LATERAL_LOCAL_BROKER") == "apache":
        broker = ApacheKafka(state, free_port(), free_port())
    else:
        broker = EmbeddedBroker(state, free_port())
    await broker.start()
    yield broker.bootstrap
    await broker.stop()


@pytest.fixture(scope="session")
async def templates(postgres: Postgres) -> dict[str, str]:
    """Databases made so far to copy from: by service, or `shared` for the chassis's tables alone."""
    return {}


@pytest.fixture
async def new_database(postgres: Postgres, templates: dict[str, str]) -> AsyncIterator[NewDatabase]:
    """Makes a migrated database of a service, or of `shared`, and returns its URL; dropped after the test."""
    made: list[str] = []

    async def make(service: str) -> str:
        owner = "metrics" if service == "shared" else service
        name = f"{service}_{next(numbers)}"
        await postgres.create_database(name, owner, await _template(postgres, templates, service))
        made.append(name)
        return postgres.dsn(name, owner)

    yield make
    for name in made:
        await postgres.drop_database(name)


@pytest.fixture(scope="session")
async def lending(postgres: Postgres, templates: dict[str, str]) -> Lending:
    """Databases that tests of one run use one after another."""

    async def create(name: str, service: str) -> None:
        await postgres.create_database(name, service, await _template(postgres, templates, service))

    return Lending(postgres, create)


@pytest.fixture
async def lent_database(postgres: Postgres, lending: Lending) -> AsyncIterator[NewDatabase]:
    """Lends a migrated and empty database of a service and returns its URL; quicker than a new one."""
    made: list[str] = []

    async def lend(service: str) -> str:
        made.append(name := await lending.lend(service))
        return postgres.dsn(name, service)

    yield lend
    for name in made:
        await lending.give_back(name)


async def _template(postgres: Postgres, templates: dict[str, str], service: str) -> str:
    """A migrated database of the service to copy from; made once."""
    if service not in templates:
        owner = "metrics" if service == "shared" else service
        name = f"template_{service}"
        await postgres.create_database(name, owner)
        await _migrate(service, load(Settings, owner, database_url=postgres.dsn(name, owner)))
        templates[service] = name
    return templates[service]


async def _migrate(service: str, settings: Settings) -> None:
    if service != "shared":
        await migrate(settings)
        return
    conn = await connect(settings)
    for file in sorted(resources.files("shared").joinpath("migrations").iterdir(), key=lambda entry: entry.name):
        await conn.execute(file.read_text("utf-8"))
    await conn.close()


@pytest.fixture(scope="session")
async def standing(postgres: Postgres, templates: dict[str, str]) -> AsyncIterator[Standing]:
    """Opens a database of a service, or of `shared`, that stays for the run: for tests that leave no trace."""
    opened: dict[str, Database] = {}

    async def open_(service: str) -> Database:
        if service not in opened:
            owner = "metrics" if service == "shared" else service
            name = f"standing_{service}"
            await postgres.create_database(name, owner, await _template(postgres, templates, service))
            opened[service] = await Database.connect(load(Settings, owner, database_url=postgres.dsn(name, owner)))
        return opened[service]

    yield open_
    for database in opened.values():
        await database.close()


@asynccontextmanager
async def undone(database: Database) -> AsyncIterator[Connection]:
    """A connection in a transaction that is rolled back."""
    async with database.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


@pytest.fixture
async def chassis(new_database: NewDatabase) -> Settings:
    """Settings of a service that has only the chassis's tables."""
    return load(Settings, "metrics", database_url=await new_database("shared"))


@pytest.fixture
async def db(chassis: Settings) -> AsyncIterator[Database]:
    """A pool on the chassis's tables."""
    database = await Database.connect(chassis)
    yield database
    await database.close()


@pytest.fixture
async def conn(standing: Standing) -> AsyncIterator[Connection]:
    """A connection to the chassis's tables, in a transaction that is rolled back."""
    async with undone(await standing("shared")) as connection:
        yield connection


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """A token issuer with real keys."""
    async with serving_issuer() as running:
        yield running


@pytest.fixture
async def on_kafka(chassis: Settings, bootstrap: str) -> Settings:
    """The chassis's settings with topics of this test's own."""
    settings = chassis.model_copy(
        update={"kafka_bootstrap": bootstrap, "topic_prefix": f"t{next(numbers)}-", "instance": f"i{next(numbers)}"}
    )
    await kafka.apply_topics(settings)
    return settings
