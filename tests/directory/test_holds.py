"""More leavers than one lets go unasked wait for an operator."""

from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from services.directory.commands.workers import apply_due
from shared.auth import ROLES
from shared.db import Connection, Database
from tests.directory.hr import person_id, reasons, tell, worker
from tests.fixtures.issuer import Issuer

EVERYBODY = [f"E{number:03d}" for number in range(600)]


async def hire(db: Database) -> None:
    async with db.transaction() as conn:
        await tell(conn, *(worker(number) for number in EVERYBODY))


async def leave(conn: Connection, numbers: Sequence[str], seq: int = 2) -> None:
    await tell(conn, *(worker(number, seq=seq, status="left") for number in numbers))


async def gone(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT count(*) FROM people WHERE status = 'left'"))


async def test_two_in_a_hundred_may_leave_and_the_next_waits(db: Database) -> None:
    """Row 29: a mass deletion."""
    await hire(db)
    async with db.transaction() as conn:
        await leave(conn, EVERYBODY[:12])
        assert (await gone(conn), await conn.fetchval("SELECT count(*) FROM holds")) == (12, 0)
        await leave(conn, EVERYBODY[12:13])
        assert await gone(conn) == 12
        hold = await conn.fetchrow("SELECT state, here, gone FROM holds")
        assert hold
        assert tuple(hold) == ("open", 588, 12)
        await leave(conn, EVERYBODY[13:15])
        assert await conn.fetchval("SELECT count(*) FROM worker_records WHERE hold_id IS NOT NULL") == 3
        assert await apply_due(conn, datetime.now(UTC)) == 0


async def test_those_who_left_more_than_an_hour_ago_count_no_more(db: Database) -> None:
    await hire(db)
    async with db.transaction() as conn:
        await leave(conn, EVERYBODY[:12])
        await conn.execute("UPDATE departures SET at = at - interval '61 minutes'")
        await leave(conn, EVERYBODY[12:23])
        assert await gone(conn) == 23


async def test_everything_else_goes_on_while_leavers_wait(db: Database) -> None:
    await hire(db)
    async with db.transaction() as conn:
        moved = worker("E000", seq=2, site_code="PAR")
        await tell(conn, moved, *(worker(number, seq=3, status="left") for number in EVERYBODY[:50]), worker("NEW"))
        assert await gone(conn) == 0
        assert await reasons(conn, "E000") == [("hired",), ("profile_changed",)]
        assert await reasons(conn, "NEW") == [("hired",)]


async def held(api_db: Database) -> None:
    await hire(api_db)
    async with api_db.transaction() as conn:
        await leave(conn, EVERYBODY[:50])


async def test_an_operator_lets_them_leave(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> None:
    await held(api_db)
    operator = issuer.bearer("operator")
    (hold,) = (await api.get("/v1/holds", headers=operator)).json()["items"]
    assert (hold["state"], hold["records"], hold["here"]) == ("open", 50, 600)
    url = f"/v1/holds/{hold['hold_id']}"
    first = (await api.get(f"{url}/people?limit=30", headers=operator)).json()
    rest = (await api.get(f"{url}/people?cursor={first['next']}", headers=operator)).json()
    assert [item["employee_number"] for item in first["items"] + rest["items"]] == EVERYBODY[:50]
    async with api_db.transaction() as conn:  # HR thinks better of one while they wait
        await tell(conn, worker("E007", seq=3))
    approved = await api.post(f"{url}/approve", json={"why": "A site closes."}, headers=operator)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    async with api_db.transaction() as conn:
        assert await apply_due(conn, datetime.now(UTC)) == 50
        assert await gone(conn) == 49
        assert await reasons(conn, "E007") == [("hired",)]
        audited = await conn.fetchval(
            "SELECT count(*) FROM audit WHERE action = 'approve_hold' AND object = $1", f"{url}/approve"
        )
        assert audited == 1
    again = await api.post(f"{url}/reject", json={"why": "No."}, headers=operator)
    assert (again.status_code, again.json()["state"]) == (409, "approved")


async def test_an_operator_lets_nobody_leave_and_the_past_does_not_show_them_gone(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    await held(api_db)
    operator = issuer.bearer("operator")
    (hold,) = (await api.get("/v1/holds", headers=operator)).json()["items"]
    answer = await api.post(f"/v1/holds/{hold['hold_id']}/reject", json={"why": "A broken export."}, headers=operator)
    assert (answer.json()["state"], answer.json()["why"]) == ("rejected", "A broken export.")
    async with api_db.transaction() as conn:
        assert await apply_due(conn, datetime.now(UTC)) == 0
        assert await gone(conn) == 0
        who = await person_id(conn, "E001")
    told = await api.get(f"/v1/people/{who}/history", headers=issuer.bearer("admin", person_id=...))
    assert [(item["standing"], item["refused"]) for item in told.json()["items"]] == [
        ("refused", "Rejected by an operator: A broken export."),
        ("valid", None),
    ]


async def test_only_operators_and_administrators_decide(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for role in ROLES - {"operator", "admin"}:
        assert (await api.get("/v1/holds", headers=issuer.bearer(role))).status_code == 403
        assert (
            await api.post("/v1/holds/1/approve", json={"why": "x"}, headers=issuer.bearer(role))
        ).status_code == 403
    operator = issuer.bearer("operator")
    assert (await api.get("/v1/holds/1", headers=operator)).status_code == 404
    assert (await api.post("/v1/holds/1/approve", json={"why": "x"}, headers=operator)).status_code == 404
    assert (await api.post("/v1/holds/1/approve", json={"why": ""}, headers=operator)).status_code == 422
    assert (await api.get("/v1/holds?cursor=x", headers=operator)).status_code == 422
