"""A peer: Pathway from Kafka to PostgreSQL, in an environment of its own; `bench_metrics --peers` runs it."""
# mypy: ignore-errors

import os
import sys

import pathway as pw


class Fact(pw.Schema):
    """The columns of the fact."""

    session_id: str
    person_id: str
    version: int
    programme_id: str
    format: str
    session_starts_at: str
    state: str
    role: str
    minutes: int
    taught: int
    asked: int
    shared: int
    challenged: int
    summarised: int


facts = pw.io.kafka.read(
    {"bootstrap.servers": sys.argv[1], "group.id": "pathway", "auto.offset.reset": "earliest"},
    topic=sys.argv[2],
    format="json",
    schema=Fact,
    autocommit_duration_ms=100,
)
pw.io.postgres.write_snapshot(
    facts,
    {
        "host": os.environ["PGHOST"],
        "port": os.environ["PGPORT"],
        "dbname": os.environ["PGDATABASE"],
        "user": os.environ["PGUSER"],
        "password": os.environ["PGPASSWORD"],
    },
    "pathway_facts",
    ["session_id", "person_id"],
    max_batch_size=5000,
    init_mode="create_if_not_exists",
)
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
