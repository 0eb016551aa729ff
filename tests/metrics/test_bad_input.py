"""What comes too late, too early, out of order or of nobody: applied by rule, and nothing counted twice."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from services.metrics.commands.facts import close_months, fold_months
from services.metrics.queries.state import months_differ
from shared.db import Connection, Database
from tests.fixtures.issuer import Issuer
from tests.metrics.world import deliver, held, part, people, person

TODAY = datetime.now(UTC)


async def sums(conn: Connection) -> list[tuple[str, int]]:
    rows = await conn.fetch("SELECT month::text, sum(attended)::int FROM kept_months GROUP BY 1 ORDER BY 1")
    return [tuple(row) for row in rows]


async def test_a_year_late_counts_in_its_own_month(conn: Connection) -> None:
    (somebody,) = people(1)
    at = TODAY - timedelta(days=365)
    await deliver(conn, [part(uuid4(), somebody, session_starts_at=at)])
    assert await sums(conn) == [(f"{at:%Y-%m}-01", 1)]


async def test_a_correction_of_what_was_never_seen_is_the_fact(conn: Connection) -> None:
    session, (somebody,) = uuid4(), people(1)
    await deliver(conn, [part(session, somebody, 3, minutes=20)])
    await deliver(conn, [part(session, somebody, 1, minutes=60), part(session, somebody, 2, state="no_show")])
    assert await conn.fetchval("SELECT sum(minutes)::int FROM kept_months") == 20
    assert await months_differ(conn) == 0


async def test_nobody_knows_the_person_or_the_session_yet(conn: Connection) -> None:
    session, (somebody,) = uuid4(), people(1)
    await deliver(conn, [part(session, somebody)])
    assert await conn.fetchval("SELECT unit_path FROM kept_months") == []
    await deliver(conn, [held(session), person(somebody)])
    assert await conn.fetchval("SELECT unit_path FROM kept_months") == ["org", "sales"]


async def test_the_far_future_waits_in_its_month_and_makes_no_table(conn: Connection) -> None:
    tables = await conn.fetchval("SELECT count(*) FROM pg_inherits")
    await deliver(conn, [part(uuid4(), people(1)[0], session_starts_at=datetime(9998, 12, 31, tzinfo=UTC))])
    assert await conn.fetchval("SELECT count(*) FROM pg_inherits") == tables
    assert await sums(conn) == [("9998-12-01", 1)]


async def test_sums_outlive_the_facts_and_a_fact_of_a_closed_month_never_counts_again(db: Database) -> None:
    session, (somebody, other) = uuid4(), people(2)
    old = datetime(2024, 3, 10, 9, tzinfo=UTC)
    async with db.transaction() as conn:
        await deliver(conn, [part(session, somebody, session_starts_at=old), part(uuid4(), other)])
    async with db.transaction() as conn:
        assert await close_months(conn, datetime(2025, 1, 1, tzinfo=UTC)) == 1
    async with db.transaction() as conn:
        await deliver(conn, [part(session, somebody, 2, session_starts_at=old)])
        assert await conn.fetchval("SELECT count(*) FROM participations WHERE person_id = $1", somebody) == 0
        assert await sums(conn) == [("2024-03-01", 1), ("2026-10-01", 1)]
        assert await months_differ(conn) == 0


async def test_a_legal_hold_keeps_the_whole_month(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [part(uuid4(), somebody, session_starts_at=datetime(2024, 3, 10, tzinfo=UTC))])
    await conn.execute("INSERT INTO legal_holds (person_id, version, held) VALUES ($1, 1, true)", somebody)
    assert await close_months(conn, TODAY) == 0


async def fold(db: Database) -> int:
    async with db.transaction() as conn:
        return await fold_months(conn)


async def test_folding_changes_no_number(db: Database) -> None:
    session, crowd = uuid4(), people(7)
    async with db.transaction() as conn:
        await deliver(conn, [part(session, one) for one in crowd])
        assert await sums(conn) == [("2026-10-01", 7)]
        assert await fold_months(conn) == 0  # who has not committed is not folded
        assert await sums(conn) == [("2026-10-01", 7)]
    assert await fold(db) == 7
    async with db.transaction() as conn:
        assert await sums(conn) == [("2026-10-01", 7)]
        await deliver(conn, [part(session, crowd[0], 2, state="no_show")])
        assert await sums(conn) == [("2026-10-01", 6)]
        assert await fold_months(conn) == 1  # what was, and is folded; what is comes later
        assert await sums(conn) == [("2026-10-01", 6)]
    assert await fold(db) == 1
    async with db.transaction() as conn:
        assert await sums(conn) == [("2026-10-01", 6)]
        assert await months_differ(conn) == 0
    assert await fold(db) == 0


@pytest.mark.parametrize("folded_before", [False, True])
async def test_what_is_written_while_others_fold_counts_once(db: Database, folded_before: bool) -> None:
    """New facts, corrections, corrections of corrections and removals that commit after a fold that began later."""
    session, crowd = uuid4(), people(4)
    async with db.transaction() as conn:
        await deliver(conn, [part(session, one) for one in crowd[:3]])
    if folded_before:
        await fold(db)
    async with db.transaction() as conn:
        await deliver(conn, [part(session, crowd[0], 2, state="no_show"), part(session, crowd[3])])
        await deliver(conn, [part(session, crowd[0], 3, minutes=5)])
        await conn.execute("DELETE FROM participations WHERE person_id = $1", crowd[1])
        await conn.execute("UPDATE participations SET person_id = $2 WHERE person_id = $1", crowd[2], uuid4())
        await fold(db)
    for _ in range(2):
        async with db.transaction() as conn:
            assert await conn.fetchval("SELECT sum(minutes)::int FROM kept_months") == 5 + 60 + 60
            assert await months_differ(conn) == 0
        await fold(db)
    async with db.transaction() as conn:
        assert await conn.fetchval("SELECT count(*) FROM participation_deltas") == 0


async def test_what_was_committed_beside_an_older_transaction_that_goes_on_counts_once(db: Database) -> None:
    session, (one, another) = uuid4(), people(2)
    async with db.transaction() as conn:
        await deliver(conn, [part(session, one)])
    async with db.transaction() as older:
        await older.execute("SELECT pg_current_xact_id()")
        async with db.transaction() as conn:
            await deliver(conn, [part(session, another)])
        assert await fold(db) == 2
        async with db.transaction() as conn:
            assert await sums(conn) == [("2026-10-01", 2)]
            assert await months_differ(conn) == 0


async def test_who_folds_leaves_what_it_writes_itself_to_the_next_also_where_later_ones_have_committed(
    db: Database,
) -> None:
    session, crowd = uuid4(), people(4)
    async with db.transaction() as conn:
        await deliver(conn, [part(session, crowd[0])])
    async with db.transaction() as conn:
        await deliver(conn, [part(session, crowd[1])])
        async with db.transaction() as later:
            await deliver(later, [part(session, crowd[2])])
        assert await fold_months(conn) == 2
        await deliver(conn, [part(session, crowd[3])])
    async with db.transaction() as conn:
        assert await sums(conn) == [("2026-10-01", 4)]
        assert await months_differ(conn) == 0


@pytest.mark.parametrize(
    ("name", "query", "status", "words"),
    [
        ("happiness", {}, 404, "no measure of that name"),
        ("learning_hours", {"starts_on": "1970-01-01", "ends_on": "2020-01-01"}, 422, "months before"),
        ("learning_hours", {"by": "person"}, 422, "by"),
        ("learning_hours", {"by": "unit", "person_id": str(uuid4())}, 422, "person_id"),
    ],
)
async def test_what_may_not_be_asked_is_a_clear_problem_without_a_number(
    name: str, query: dict[str, str], status: int, words: str, api: httpx.AsyncClient, issuer: Issuer
) -> None:
    reply = await api.get(f"/v1/measures/{name}", params=query, headers=issuer.bearer("analyst"))
    assert reply.status_code == status
    assert words in reply.text
    assert "cells" not in reply.json()
