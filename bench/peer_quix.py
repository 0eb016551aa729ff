"""A peer: Quix Streams with its PostgreSQL sink, in an environment of its own; `bench_metrics --peers` runs it."""
# mypy: ignore-errors

import os
import sys

from quixstreams import Application
from quixstreams.sinks.community.postgresql import PostgreSQLSink

app = Application(
    broker_address=sys.argv[1],
    consumer_group="quix",
    auto_offset_reset="earliest",
    processing_guarantee="at-least-once",
    commit_every=5000,
    commit_interval=60,
)
sink = PostgreSQLSink(
    host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]),
    dbname=os.environ["PGDATABASE"],
    user=os.environ["PGUSER"],
    password=os.environ["PGPASSWORD"],
    table_name="quix_facts",
    primary_key_columns=["session_id", "person_id"],
    upsert_on_primary_key=True,
)
app.dataframe(app.topic(sys.argv[2], value_deserializer="json")).sink(sink)
app.run()
