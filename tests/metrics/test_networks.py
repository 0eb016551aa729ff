from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.metrics.commands.facts import note_threshold
from services.metrics.commands.networks import count_networks
from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.world import held, part, people, person, unit

TODAY = datetime.now(UTC).date()
SETTLED = (TODAY - timedelta(days=3)).replace(day=1)
MONTH = (SETTLED - timedelta(days=1)).replace(day=1)
START = datetime(MONTH.year, MONTH.month, 10, 9, tzinfo=UTC)
EARLIER = START - timedelta(days=62)
HIRED = date(MONTH.year - 2, 1, 1)


async def meeting(db: Database, members: list[UUID], at: datetime = START) -> None:
    session = uuid4()
    await store(db, held(session, starts_at=at), *(part(session, one, session_starts_at=at) for one in members))


async def staff(db: Database, **sizes: int) -> dict[str, list[UUID]]:
    found = {code: people(size) for code, size in sizes.items()}
    await store(db, unit("org", "Org"), *(unit(code, code.title(), "org") for code in found))
    known: Any = {"effective_at": HIRED, "hired_on": HIRED}
    await store(db, *(person(one, code, **known) for code, members in found.items() for one in members))
    return found


async def count(db: Database) -> int:
    async with db.transaction() as conn:
        return await count_networks(conn, 5)


async def figures(api: httpx.AsyncClient, issuer: Issuer) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    network = await read(api, issuer, "/v1/networks")
    assert network["month"] == str(MONTH)
    named = {each["name"]: each for each in network["figures"]}
    return named, {(tie["unit"], tie["other"]): tie for tie in network["ties"]}


async def test_the_ties_of_many_people_have_a_density_that_can_be_read(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    units = await staff(db, ops=60, sales=60)
    await meeting(db, units["ops"][:5] + units["sales"][:5])
    await count(db)
    whole, ties = await figures(api, issuer)
    assert (whole["tie_density"]["value"], ties["ops", "sales"]["density"]) == (0.0063, 0.0069)  # 45/7140 and 25/3600
    page = (await api.get("/networks", headers=issuer.bearer("analyst"))).text
    assert "0.0063" in page
    assert "0.0069" in page
    assert page.count('width="80.0"') == 1  # the densest


async def test_ties_are_counted_unit_by_unit(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """K16, K21."""
    units = await staff(db, ops=10, sales=10)
    await meeting(db, units["ops"][:5] + units["sales"][:5])
    assert (await count(db), await count(db)) == (1, 0)
    whole, ties = await figures(api, issuer)
    # 25 pairs across, 10 inside each: E-I = 5/45; by chance 2 * (1 - 180/380) - 1 = .0526
    assert ties["ops", "sales"]["density"] == 0.25
    assert (ties["ops", "ops"]["density"], ties["ops", "ops"]["n"]) == (round(10 / 45, 2), 5)
    days = (SETTLED - START.date()).days - 9 / 24
    assert ties["ops", "sales"]["weight"] == round(25 / 9 * 0.5 ** (days / 90), 1)
    values = {name: figure["value"] for name, figure in whole.items()}
    assert values == {
        "tie_density": round(45 / 190, 2),
        "ei_index": 0.11,
        "ei_over_expected": 0.06,
        "cross_unit_share": 0.56,
        "new_tie_rate": 1.0,
        "exposure": 2.0,
        "isolates": 0.5,
        "brokers": None,  # each has 4 ties inside and 5 across: c = (16 + 25) / 81 > 0.5
        "largest_component": 0.5,
    }


async def test_where_all_meet_all_ties_cross_units_as_chance_would_have_it(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """K16: units of 5, 5 and 10; by chance .3158."""
    units = await staff(db, legal=5, ops=5, sales=10)
    await meeting(db, [one for members in units.values() for one in members])
    await count(db)
    whole, _ = await figures(api, issuer)
    assert (whole["ei_index"]["value"], whole["ei_over_expected"]["value"]) == (0.32, 0)


async def test_who_bridges_divisions_is_a_share_of_many_or_not_told(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """K16: five have ties in three divisions, c = (8² + 5² + 5²) / 18²; the other ten have (4² + 5²) / 9²."""
    units = await staff(db, ops=10, sales=10, finance=10)
    await meeting(db, units["ops"][:5] + units["sales"][:5])
    await meeting(db, units["ops"][:5] + units["finance"][:5])
    await count(db)
    whole, _ = await figures(api, issuer)
    assert (whole["brokers"]["value"], whole["brokers"]["n"]) == (0.33, 15)
    async with db.acquire() as conn:
        await conn.execute("UPDATE networks SET bridging = 4")
    few, _ = await figures(api, issuer)
    assert (few["brokers"]["value"], few["brokers"]["n"], few["brokers"]["suppressed"]) == (None, None, True)
    assert few["brokers"]["reason"].startswith("Fewer than 5 people, be it nobody, or fewer than 5 others:")
    async with db.acquire() as conn:  # counted before there was the band
        await conn.execute("UPDATE networks SET bridging = NULL")
    old, _ = await figures(api, issuer)
    assert (old["brokers"]["value"], old["brokers"]["suppressed"]) == (None, False)


async def test_whoever_left_in_the_month_has_the_ties_they_made(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """K16: six met; one has left and six have moved by the end of the month, and it happened all the same."""
    units = await staff(db, ops=12, sales=12)
    gone, moved = units["ops"][5], units["ops"][:5]
    await meeting(db, units["ops"][:6])
    later = {"effective_at": MONTH.replace(day=20), "hired_on": HIRED}
    await store(
        db, person(gone, "ops", 2, status="left", **later), *(person(one, "sales", 2, **later) for one in moved)
    )
    await count(db)
    _, ties = await figures(api, issuer)
    days = (SETTLED - START.date()).days - 9 / 24
    assert ties.keys() == {("ops", "ops")}
    assert (ties["ops", "ops"]["n"], ties["ops", "ops"]["weight"]) == (6, round(15 / 5 * 0.5 ** (days / 90), 1))


async def test_a_network_keeps_the_highest_threshold_of_its_months(db: Database) -> None:
    async def note(k: int) -> None:
        async with db.transaction() as conn:
            await note_threshold(conn, k)

    members = (await staff(db, ops=10))["ops"]
    await note(8)
    await meeting(db, members, EARLIER)
    await note(6)
    await meeting(db, members)
    await note(5)
    assert await count(db) == 1
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT k FROM networks WHERE month = $1", MONTH) == 8


async def test_a_tie_of_the_year_before_is_not_new(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    members = (await staff(db, ops=10))["ops"]
    await meeting(db, members[:5], EARLIER)
    await meeting(db, members)
    await count(db)
    async with db.acquire() as conn:  # the earlier month has facts too: its network comes later, not instead
        assert await conn.fetchval("SELECT max(month) FROM networks") == MONTH
    whole, ties = await figures(api, issuer)
    assert whole["new_tie_rate"]["value"] == round(35 / 45, 2)
    assert ties["ops", "ops"]["density"] == 1.0


async def test_few_people_on_either_side_are_hidden_and_cannot_be_subtracted(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    units = await staff(db, board=6, ops=30, sales=40)
    await meeting(db, units["ops"][:10] + units["sales"][:20])
    await meeting(db, units["board"][:2] + units["ops"][10:20])
    await meeting(db, units["board"][2:] + units["sales"][20:])
    await count(db)
    whole, ties = await figures(api, issuer)
    hidden = {pair for pair, tie in ties.items() if tie["suppressed"]}
    assert {("board", "ops"), ("board", "sales")} <= hidden  # 2 and 4 of the board
    assert len([pair for pair in hidden if pair[0] == pair[1]]) != 1
    assert len([pair for pair in hidden if pair[0] != pair[1]]) != 1
    assert ("sales", "sales") not in hidden
    for tie in ties.values():
        assert (tie["density"] is None and tie["n"] is None and tie["weight"] is None) is tie["suppressed"]
    assert ties["board", "ops"]["reason"].startswith("Fewer than 5 people on one side or the other:")
    assert whole["cross_unit_share"]["value"] is not None


@pytest.mark.parametrize(("alone", "shown"), [(4, False), (0, False), (5, True)])
async def test_a_few_without_any_tie_are_not_told(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, alone: int, shown: bool
) -> None:
    members = (await staff(db, ops=20))["ops"]
    await meeting(db, members[: 20 - alone])
    await count(db)
    whole, _ = await figures(api, issuer)
    assert whole["isolates"]["suppressed"] is not shown
    assert (whole["isolates"]["n"] is None) is not shown


async def test_what_comes_late_changes_no_network_that_was_counted(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    members = (await staff(db, ops=20))["ops"]
    await meeting(db, members[:10])
    await count(db)
    before = await read(api, issuer, "/v1/networks")
    await meeting(db, members[9:11])
    assert await count(db) == 0
    assert await read(api, issuer, "/v1/networks") == before


async def test_two_months_cannot_be_subtracted(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """The attack: two people meet once, after a month in which twenty of their divisions did."""
    units = await staff(db, ops=20, sales=20)
    await meeting(db, units["ops"][:10] + units["sales"][:10], EARLIER)
    await meeting(db, [units["ops"][0], units["sales"][-1]])
    await meeting(db, units["ops"][10:])
    await meeting(db, units["sales"][:10])
    assert [await count(db) for _ in range(3)] == [1, 1, 0]
    before = await read(api, issuer, "/v1/networks", month=str(EARLIER.date().replace(day=1)))
    whole, ties = await figures(api, issuer)
    assert {(tie["unit"], tie["other"]): tie["suppressed"] for tie in before["ties"]}["ops", "sales"] is False
    told = ties["ops", "sales"]
    assert (told["density"], told["weight"], told["n"]) == (None, None, None)
    # Nor by what the whole would say of the only cell across divisions.
    for name in ("cross_unit_share", "ei_index", "ei_over_expected", "tie_density", "exposure"):
        assert whole[name]["suppressed"], name
    # What a month tells does not rest on the months before it, but for which ties are new.
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM network_cells")
        await conn.execute("DELETE FROM networks")
        await conn.execute("DELETE FROM participations WHERE starts_at = $1", EARLIER)
    await count(db)
    again, ties_again = await figures(api, issuer)
    assert ties_again == ties
    assert {name: each for name, each in again.items() if name != "new_tie_rate"} == {
        name: each for name, each in whole.items() if name != "new_tie_rate"
    }


async def test_a_month_without_a_network_says_when_there_will_be_one(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for asked in ({}, {"month": "2020-01-01"}):
        reply = await api.get("/v1/networks", params=asked, headers=issuer.bearer("analyst"))
        assert reply.status_code == 404
        assert "three days after" in reply.json()["detail"]


async def test_a_month_is_asked_for_as_it_is_written_or_by_any_day_of_it(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    units = await staff(db, ops=6, sales=6)
    await meeting(db, units["ops"] + units["sales"])
    await count(db)
    for asked in (f"{MONTH:%Y-%m}", f"{MONTH:%Y-%m}-10", str(MONTH)):
        assert (await read(api, issuer, "/v1/networks", month=asked))["month"] == str(MONTH)
    for wrong in ("2026-13", "October", "2026-02-30"):
        reply = await api.get("/v1/networks", params={"month": wrong}, headers=issuer.bearer("analyst"))
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "month")
