"""Looks for the erased wherever something of them could be left: tables, topics, logs, metrics."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from prometheus_client import generate_latest

from deploy.local.audit_broker import messages_on
from shared.db import Database
from shared.events.topics import DEAD_LETTERS, DIRECTORY_CONTACTS, HR_WORKERS, PRIVACY_ERASURES, TOPICS
from shared.privacy.catalogue import Catalogue
from shared.privacy.traces import find
from shared.runner import Service

ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMING = (HR_WORKERS, DIRECTORY_CONTACTS)
"""Topics that are there to carry names: what compaction keeps of an erased key must be its tombstone."""
AT_ONCE = 5000
NAMED_IN_OUTBOX = """
SELECT count(*) FROM outbox AS t
WHERE (position($1 IN lower(t::text)) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') IN t::text) > 0)
    AND NOT (topic = $2 AND value IS NULL)
"""
"""But for tombstones of workers, whose key says who is gone."""


async def in_databases(
    services: Mapping[str, Service], dbs: Mapping[str, Database], mark: str, ids: Collection[str]
) -> list[str]:
    """Tables that hold the mark all names of the erased bear, or an id of theirs.

    An id may stand where erasures are remembered, in the audit trail, and in an outbox as the key of what says so.
    """
    wanted = {each.encode() for each in ids}
    found = []
    for name, db in dbs.items():
        catalogue: Catalogue = services[name].catalogue
        async with db.acquire() as conn:
            named = await find(conn, catalogue, [mark])
            audited = await conn.fetchval(
                "SELECT count(*) FROM audit AS t WHERE position($1 IN lower(t::text)) > 0", mark
            )
            named["outbox"] = await conn.fetchval(NAMED_IN_OUTBOX, mark, HR_WORKERS.name)
        found += [f"{name}.{table}: {rows} rows name the erased" for table, rows in named.items() if rows]
        found += [f"{name}.audit: {audited} rows name the erased"] if audited else []
        for table in catalogue.tables:
            if table.remembers_erased or table.data_class == "audit" or table.name == "outbox":
                continue
            rows = 0
            async with db.transaction() as conn:
                async for row in conn.cursor(f"SELECT t::text FROM {table.name} AS t", prefetch=AT_ONCE):
                    rows += not wanted.isdisjoint(ID.findall(row[0].encode()))
            found += [f"{name}.{table.name}: {rows} rows are about the erased"] if rows else []
        async with db.acquire() as conn:
            told = await conn.fetchval(
                "SELECT count(*) FROM outbox WHERE value IS NOT NULL AND topic <> $1 AND key = ANY ($2::text[])",
                PRIVACY_ERASURES.name,
                list(ids),
            )
        found += [f"{name}.outbox: {told} events still tell of the erased"] if told else []
    return found


def on_topics(bootstrap: str, prefix: str, mark: str) -> list[str]:
    """Records that name the erased: none, but where names belong, and there nothing that outlives compaction.

    What HR itself says of others, a manager's number for one, stands in HR's own records and is HR's to change.
    """
    needle, found = mark.encode(), []
    for topic in (*TOPICS, *DEAD_LETTERS.values()):
        hits, last = 0, dict[bytes, bool]()
        for message in messages_on(bootstrap, replace(topic, name=f"{prefix}{topic.name}")):
            key, value = message.key() or b"", message.value()
            said = key if topic is HR_WORKERS else b" ".join((key, value or b"", repr(message.headers()).encode()))
            named = needle in said.lower()
            hits += named
            last[key] = named and value is not None
        if topic not in NAMING:
            found += [f"{topic.name}: {hits} records name the erased"] if hits else []
        elif kept := sum(last.values()):
            found.append(f"{topic.name}: compaction keeps a state of {kept} of the erased")
    return found


def in_metrics(mark: str) -> list[str]:
    """Whether anything counted bears a name."""
    return ["the metrics name the erased"] if mark.encode() in generate_latest().lower() else []
