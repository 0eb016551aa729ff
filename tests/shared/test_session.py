"""What one user of a connection leaves behind, the next one does not find; and what a trace shows of statements."""

import asyncpg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.db import TROUBLE, Database
from shared.session import leaves_something, verb
from shared.settings import Settings
from shared.tracing import tracer


@pytest.fixture
async def alone(chassis: Settings) -> Database:
    """A pool of one connection, so that the next user has the same."""
    return await Database.connect(chassis.model_copy(update={"pool_size": 1}))


@pytest.mark.parametrize(
    ("leave", "look"),
    [
        ("SET work_mem = '77MB'", "SELECT current_setting('work_mem') = '77MB'"),
        ("SELECT set_config('work_mem', '77MB', false)", "SELECT current_setting('work_mem') = '77MB'"),
        ("SELECT pg_advisory_lock(77)", "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')"),
        ("SELECT pg_try_advisory_lock(77)", "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')"),
        ("LISTEN news", "SELECT EXISTS (SELECT FROM pg_listening_channels())"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT EXISTS (SELECT FROM pg_cursors WHERE is_holdable)"),
    ],
)
async def test_what_a_session_was_left_with_is_gone_for_the_next_user(alone: Database, leave: str, look: str) -> None:
    async with alone.acquire() as conn:
        await conn.execute(leave)
        assert await conn.fetchval(look)
    async with alone.acquire() as conn:
        assert not await conn.fetchval(look)
    await alone.close()


async def test_nothing_is_cleaned_where_nothing_was_left(alone: Database) -> None:
    said: list[str] = []
    async with alone.acquire() as conn:
        conn.add_query_logger(lambda record: said.append(record.query))
        await conn.fetchval("SELECT set_config('work_mem', '77MB', true)")
    async with alone.transaction() as conn:
        await conn.execute("SET LOCAL work_mem = '77MB'")
        await conn.execute("SELECT pg_advisory_xact_lock(77)")
    async with alone.acquire() as conn:
        assert not await conn.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
    await alone.close()
    assert not [query for query in said if "RESET" in query]
    assert len(said) == 6


async def test_a_column_that_a_migration_adds_is_met_by_trying_again(alone: Database) -> None:
    async with alone.acquire() as conn:
        await conn.execute("CREATE TABLE grows (one int); INSERT INTO grows VALUES (1)")
    async with alone.transaction() as conn:
        await conn.fetchrow("SELECT * FROM grows")
    async with alone.acquire() as conn:
        await conn.execute("ALTER TABLE grows ADD COLUMN two int")
    with pytest.raises(TROUBLE):
        async with alone.transaction() as conn:
            await conn.fetchrow("SELECT * FROM grows")
    async with alone.transaction() as conn:
        found = await conn.fetchrow("SELECT * FROM grows")
    assert dict(found or {}) == {"one": 1, "two": None}
    await alone.close()


async def test_a_transaction_that_was_left_open_is_rolled_back(alone: Database) -> None:
    async with alone.acquire() as conn:
        await conn.execute("BEGIN")
        await conn.execute("CREATE TABLE left_open ()")
    async with alone.acquire() as conn:
        assert await conn.fetchval("SELECT to_regclass('left_open')") is None
    await alone.close()


@pytest.mark.parametrize(
    ("query", "leaves"),
    [
        ("select Set_Config('a', $1, false), set_config('b', 'c', true)", True),
        ("SELECT set_config('a', 'b', true)", False),
        ("SELECT pg_advisory_xact_lock($1)", False),
        ("SELECT pg_try_advisory_lock_shared(1)", True),
        ("CREATE TEMP TABLE t (a int) ON COMMIT DROP", False),
        ("CREATE TEMPORARY TABLE t (a int)", True),
        ("UPDATE t SET a = 1", False),
        ("UPDATE t\nSET a = 1", False),
        ("-- why\nSET jit = off", True),
        ("BEGIN; SET jit = off", True),
        ("SET LOCAL jit = off", False),
    ],
)
def test_a_statement_shows_whether_it_leaves_something(query: str, *, leaves: bool) -> None:
    assert leaves_something(query) is leaves


def test_a_statement_is_named_by_what_it_does() -> None:
    assert [verb(text) for text in ("-- why\n/* and */ insert into a", " WITH x AS", "", "COMMIT;")] == [
        "INSERT", "WITH", "", "COMMIT",
    ]  # fmt: skip


async def test_statements_have_spans_where_somebody_traces_and_no_parameter_is_in_them(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    async with db.acquire() as conn:
        await conn.fetchval("SELECT 'unseen'")
    with tracer().start_as_current_span("work") as work:
        async with db.transaction() as conn:
            await conn.fetchval("SELECT $1::text", "Lovelace")
            with pytest.raises(asyncpg.UndefinedTableError):
                async with conn.transaction():
                    await conn.fetch("SELECT FROM nowhere")
    *found, top = spans.get_finished_spans()
    assert top.name == "work"
    assert [span.name for span in found] == ["SELECT", "SELECT", "ROLLBACK", "COMMIT"]
    assert [span.status.is_ok for span in found] == [True, False, True, True]
    assert {span.parent and span.parent.span_id for span in found} == {work.get_span_context().span_id}
    told = "".join(span.to_json() for span in found)
    assert "SELECT $1::text" in told
    assert "Lovelace" not in told
