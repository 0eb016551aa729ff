"""Any order of a worker's events, with any repeated, comes to the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.directory.commands.workers import apply_due, record_workers
from services.directory.consumers import on_org_unit_upserted
from services.directory.domain.history import due_at, effective_on, merge, place, reasons
from services.directory.domain.person import Surroundings, derive
from shared.db import Connection, Database
from shared.events.hr import WorkerUpserted
from tests.directory.hr import changes, envelope, unit, worker

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
ID = UUID("0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11")
DAYS = st.sampled_from([date(2026, 1, 1), date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30), date(2027, 1, 1)])
STATES = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["prehire", "active", "leave", "left"]),
        "unit_code": st.sampled_from(["U", "V", "W"]),
        "manager_employee_number": st.sampled_from([None, "M", "N"]),
        "time_zone": st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"]),
        "site_code": st.sampled_from(["BER", "PAR"]),
        "region": st.sampled_from([None, "EMEA", "APAC"]),
        "family_name": st.sampled_from(["Byron", "Lovelace"]),
    }
)
HISTORIES = st.dictionaries(st.tuples(DAYS, st.integers(1, 3)), STATES, min_size=1, max_size=6)


def records(history: dict[tuple[date, int], dict[str, Any]]) -> list[WorkerUpserted]:
    return [worker("E1", on=on, seq=seq, **state) for (on, seq), state in history.items()]


@given(st.data())
def test_merging_one_by_one_comes_to_the_greatest_that_is_due(data: st.DataObject) -> None:
    told = records(data.draw(HISTORIES))
    due = [record for record in told if due_at(record) <= NOON]
    order = data.draw(st.permutations(due * 2))
    applied = None
    for record in order:
        applied = merge(place(applied) if applied else None, [record]) or applied
    assert applied == max(due, key=place, default=None)
    assert merge(None, order) == applied


async def outcome(db: Database, polls: list[list[WorkerUpserted]]) -> dict[str, Any] | None:
    """What becomes of polls, on top of two managers, in a transaction that is rolled back."""
    async with db.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            await on_org_unit_upserted(
                conn, [envelope(unit("ROOT")), envelope(unit("U", "ROOT")), envelope(unit("V", "U"))]
            )
            for poll in [[worker("M"), worker("N")], *polls]:
                await record_workers(conn, [envelope(record) for record in poll], NOON)
            await apply_due(conn, NOON)
            return await _state(conn)
        finally:
            await transaction.rollback()


async def _state(conn: Connection) -> dict[str, Any] | None:
    row = await conn.fetchrow("SELECT * FROM people WHERE employee_number = 'E1'")
    if row is None:
        return None
    by_id = {one["person_id"]: one["employee_number"] for one in await conn.fetch("SELECT * FROM people")}
    told = (await changes(conn, "E1"))[-1]
    public = told.model_dump(exclude={"person_id", "version", "reasons", "effective_at"})
    kept = {
        name: row[name] for name in ("record_effective_at", "record_sequence", "family_name", "display_name", "region")
    }
    history = await conn.fetch("SELECT * FROM worker_records WHERE employee_number = 'E1' ORDER BY 2, 3")
    assert told.version == row["version"]
    return {
        **public,
        **kept,
        "manager_id": by_id.get(told.manager_id) if told.manager_id else None,
        "history": [(one["effective_at"], one["sequence"], one["pending"]) for one in history],
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_any_order_with_duplicates_in_any_polls_ends_in_the_same_state(db: Database, data: st.DataObject) -> None:
    told = records(data.draw(HISTORIES))
    shuffled = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4))))
    cut = data.draw(st.integers(0, len(shuffled)))
    expected = await outcome(db, [[record] for record in sorted(told, key=place)])
    assert await outcome(db, [shuffled[:cut], shuffled[cut:]]) == expected
    current = merge(None, [record for record in told if due_at(record) <= NOON])
    assert (expected is None) == (current is None)
    if expected and current:
        assert (expected["record_effective_at"], expected["record_sequence"]) == place(current)


@given(STATES, STATES)
def test_there_is_a_reason_exactly_where_something_public_differs(old: dict[str, Any], new: dict[str, Any]) -> None:
    around = Surroundings(("U",), None)
    before = derive(ID, worker("E1", **old), around, None, NOON)
    after = derive(ID, worker("E1", seq=2, **new), around, before, NOON)
    public = [{**state, "family_name": "", "manager_employee_number": None} for state in (old, new)]
    assert bool(reasons(before.public, after.public)) == (after.public is not before.public) == (public[0] != public[1])


def test_midnight_that_daylight_saving_skips_is_the_first_moment_after_it() -> None:
    """Row 23."""
    assert due_at(worker("E1", on=date(2026, 3, 29), time_zone="Asia/Beirut")) == datetime(2026, 3, 28, 22, tzinfo=UTC)


def test_a_unit_that_was_only_waited_for_was_always_above() -> None:
    old = derive(ID, worker("E1"), Surroundings(("U",), None), None, NOON).public
    today, hired = NOON.date(), old.effective_at
    assert effective_on(old, old.model_copy(update={"unit_path": ("ROOT", "U")}), hired, today) == hired
    assert effective_on(old, old.model_copy(update={"manager_id": ID}), hired, today) == hired
    assert effective_on(old, old.model_copy(update={"capacity": 9, "manager_id": ID}), hired, today) == today
    below = old.model_copy(update={"unit_path": ("ROOT", "U"), "manager_id": ID})
    assert effective_on(below, below.model_copy(update={"unit_path": ("ROOT", "V", "U")}), hired, today) == today
    assert effective_on(below, below.model_copy(update={"manager_id": None}), hired, today - timedelta(1)) < today
