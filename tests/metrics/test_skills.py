"""Skills are told by skill, of k people or more, and stand until k people's have changed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.metrics.commands.skills import count_skills
from shared.db import Database
from shared.events.directory import PersonChanged, PersonErased, Proficiency, SkillChanged, SkillNeed, SkillOffer
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.test_dashboard import sign_in
from tests.metrics.world import held, part, people, person

LATELY = datetime.now(UTC) - timedelta(days=5)


def able(one: UUID, version: int = 1, skills: Any = (), **changes: Any) -> PersonChanged:
    """Somebody with proficiencies: (skill, level, target)."""
    known = tuple(Proficiency(skill_id=name, level=level, target_level=target) for name, level, target in skills)
    return person(one, version=version, **{"proficiencies": known, **changes})


async def count(db: Database) -> int:
    async with db.transaction() as conn:
        await conn.execute("UPDATE skill_looks SET looked_at = now() - interval '2 hours'")
        return await count_skills(conn)


async def skills(api: httpx.AsyncClient, issuer: Issuer) -> dict[str, dict[str, Any]]:
    items = (await read(api, issuer, "/v1/skills", limit=100))["items"]
    return {item["skill_id"]: {**item, **{figure["name"]: figure for figure in item.pop("figures")}} for item in items}


async def a_company(db: Database) -> list[UUID]:
    """Twenty want Python, ten of them a lot; six teach it. Three want Latin, one can. Eight all lack the same of Go."""
    crowd = people(40)
    await store(db, SkillChanged(skill_id="py", version=1, label="Python"))
    await store(db, *(able(one, skills=[("py", 1, 3)]) for one in crowd[:10]))
    await store(db, *(able(one, skills=[("py", 2, 3)]) for one in crowd[10:20]))
    offer = (SkillOffer(skill_id="py", level=4),)
    await store(db, *(able(one, skills=[("py", 4, None)], offers=offer) for one in crowd[20:26]))
    await store(
        db, *(able(one, skills=[("la", 0, 2)]) for one in crowd[26:29]), able(crowd[29], skills=[("la", 5, None)])
    )
    need = (SkillNeed(skill_id="go", level=1, target_level=2),)
    await store(db, *(able(one, needs=need) for one in crowd[30:38]))
    await count(db)
    return crowd


async def test_supply_and_demand_are_told_by_skill(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await a_company(db)
    found = await skills(api, issuer)
    assert set(found) == {"py", "la", "go"}
    python = found["py"]
    assert (python["label"], python["wanting"], python["teachers"]) == ("Python", 20, 6)
    assert (python["skill_gap"]["value"], python["skill_gap"]["n"]) == (1.5, 20)
    assert (python["skill_supply"]["value"], python["gap_closure"]["value"]) == (0.3, 0)


async def test_a_few_people_and_nobody_look_the_same(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await a_company(db)
    found = await skills(api, issuer)
    assert (found["la"]["wanting"], found["la"]["teachers"]) == (None, None)
    assert (found["go"]["wanting"], found["go"]["teachers"]) == (8, None)  # nobody teaches it
    for name in ("skill_gap", "gap_closure", "skill_supply"):
        assert found["la"][name]["suppressed"]
        assert (found["la"][name]["value"], found["la"][name]["n"]) == (None, None)


async def test_that_everybody_lacks_the_same_is_not_told(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    crowd = people(10)
    levels = [1, 2] * 5
    both = zip(crowd, levels, strict=True)
    await store(db, *(able(one, skills=[("go", 1, 2), ("py", level, 4)]) for one, level in both))
    await count(db)
    found = await skills(api, issuer)
    assert "everybody answered the same" in found["go"]["skill_gap"]["reason"]
    assert (found["py"]["skill_gap"]["value"], found["py"]["wanting"]) == (2.5, 10)


async def test_a_number_stands_until_enough_peoples_skills_have_changed(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    crowd = await a_company(db)
    before = await skills(api, issuer)
    await store(db, *(able(one, 2, [("py", 3, 3)]) for one in crowd[:4]))
    assert await count(db) == 0
    assert await skills(api, issuer) == before
    await store(db, able(crowd[4], 2, [("py", 3, 3)]))
    assert await count(db) == 1
    after = (await skills(api, issuer))["py"]
    assert (after["wanting"], after["skill_gap"]["value"]) == (15, 1)
    assert after["gap_closure"]["value"] == round(10 / 30, 2)


async def test_gaps_are_closed_against_the_first_targets(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """P4."""
    crowd = people(12)
    await store(db, *(able(one, skills=[("py", 1 + number % 2, 3)]) for number, one in enumerate(crowd)))
    await count(db)
    await store(db, *(able(one, 2, [("py", 2, 5)]) for one in crowd[::2]))
    await count(db)
    found = (await skills(api, issuer))["py"]
    assert found["gap_closure"]["value"] == round(1 - 12 / 18, 2)
    assert found["target_drift"]["value"] == 1  # two levels more for half of them, told apart from what was closed


async def test_no_new_skill_appears_with_fewer_than_k_people_behind_it(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    crowd = await a_company(db)
    await store(db, *(able(one, 2, [("py", 1, 3), (f"new-{one}", 1, 2)]) for one in crowd[:4]))
    await count(db)
    assert set(await skills(api, issuer)) == {"py", "la", "go"}
    await store(db, able(crowd[4], 2, [("py", 1, 3), ("newest", 1, 2)]))
    await count(db)
    assert len(await skills(api, issuer)) == 8


async def test_what_rests_on_few_is_told_in_bands(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    crowd = people(30)
    await store(db, *(able(one, skills=[("py", 5, None)]) for one in crowd[:9]))
    await store(db, *(able(one, skills=[("la", 4, None)]) for one in crowd[9:13]))
    soon = (datetime.now(UTC) + timedelta(days=30)).date()
    await store(db, *(able(one, skills=[("go", 4, None)], leaves_on=soon) for one in crowd[13:20]))
    session = uuid4()
    await store(db, held(session, starts_at=LATELY))
    await store(db, *(part(session, one, session_starts_at=LATELY) for one in crowd))
    await count(db)
    items = (await read(api, issuer, "/v1/knowledge-at-risk"))["items"]
    bands = ("experts", "staying", "active", "at_risk")
    assert {item["skill_id"]: tuple(item[name] for name in bands) for item in items} == {
        "py": ("some", "some", "some", False),
        "la": ("few", "few", "few", True),
        "go": ("some", "few", "few", True),
    }
    assert not [value for item in items for value in item.values() if isinstance(value, int) and value not in {0, 1}]


async def test_what_experts_who_stay_do_not_share_is_told_apart_from_what_is_at_risk(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """Most of an organization takes part in nothing yet: that puts no knowledge at risk."""
    await store(db, *(able(one, skills=[("py", 5, None)]) for one in people(9)))
    await count(db)
    (item,) = (await read(api, issuer, "/v1/knowledge-at-risk"))["items"]
    assert (item["experts"], item["staying"], item["active"], item["at_risk"]) == ("some", "some", "few", False)
    await sign_in(api, issuer.token(roles=["analyst"]))
    page = (await api.get("/knowledge")).text
    at_risk, unshared = page.split('<h2 id="unshared-h">Held, and hardly shared</h2>')
    assert "0 of 1 skills have fewer than" in at_risk
    assert '<th scope="row">py</th>' in unshared


async def test_skills_are_paged(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await a_company(db)
    for path in ("/v1/skills", "/v1/knowledge-at-risk"):
        first = await read(api, issuer, path, limit=2)
        rest = await read(api, issuer, path, limit=2, cursor=first["next"])
        assert [item["skill_id"] for item in (*first["items"], *rest["items"])] == ["go", "la", "py"]
        assert rest["next"] is None


async def test_an_older_state_of_a_person_changes_no_skill(db: Database) -> None:
    (somebody,) = people(1)
    await store(db, able(somebody, 3, [("py", 4, 5)]))
    await store(db, able(somebody, 2, [("py", 1, 5), ("la", 1, None)], effective_at=date(2025, 6, 1)))
    async with db.acquire() as conn:
        assert [tuple(row) for row in await conn.fetch("SELECT skill_id, level FROM known_skills")] == [("py", 4)]
    await store(db, able(somebody, 4, [("la", 2, None)]))
    async with db.acquire() as conn:
        assert [tuple(row) for row in await conn.fetch("SELECT skill_id, level FROM known_skills")] == [("la", 2)]


async def test_whoever_leaves_or_is_erased_has_no_skill_here(db: Database) -> None:
    leaver, erased = people(2)
    await store(db, *(able(one, skills=[("py", 4, 5)]) for one in (leaver, erased)))
    await store(db, able(leaver, 2, [("py", 4, 5)], status="left"), PersonErased(person_id=erased))
    async with db.acquire() as conn:
        assert await conn.fetch("TABLE known_skills") == []
        assert not await conn.fetchval("SELECT count(*) FROM person_skills WHERE person_id = $1", erased)
    await store(db, able(erased, 9, [("py", 4, 5)]))
    async with db.acquire() as conn:
        assert await conn.fetch("TABLE known_skills") == []
