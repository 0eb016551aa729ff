"""What falls due by itself."""

from services.directory.timers import TIMERS
from shared.db import Connection, Database
from shared.timers import run_once
from tests.directory.hr import LATER, latest, person_id, tell, unit, worker


async def run_all(db: Database) -> dict[str, int]:
    return {timer.name: await run_once(db, timer) for timer in reversed(TIMERS)}


async def test_with_nothing_due_nothing_is_done(db: Database) -> None:
    async with db.transaction() as conn:
        await tell(conn, unit("ROOT"), worker("M"), worker("E1", "M"), worker("E2", "NOBODY", unit_code="NOWHERE"))
    assert set((await run_all(db)).values()) == {0}


async def test_a_reference_that_was_missed_is_found(db: Database) -> None:
    async with db.transaction() as conn:
        await tell(conn, unit("ROOT"), unit("U", "ROOT"), worker("M"), worker("E1", "M"))
        await _forget(conn)
    done = {name: much for name, much in (await run_all(db)).items() if much}
    assert done == {"directory-resolve-references": 2, "directory-refresh-people": 2}
    async with db.acquire() as conn:
        told = await latest(conn, "E1")
        assert (told.unit_path, str(told.manager_id)) == (("ROOT", "U"), await person_id(conn, "M"))
    assert set((await run_all(db)).values()) == {0}


async def _forget(conn: Connection) -> None:
    await conn.execute("UPDATE people SET manager_id = NULL, unit_path = ARRAY[unit_code]")


async def test_a_record_is_applied_on_its_day(db: Database) -> None:
    async with db.transaction() as conn:
        await tell(conn, worker("E1", on=LATER))
        await conn.execute("UPDATE worker_records SET due_at = now()")
    assert (await run_all(db))["directory-due-records"] == 1
    async with db.acquire() as conn:
        assert (await latest(conn, "E1")).reasons == ("hired",)
