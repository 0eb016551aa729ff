"""What was true when, over HTTP and in what is published: corrections, retroactive changes, futures."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from shared.db import Connection, Database
from tests.directory.hr import LATER, LONG_AGO, changes, latest, person_id, tell, unit, worker
from tests.fixtures.issuer import Issuer

JANUARY, MARCH, MAY = date(2024, 1, 1), date(2024, 3, 1), date(2024, 5, 1)


async def test_a_retroactive_change_is_published_as_history_and_leaves_today_alone(conn: Connection) -> None:
    await tell(conn, unit("ROOT"), unit("U", "ROOT"), unit("V", "ROOT"))
    await tell(conn, worker("E1", on=JANUARY), worker("E1", on=MAY, seq=2, unit_code="V"))
    await tell(conn, worker("E1", on=MARCH, seq=3, site_code="PAR", job_code="SW-03"))
    first, corrected = await changes(conn, "E1")
    assert [(past.valid_from, past.site_code, past.unit_path) for past in first.history] == [
        (JANUARY, "BER", ("ROOT", "U"))
    ]
    assert [(past.valid_from, past.site_code, past.job_code) for past in corrected.history] == [
        (JANUARY, "BER", "SW-02"),
        (MARCH, "PAR", "SW-03"),
    ]
    assert (corrected.version, corrected.unit_code, corrected.effective_at) == (2, "V", MAY)
    assert corrected.reasons == ("profile_changed",)


async def test_a_correction_of_a_past_day_replaces_what_was_said_of_it(conn: Connection) -> None:
    await tell(conn, worker("E1", on=JANUARY), worker("E1", on=MAY, seq=2, unit_code="V"))
    await tell(conn, worker("E1", on=JANUARY, seq=3, unit_code="W"))
    assert [(past.valid_from, past.unit_code) for past in (await latest(conn, "E1")).history] == [(JANUARY, "W")]


async def test_a_state_of_the_past_that_says_nothing_new_is_told_to_nobody(conn: Connection) -> None:
    await tell(conn, worker("E1", on=JANUARY), worker("E1", on=MAY, seq=2, unit_code="V"))
    await tell(conn, worker("E1", on=MARCH, seq=3), worker("E1", on=MARCH, seq=4, job_title="Another"))
    assert len(await changes(conn, "E1")) == 1


async def test_what_held_before_in_a_unit_nobody_knew_is_told_again_when_it_is_known(conn: Connection) -> None:
    await tell(conn, worker("E1", on=JANUARY, unit_code="OLD"), worker("E1", on=MAY, seq=2))
    assert (await latest(conn, "E1")).history[0].unit_path == ("OLD",)
    await tell(conn, unit("ROOT"), unit("OLD", "ROOT"))
    assert (await latest(conn, "E1")).history[0].unit_path == ("ROOT", "OLD")


async def test_what_was_true_on_a_day_is_read_by_day_and_by_what_was_known(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker("M"), worker("E1", on=JANUARY), worker("E1", "M", on=MAY, seq=2, unit_code="V"))
        await tell(conn, worker("E1", on=LATER, seq=3, unit_code="Z"))
        await conn.execute("UPDATE worker_records SET recorded_at = now() - interval '1 day'")
        who, boss = await person_id(conn, "E1"), await person_id(conn, "M")
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1", on=JANUARY, seq=4, unit_code="W"))
    me = issuer.bearer("employee", person_id=who)

    async def on(day: date, **params: str) -> tuple[object, ...]:
        found = (await api.get(f"/v1/people/{who}/history/{day}", headers=me, params=params)).json()
        return found["unit_code"], found["manager_id"], found["valid_from"], found["valid_to"], found["standing"]

    assert await on(MARCH) == ("W", None, str(JANUARY), str(MAY), "valid")
    assert await on(MAY) == ("V", boss, str(MAY), str(LATER), "valid")
    assert await on(LATER) == ("Z", None, str(LATER), None, "future")
    yesterday = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert (await on(MARCH, known_at=yesterday))[0] == "U"
    before = await api.get(f"/v1/people/{who}/history/{LONG_AGO}", headers=me)
    assert before.status_code == 404
    page = (await api.get(f"/v1/people/{who}/history?limit=2", headers=me)).json()
    assert [item["unit_code"] for item in page["items"]] == ["Z", "V"]
    rest = (await api.get(f"/v1/people/{who}/history?cursor={page['next']}", headers=me)).json()
    assert [(item["unit_code"], item["standing"]) for item in rest["items"]] == [("W", "valid"), ("U", "superseded")]


async def test_history_is_the_persons_own_and_hrs(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        who = await person_id(conn, "E1")
    for role, status in {"employee": 404, "manager": 404, "analyst": 404, "admin": 200, "hr-system": 200}.items():
        for path in ("history", "history/2024-01-01"):
            answer = await api.get(f"/v1/people/{who}/{path}", headers=issuer.bearer(role))
            assert answer.status_code == status, (role, path)


@pytest.mark.parametrize("query", ["history?cursor=WyJ4IiwxXQ", "history?known_at=2024-01-01", "history/soon"])
async def test_what_makes_no_sense_is_refused(query: str, api: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await api.get(
        f"/v1/people/0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11/{query}", headers=issuer.bearer("admin", person_id=...)
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (
        422,
        "day" if "?" not in query else query.split("?")[1].split("=", maxsplit=1)[0],
    )


async def test_a_moment_before_all_time_is_answered_by_its_name(api: httpx.AsyncClient, issuer: Issuer) -> None:
    admin = issuer.bearer("admin")
    path = "/v1/people/00000000-0000-4000-8000-000000000000/history"
    answer = await api.get(path, params={"known_at": "0001-01-01T00:00:00+14:00"}, headers=admin)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "known_at")
