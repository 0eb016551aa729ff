"""In which region somebody works: said by HR or an identity system, dated as all that HR says, and found by."""

import unicodedata
from datetime import date

import httpx
import pytest

from services.directory.domain.refusals import SequenceReused
from services.directory.settings import provisioning
from services.directory.store.records import MANY
from shared.db import Connection, Database
from shared.events.hr import WorkerUpserted
from tests.directory.hr import LATER, changes, person_id, tell, worker
from tests.directory.test_accounts import numbered, settings_read_anew
from tests.directory.test_feeds import Feeds, feeds, jsonl, row
from tests.directory.test_scim import Identity, account
from tests.fixtures.issuer import Issuer

__all__ = ["feeds", "settings_read_anew"]
JANUARY, MAY = date(2024, 1, 1), date(2024, 5, 1)


def at_work(region: str) -> dict[str, object]:
    return {"addresses": [{"type": "home", "region": "Bayern"}, {"type": "work", "region": region}]}


async def regions(db: Database) -> dict[str, str | None]:
    async with db.acquire() as conn:
        return {row[0]: row[1] for row in await conn.fetch("SELECT employee_number, region FROM people")}


async def test_the_region_is_dated_as_the_site_is(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> None:
    """P1: what held then, what holds, and what is to come; many at once are kept as single ones are."""
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1", on=JANUARY), worker("E1", on=MAY, seq=2, region="EMEA"))
        await tell(conn, worker("E1", on=LATER, seq=3, region="APAC"))
        await tell(conn, *(worker(f"N{number}", region="DACH" if number % 2 else None) for number in range(MANY)))
        who = await person_id(conn, "E1")
    hr = issuer.bearer("hr-system")
    for day, region in ((JANUARY, None), (MAY, "EMEA"), (LATER, "APAC")):
        told = await api.get(f"/v1/people/{who}/history/{day}", headers=hr)
        assert told.json()["region"] == region
    assert (await api.get(f"/v1/people/{who}", headers=issuer.bearer("employee"))).json()["region"] == "EMEA"
    found = (await api.get("/v1/people?region=DACH&limit=100", headers=hr)).json()["items"]
    assert [each["employee_number"] for each in found] == sorted(f"N{number}" for number in range(1, MANY, 2))


async def test_a_region_is_told_to_the_others_as_it_is_written_here(conn: Connection) -> None:
    """P1: programmes are for people of a region; moving to another one is news."""
    await tell(conn, worker("E1", region=unicodedata.normalize("NFD", "Île-de-France")))
    await tell(conn, worker("E1", seq=2, region="EMEA"))
    await tell(conn, worker("E1", seq=3, region="EMEA", job_title="Chief"))
    told = [(each.version, each.region, each.reasons) for each in await changes(conn, "E1")]
    assert told == [(1, "Île-de-France", ("hired",)), (2, "EMEA", ("profile_changed",))]


async def test_another_region_under_one_sequence_is_another_state(conn: Connection) -> None:
    await tell(conn, worker("E1", region="EMEA"))
    await tell(conn, worker("E1", region="EMEA"))
    for region in ("APAC", None):
        with pytest.raises(SequenceReused, match="E1 "):
            await tell(conn, worker("E1", region=region))


async def test_a_file_that_repeats_a_region_brings_nothing_new(feeds: Feeds, api_db: Database) -> None:
    await feeds.send(jsonl(row("E1", region="EMEA"), row("E2")))
    second = await feeds.send(jsonl(row("E1", region="EMEA"), row("E2", region="APAC")))
    assert (second["taken"], second["unchanged"]) == (1, 1)
    assert await regions(api_db) == {"E1": "EMEA", "E2": "APAC"}


async def test_the_identity_systems_region_fills_a_gap_or_counts_where_it_is_set_to(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = Identity(api, issuer.bearer("hr-system"))
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1", region="EMEA"), worker("E2"))
    one = await identity.create(numbered("ada", "E1", **at_work("Hessen")))
    await identity.create(numbered("eve", "E2", **at_work("Sachsen")))
    alone = await identity.create(account("sam", **at_work("Saarland")))
    found = await regions(api_db)
    assert (found["E1"], found["E2"], found[f"scim:{alone['id']}"]) == ("EMEA", "Sachsen", "Saarland")
    monkeypatch.setenv("LATERAL_DIRECTORY_SCIM_PRECEDENCE", '{"region": "scim"}')
    provisioning.cache_clear()
    path = {"op": "replace", "path": 'addresses[type eq "work"].region', "value": "Tirol"}
    await identity.patch(f"/Users/{one['id']}", path)
    assert (await regions(api_db))["E1"] == "Tirol"


async def test_the_previous_release_reads_the_states_that_are_kept(conn: Connection) -> None:
    """It knows no region, and refuses a state that has a field it does not know."""
    await tell(conn, worker("E1", region="EMEA"), worker("E1", on=LATER, seq=2, region="APAC"))
    kept = await conn.fetch("SELECT state FROM worker_records")
    assert not [name for each in kept for name in each["state"] if name == "region"]
    await conn.execute("""UPDATE worker_records SET state = state || '{"of_the_next_release": 1}'""")
    await tell(conn, worker("E1", on=JANUARY, seq=9))  # what holds is read again for its history
    assert WorkerUpserted.model_validate(kept[0]["state"]).region is None
