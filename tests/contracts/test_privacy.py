"""Every table is in its service's catalogue, every column that names a person is declared, every statement runs."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared import deadletters, sql
from shared.db import connect
from shared.envelope import Envelope, Raw
from shared.events.privacy import ErasureRequested
from shared.events.topics import SERVICES
from shared.privacy import portability, retention
from shared.privacy.fields import CHASSIS
from shared.settings import Settings, load
from tests.conftest import NewDatabase
from tests.contracts.test_house import service

SQL = sql.load("shared", "privacy")
NAMES_SOMEBODY = re.compile(
    r"^(not_with|.*(person|people|manager|facilitator|sponsor|buddy|learner|teacher|member|reviewer|author|owner"
    r"|requester|helper|endorser|participant|host|newcomer|candidate)s?(_ids?)?|.*_by)$"
)


@pytest.mark.parametrize("name", SERVICES)
async def test_the_catalogue_and_the_database_say_the_same(name: str, new_database: NewDatabase) -> None:
    conn = await connect(load(Settings, name, database_url=await new_database(name)))
    tables = {table.name: table for table in service(name).catalogue.tables}
    columns = await conn.fetch(SQL.columns)
    listed = "add it to services/<name>/privacy.py: say why it is held and whose rows these are"
    assert {row["table_name"] for row in columns} - tables.keys() == set(), listed
    assert tables.keys() - {row["table_name"] for row in columns} == set(), "no such table"
    for row in columns:
        table = tables[row["table_name"]]
        named = {*re.findall(r"\w+", table.about or ""), *table.mentions}
        if row["type"] in {"uuid", "uuid[]"} and NAMES_SOMEBODY.match(row["name"]) and not table.remembers_erased:
            assert row["name"] in named, f"declare {table.name}.{row['name']} in `about` or `mentions`"
    assert len({table.name for table in service(name).catalogue.tables}) == len(service(name).catalogue.tables)
    await conn.close()


async def test_the_directory_says_of_every_field_what_it_is_for(new_database: NewDatabase) -> None:
    """A works council reads fields, not tables: each has a purpose of its own, and no purpose is of no field."""
    conn = await connect(load(Settings, "directory", database_url=await new_database("directory")))
    catalogue = service("directory").catalogue
    rows = await conn.fetch(SQL.columns)
    unsaid = {
        f"{row['table_name']}.{row['name']}"
        for row in rows
        if not row["comment"] and row["name"] not in catalogue.fields and row["name"] not in CHASSIS
    }
    assert unsaid == set(), "say in services/directory/fields.py what it is for, or in a comment"
    assert catalogue.fields.keys() - {row["name"] for row in rows} == set(), "no such column"
    assert CHASSIS.keys() - {row["name"] for row in rows} == set(), "no such column"
    assert catalogue.fields.keys() & CHASSIS.keys() == set(), "said twice"
    await conn.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_export_and_retention_run_on_every_table(name: str, new_database: NewDatabase) -> None:
    conn = await connect(load(Settings, name, database_url=await new_database(name)))
    catalogue = service(name).catalogue
    assert await portability.gather(conn, catalogue, uuid4()) == []
    for table in catalogue.tables:
        if table.aged:
            assert await conn.execute(retention.statement(table), datetime.now(UTC)) == "DELETE 0"
    await conn.close()


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"directory"}))
async def test_every_service_that_is_asked_to_forget_clears_its_dead_letters(
    name: str, new_database: NewDatabase
) -> None:
    conn = await connect(load(Settings, name, database_url=await new_database(name)))
    asked = ErasureRequested(request_id=uuid4(), person_id=uuid4(), requested_on=datetime.now(UTC).date())
    key, topic = asked.key, asked.topic.name
    raw = Raw("directory.contacts", 0, 1, key.encode(), (), b'{"displayName": "Zwqvkt"}')
    await deadletters.park(conn, name, raw, "refused", "why")
    envelope = Envelope("1", "/directory", asked.event_type, key, datetime.now(UTC), asked, topic, key, 0, 1)
    await service(name).handlers[ErasureRequested](conn, [envelope])
    assert await conn.fetchval("SELECT value FROM dead_letters") is None
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE topic = $1", topic) == 1
    await conn.close()
