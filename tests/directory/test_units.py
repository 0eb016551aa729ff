"""The tree of units, and whoever is in it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.directory.commands import people as people_commands
from services.directory.domain.refusals import SequenceReused, UnitCycle
from services.directory.timers import refresh_people
from shared.db import Connection, Database
from tests.directory.hr import TODAY, latest, published, reasons, tell, unit, units_told, worker


async def test_a_units_path_is_derived_from_its_parents_whatever_comes_first(conn: Connection) -> None:
    await tell(conn, unit("C", "B"))
    await tell(conn, unit("B", "A"))
    await tell(conn, unit("A"))
    assert [told.path for told in await units_told(conn, "C")] == [("C",), ("B", "C"), ("A", "B", "C")]
    assert [told.version for told in await units_told(conn, "C")] == [1, 2, 3]


async def test_people_of_a_unit_that_was_waited_for_are_published_again(conn: Connection) -> None:
    await tell(conn, worker("E1", unit_code="C"))
    assert (await latest(conn, "E1")).unit_path == ("C",)
    await tell(conn, unit("A"), unit("C", "A"))
    told = await latest(conn, "E1")
    assert (told.unit_path, told.reasons) == (("A", "C"), ("profile_changed",))
    assert told.effective_at < TODAY


async def test_a_moved_unit_takes_all_below_along(conn: Connection) -> None:
    await tell(conn, unit("A"), unit("B", "A"), unit("C", "B"), unit("D", "C"), unit("X", "A"))
    await tell(conn, worker("E1", unit_code="D"), worker("E2", unit_code="B"), worker("E3", unit_code="C"))
    await tell(conn, unit("C", "X", seq=2))
    assert (await units_told(conn, "D"))[-1].path == ("A", "X", "C", "D")
    assert (await latest(conn, "E1")).unit_path == ("A", "X", "C", "D")
    assert (await latest(conn, "E1")).effective_at >= TODAY
    assert await reasons(conn, "E2") == [("hired",)]
    assert len(await units_told(conn, "B")) == 1


async def test_a_stale_or_repeated_state_of_a_unit_changes_nothing(conn: Connection) -> None:
    await tell(conn, unit("A", seq=3, name="New"))
    await tell(conn, unit("A", seq=2, name="Old"), unit("A", seq=3, name="New"))
    assert [told.name for told in await units_told(conn, "A")] == ["New"]


async def test_a_new_head_is_nobodys_news_but_ours(conn: Connection) -> None:
    await tell(conn, unit("A"))
    await tell(conn, unit("A", seq=2, head_employee_number="E1"))
    assert len(await units_told(conn, "A")) == 1


async def test_two_different_things_under_one_sequence_are_refused(conn: Connection) -> None:
    with pytest.raises(SequenceReused):
        await tell(conn, unit("A"), unit("A", name="Other"))


async def test_a_cycle_of_units_is_refused_by_name(conn: Connection) -> None:
    await tell(conn, unit("A"), unit("B", "A"), unit("C", "B"))
    with pytest.raises(UnitCycle, match="A -> C -> B -> A"):
        await tell(conn, unit("A", "C", seq=2))
    with pytest.raises(UnitCycle):
        await tell(conn, unit("X", "Y"), unit("Y", "X"))


async def test_too_many_people_for_one_event_are_left_to_the_timer(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(conn, unit("A"), unit("B", "A"), unit("X", "A"), *(worker(f"E{n}", unit_code="B") for n in range(7)))
    monkeypatch.setattr(people_commands, "CHUNK", 2)
    monkeypatch.setattr(people_commands.refresh, "__defaults__", (2,))
    await tell(conn, unit("B", "X", seq=2))
    assert await conn.fetchval("SELECT count(*) FROM people WHERE stale") == 3
    assert await refresh_people(conn) == 3
    assert await refresh_people(conn) == 0
    assert {(await latest(conn, f"E{n}")).unit_path for n in range(7)} == {("A", "X", "B")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_any_order_of_units_makes_the_same_tree(db: Database, data: st.DataObject) -> None:
    parents = [None, "0", "0", "1", "3", "2"]
    events = [unit(str(code), parent, seq) for code, parent in enumerate(parents) for seq in (1, 2)]
    shuffled = data.draw(st.permutations(events * 2))
    cut = data.draw(st.integers(0, len(shuffled)))
    async with db.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await tell(conn, *shuffled[:cut])
        await tell(conn, worker("E1", unit_code="4"))
        await tell(conn, *shuffled[cut:])
        rows = await conn.fetch("SELECT code, path FROM units ORDER BY code")
        path = await conn.fetchval("SELECT unit_path FROM people")
        stale = await conn.fetchval("SELECT count(*) FROM people WHERE stale")
        told = {value["code"]: value["path"] for value in await published(conn, "directory.units")}
        await transaction.rollback()
    assert {row["code"]: "".join(row["path"]) for row in rows} == {
        "0": "0", "1": "01", "2": "02", "3": "013", "4": "0134", "5": "025"
    }  # fmt: skip
    assert told == {row["code"]: row["path"] for row in rows}
    assert (path, stale) == (["0", "1", "3", "4"], 0)
