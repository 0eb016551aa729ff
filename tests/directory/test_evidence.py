"""What is said of people's skills, who may say it, how often, and what follows for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.directory.commands.attendances import record_attendances
from services.directory.commands.people import refresh_waiting
from services.directory.consumers import on_participation_changed, on_worker_erased
from services.directory.domain.endorsement import MOST_ENDORSEMENTS, MOST_FOR_ONE_PERSON
from shared.db import Connection, Database
from shared.events.hr import WorkerErased
from shared.events.sessions import ParticipationChanged
from tests.directory.hr import envelope, latest, person_id, tell, unit, worker
from tests.directory.test_skills import bring_in, line
from tests.fixtures.issuer import Issuer

NOW = datetime.now(UTC)
PLAN = {"skill_id": "s:hr", "level": 3, "target_level": 4}


@pytest.fixture(autouse=True)
async def people(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> dict[str, str]:
    """Ada (A), her manager M, her peers P and Q, and a small taxonomy."""
    await bring_in(api, issuer, *(line(f"s:{number}", f"Skill {number}") for number in ("hr", *range(9))))
    async with api_db.transaction() as conn:
        await tell(conn, unit("U"), worker("M", job_level=5), *(worker(number, "M") for number in "PQ"))
        await tell(conn, worker("A", "M", skills=[PLAN]))
        return {number: await person_id(conn, number) for number in "AMPQ"}


def part(session: UUID, person: str, version: int = 1, **changes: Any) -> ParticipationChanged:
    values = {
        "session_id": session,
        "person_id": person,
        "version": version,
        "programme_id": uuid4(),
        "format": "circle",
        "session_starts_at": NOW - timedelta(days=3),
        "state": "attended",
        "role": "participant",
        "minutes": 60,
        **dict.fromkeys(("taught", "asked", "shared", "challenged", "summarised"), 1),
        **changes,
    }
    return ParticipationChanged.model_validate(values)


async def meet(db: Database, *persons: str, **changes: Any) -> UUID:
    session = uuid4()
    async with db.transaction() as conn:
        await record_attendances(conn, [part(session, person, **changes) for person in persons])
    return session


async def say(
    api: httpx.AsyncClient, issuer: Issuer, whose: str, by: str, skill: str = "s:1", level: int = 4
) -> httpx.Response:
    body = {"skill_id": skill, "level": level}
    return await api.post(f"/v1/people/{whose}/skills", json=body, headers=issuer.bearer("employee", person_id=by))


async def known(api: httpx.AsyncClient, issuer: Issuer, whose: str, by: str | None = None) -> dict[str, dict[str, Any]]:
    answer = await api.get(f"/v1/people/{whose}/skills", headers=issuer.bearer("employee", person_id=by or whose))
    assert answer.status_code == 200, answer.text
    return {one["skill_id"]: one for one in answer.json()["skills"]}


async def test_a_skill_that_is_out_of_use_is_stated_no_more(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    ada, admin = people["A"], issuer.bearer("admin")
    assert (await say(api, issuer, ada, ada)).status_code == 200
    answer = await api.post("/v1/skills/deprecations", json={"skill_id": "s:1"}, headers=admin)
    assert answer.status_code == 200
    assessed = {"skill_id": "s:1", "level": 2, "assessed_on": str(NOW.date())}
    for refused in (
        await say(api, issuer, ada, ada, level=2),
        await api.post(f"/v1/people/{ada}/assessments", json=assessed, headers=admin),
    ):
        error = {"field": "skill_id", "message": "is out of use"}
        assert (refused.status_code, refused.json()["errors"]) == (422, [error])
    assert (await known(api, issuer, ada))["s:1"]["level"] == 4  # who has it keeps it


async def test_what_each_says_counts_as_who_they_are(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    await meet(api_db, people["A"], people["P"])
    for by, level in (("A", 5), ("M", 3), ("P", 4)):
        assert (await say(api, issuer, people["A"], people[by], level=level)).status_code == 200
    test = {"skill_id": "s:1", "level": 2, "assessed_on": str(NOW.date())}
    hr = issuer.bearer("hr-system", person_id=...)
    assert (await api.post(f"/v1/people/{people['A']}/assessments", json=test, headers=hr)).status_code == 200
    found = (await known(api, issuer, people["A"]))["s:1"]
    assert {one["source"]: one["level"] for one in found["evidence"]} == {
        "self": 5,
        "manager": 3,
        "peer": 4,
        "assessment": 2,
    }
    assert {one["stated_by"] for one in found["evidence"]} == {people["A"], people["M"], people["P"], None}
    assert (found["level"], found["source"], found["trust"], found["gap"]) == (3, "assessment", 100, 0)
    by_manager = (await known(api, issuer, people["A"], people["M"]))["s:1"]
    assert {one["stated_by"] for one in by_manager["evidence"]} == {None}
    async with api_db.acquire() as conn:
        (told,) = [one for one in (await latest(conn, "A")).proficiencies if one.skill_id == "s:1"]
    assert (told.level, told.source, told.trust, told.as_of) == (3, "assessment", 100, NOW.date())


async def test_what_hr_says_is_evidence_and_a_gap(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """P4."""
    found = (await known(api, issuer, people["A"]))["s:hr"]
    assert (found["level"], found["target_level"], found["gap"], found["source"]) == (3, 4, 1, "hr")
    assert found["fading"]


async def test_who_was_not_in_a_session_with_somebody_may_not_endorse_them(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    async def refused() -> bool:
        answer = await say(api, issuer, people["A"], people["P"])
        return (answer.status_code, answer.json().get("type")) == (409, "/problems/not-met")

    assert await refused()
    await meet(api_db, people["A"])
    await meet(api_db, people["P"])
    assert await refused()
    session = await meet(api_db, people["A"], people["P"], state="no_show")
    assert await refused()
    await meet(api_db, people["A"], people["P"], session_starts_at=NOW - timedelta(days=400))
    assert await refused()
    async with api_db.transaction() as conn:
        await record_attendances(conn, [part(session, people[one], 2) for one in "AP"])
    assert (await say(api, issuer, people["A"], people["P"])).status_code == 200


async def test_a_peer_sees_their_own_statement_and_nothing_else(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    await meet(api_db, people["A"], people["P"])
    answer = await say(api, issuer, people["A"], people["P"])
    assert [(one["skill_id"], one["level"]) for one in answer.json()["skills"]] == [("s:1", 4)]
    for role in ("employee", "manager", "analyst", "operator"):
        headers = issuer.bearer(role, person_id=people["P"])
        assert (await api.get(f"/v1/people/{people['A']}/skills", headers=headers)).status_code == 404


async def test_endorsements_are_few_and_one_may_be_corrected(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    await meet(api_db, people["A"], people["P"], people["Q"])
    for number in range(MOST_FOR_ONE_PERSON):
        assert (await say(api, issuer, people["A"], people["P"], f"s:{number}")).status_code == 200
    one_more = await say(api, issuer, people["A"], people["P"], "s:8")
    assert (one_more.status_code, one_more.json()["type"]) == (429, "/problems/too-many-endorsements")
    assert (await say(api, issuer, people["A"], people["P"], "s:0", 2)).status_code == 200
    assert [one["level"] for one in (await known(api, issuer, people["A"]))["s:0"]["evidence"]] == [2]
    assert (await say(api, issuer, people["Q"], people["P"], "s:8")).status_code == 200
    async with api_db.transaction() as conn:
        await conn.execute(
            "INSERT INTO skill_evidence SELECT $1::uuid, 'x:' || n, 'peer', $2::uuid, 3, $3"
            " FROM generate_series(1, $4::int) AS n",
            people["M"],
            people["P"],
            NOW.date(),
            MOST_ENDORSEMENTS,
        )
    assert (await say(api, issuer, people["Q"], people["P"], "s:7")).status_code == 429


async def test_what_was_said_can_be_taken_back_by_who_said_it(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    await meet(api_db, people["A"], people["P"])
    await say(api, issuer, people["A"], people["P"])
    url = f"/v1/people/{people['A']}/skills?skill_id=s:1"
    assert (await api.delete(url, headers=issuer.bearer("employee", person_id=people["Q"]))).status_code == 404
    assert (await api.delete(url, headers=issuer.bearer("employee", person_id=people["P"]))).status_code == 204
    assert "s:1" not in await known(api, issuer, people["A"])


IMPOSSIBLE = [("s:1", 6, "level"), ("s:1", -1, "level"), ("s:nowhere", 3, "skill_id"), ("", 3, "skill_id")]


async def test_an_impossible_statement_is_refused_by_name(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    await meet(api_db, people["A"], people["P"])
    for skill, level, field in IMPOSSIBLE:
        answer = await say(api, issuer, people["A"], people["A"], skill, level)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    nothing = await say(api, issuer, people["A"], people["P"], level=0)
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "level")
    tomorrow = {"skill_id": "s:1", "level": 2, "assessed_on": str(NOW.date() + timedelta(days=2))}
    hr = issuer.bearer("hr-system", person_id=...)
    late = await api.post(f"/v1/people/{people['A']}/assessments", json=tomorrow, headers=hr)
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "assessed_on")
    assert (await say(api, issuer, str(uuid4()), people["P"])).status_code == 404
    assert (await say(api, issuer, people["A"], str(uuid4()))).status_code == 404


async def refreshed(db: Database) -> None:
    async with db.transaction() as conn:
        await refresh_waiting(conn, NOW)


async def test_a_job_that_asks_for_more_opens_gaps_for_all_who_hold_it(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """P4."""
    hr = issuer.bearer("hr-system", person_id=...)
    url, body = "/v1/job-profiles/SW-02", {"title": "Engineer", "targets": [{"skill_id": "s:2", "level": 4}]}
    assert (await api.put(url, json=body, headers=hr)).status_code == 200
    await refreshed(api_db)
    async with api_db.acquire() as conn:
        told = await latest(conn, "P")
    assert [(need.skill_id, need.level, need.target_level) for need in told.needs] == [("s:2", 0, 4)]
    assert (told.proficiencies[0].target_level, told.proficiencies[0].source) == (4, None)
    await say(api, issuer, people["P"], people["P"], "s:2", 4)
    async with api_db.acquire() as conn:
        assert (await latest(conn, "P")).needs == ()
    for match, status in ((None, 428), ('"v9"', 412), ('"v1"', 200)):
        headers = {**hr, **({"If-Match": match} if match else {})}
        assert (await api.put(url, json=body, headers=headers)).status_code == status
    wrong = {**body, "targets": [*body["targets"], {"skill_id": "s:nowhere", "level": 1}]}
    refused = await api.put(url, json=wrong, headers={**hr, "If-Match": '"v2"'})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "targets.1.skill_id")
    assert (await api.delete(url, headers={**hr, "If-Match": '"v2"'})).status_code == 204
    await refreshed(api_db)
    async with api_db.acquire() as conn:
        assert (await latest(conn, "Q")).needs == ()
    assert (await api.get(url, headers=hr)).status_code == 404


async def test_offers_needs_and_levels_follow_a_merge(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """R7."""
    me = {**issuer.bearer("employee", person_id=people["P"]), "If-Match": '"v1"'}
    own = {
        "offers": [{"skill_id": "s:1", "level": 4}],
        "needs": [{"skill_id": "s:2", "level": 1, "target_level": 3}],
    }
    assert (await api.patch(f"/v1/people/{people['P']}/profile", json=own, headers=me)).status_code == 200
    for old, new in (("s:1", "s:3"), ("s:2", "s:4"), ("s:hr", "s:5")):
        body = {"skill_id": old, "into": new}
        assert (await api.post("/v1/skills/merges", json=body, headers=issuer.bearer("admin"))).status_code == 200
    await refreshed(api_db)
    async with api_db.acquire() as conn:
        told, ada = await latest(conn, "P"), await latest(conn, "A")
    assert [(one.skill_id, one.level) for one in told.offers] == [("s:3", 4)]
    assert [(one.skill_id, one.level, one.target_level) for one in told.needs] == [("s:4", 1, 3)]
    assert [one.skill_id for one in told.proficiencies] == ["s:3", "s:4"]
    assert [one.skill_id for one in ada.offers] == ["s:5"]


async def test_a_duplicate_an_old_and_a_late_part_change_nothing(conn: Connection) -> None:
    await tell(conn, worker("X"))
    who, session = await person_id(conn, "X"), uuid4()
    old, new, stranger = part(session, who, 1), part(session, who, 2, minutes=5), part(session, str(uuid4()))
    for told in ([new, old], [old], [new], [stranger]):
        await on_participation_changed(conn, [envelope(one) for one in told])
    rows = await conn.fetch("SELECT version, minutes FROM attendances")
    assert [tuple(row) for row in rows] == [(2, 5)]


async def test_who_is_erased_leaves_no_trace_and_takes_back_what_they_said(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    await meet(api_db, people["A"], people["P"])
    await say(api, issuer, people["A"], people["P"])
    await say(api, issuer, people["P"], people["P"])
    async with api_db.transaction() as conn:
        await on_worker_erased(conn, [envelope(WorkerErased(employee_number="P"))])
        held = str(
            [await conn.fetch(f"SELECT * FROM {name}") for name in ("skill_evidence", "attendances", "completions")]
        )
        assert people["P"] not in held
        assert "s:1" not in {one.skill_id for one in (await latest(conn, "A")).proficiencies}


async def test_who_knows_is_ranked_by_evidence(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """P2."""
    await bring_in(api, issuer, line("s:topic", "Brewing"), line("s:part", "Hops", broader=["s:topic"]))
    await meet(api_db, people["A"], people["P"], people["Q"])
    for who, skill, level in (("P", "s:topic", 3), ("Q", "s:part", 5), ("M", "s:1", 5)):
        me = {**issuer.bearer("employee", person_id=people[who]), "If-Match": '"v1"'}
        body = {"offers": [{"skill_id": skill, "level": level}]}
        assert (await api.patch(f"/v1/people/{people[who]}/profile", json=body, headers=me)).status_code == 200
    await say(api, issuer, people["P"], people["A"], "s:topic", 4)
    await say(api, issuer, people["A"], people["Q"], "s:topic", 5)
    anybody = issuer.bearer("employee")

    async def who_knows(**query: str) -> list[tuple[str, list[tuple[str, int]]]]:
        found: list[tuple[str, list[tuple[str, int]]]] = []
        answer = await api.get("/v1/experts", params={**query, "limit": "1"}, headers=anybody)
        while True:
            assert answer.status_code == 200, answer.text
            found += [
                (item["person_id"], [(one["label"], one["endorsements"]) for one in item["skills"]])
                for item in answer.json()["items"]
            ]
            if "next" not in answer.links:
                return found
            answer = await api.get(answer.links["next"]["url"], headers=anybody)

    expected = [(people["P"], [("Brewing", 1)]), (people["Q"], [("Hops", 0)])]
    assert await who_knows(q="brew") == expected
    assert await who_knows(skill_id="s:topic") == expected
    assert await who_knows(skill_id="s:part") == expected[1:]
    assert await who_knows(q="nothing like it") == []
    async with api_db.acquire() as conn:
        version = (await latest(conn, "A")).version
    me = {**issuer.bearer("employee", person_id=people["A"]), "If-Match": f'"v{version}"'}
    await api.patch(f"/v1/people/{people['A']}/profile", json={"shares_contributions": True}, headers=me)
    assert (people["A"], [("Brewing", 1)]) in await who_knows(q="brew")
    for query in ({}, {"q": "brew", "skill_id": "s:1"}, {"q": "b"}):
        assert (await api.get("/v1/experts", params=query, headers=anybody)).status_code == 422


async def test_who_has_done_it_is_told_beside_who_knows_it(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """P2: who gave something in sessions about a skill is counted, and found alone when asked for."""
    await bring_in(api, issuer, line("s:topic", "Brewing"))
    for who, level in (("P", 5), ("Q", 3)):
        me = {**issuer.bearer("employee", person_id=people[who]), "If-Match": '"v1"'}
        body = {"offers": [{"skill_id": "s:topic", "level": level}]}
        assert (await api.patch(f"/v1/people/{people[who]}/profile", json=body, headers=me)).status_code == 200
    for changes in ({}, {}, {"state": "no_show"}, {"taught": 0, "shared": 0, "challenged": 0, "summarised": 0}):
        await meet(api_db, people["Q"], **{"skill_id": "s:topic", **changes})
    await meet(api_db, people["P"], skill_id="s:other")

    async def found(**query: str) -> list[tuple[str, int]]:
        answer = await api.get("/v1/experts", params={"q": "brew", **query}, headers=issuer.bearer("employee"))
        assert answer.status_code == 200, answer.text
        return [(item["person_id"], item["skills"][0]["taught"]) for item in answer.json()["items"]]

    assert await found() == [(people["P"], 0), (people["Q"], 2)]
    assert await found(taught="true") == [(people["Q"], 2)]
