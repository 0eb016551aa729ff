"""What a learning management system tells: taken once, kept without names and scores, counted of k people together."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.metrics.commands.learnings import count_learnings
from services.metrics.domain.xapi import VERSION_HEADER
from shared.db import Database
from shared.events.directory import PersonErased
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, store
from tests.metrics.world import people, person, unit

ADL = "http://adlnet.gov/expapi"
PATH = "/xapi/statements"


def statement(one: UUID, did: str = "completed", kind: str = "course", **changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": str(one)}},
        "verb": {"id": f"{ADL}/verbs/{did}", "display": {"en": did}},
        "object": {
            "objectType": "Activity",
            "id": f"https://lms.example.org/{kind}/7",
            "definition": {"type": f"{ADL}/activities/{kind}", "name": {"en": "Facing Jane Doe"}},
        },
        "result": {"completion": True, "score": {"scaled": 0.42}},
        "timestamp": "2026-10-14T09:00:00+02:00",
        **changes,
    }


def speaking(issuer: Issuer, role: str = "hr-system", version: str = "1.0.3") -> dict[str, str]:
    return {**issuer.bearer(role), VERSION_HEADER: version}


async def tell(api: httpx.AsyncClient, issuer: Issuer, *told: Any) -> httpx.Response:
    reply = await api.post(PATH, json=list(told), headers=speaking(issuer))
    assert reply.status_code == 200, reply.text
    return reply


async def count(db: Database) -> int:
    async with db.transaction() as conn:
        return await count_learnings(conn, 5)


async def cells(api: httpx.AsyncClient, issuer: Issuer, name: str, **query: Any) -> dict[str, Any]:
    found = (await read(api, issuer, f"/v1/measures/{name}", **OCTOBER, **query))["cells"]
    return {cell["group"]: (cell["value"], cell["n"], cell["suppressed"]) for cell in found}


@pytest.fixture
async def crowd(db: Database) -> list[UUID]:
    found = people(12)
    await store(db, unit("org", "Org"), *(unit(code, code.title(), "org") for code in ("sales", "ops")))
    await store(db, *(person(one, "sales") for one in found[:6]), *(person(one, "ops") for one in found[6:]))
    return found


async def test_trainings_and_resources_count_when_k_people_wait(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    """K24."""
    await tell(api, issuer, *(statement(one) for one in crowd[:4]), *(statement(one) for one in crowd[6:9]))
    await tell(api, issuer, *(statement(one, "experienced", "media") for one in crowd[6:12]))
    assert await count(db) == 6
    assert await cells(api, issuer, "trainings_completed") == {"": (0, 0, False)}
    await tell(api, issuer, statement(crowd[4]), statement(crowd[0]))
    assert await count(db) == 6
    assert await cells(api, issuer, "trainings_completed", by="unit") == {"sales": (6, 5, False)}
    assert await cells(api, issuer, "resources_used") == {"": (6, 6, False)}
    assert await cells(api, issuer, "trainings_completed", unit="sales") == {"": (None, None, False)}


async def test_the_same_statement_again_is_nothing_new_and_another_is_a_conflict(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    told, fresh = statement(crowd[0]), statement(crowd[1])
    first = await tell(api, issuer, told)
    assert first.json() == [told["id"]]
    assert first.headers[VERSION_HEADER] == "1.0.3"
    again = await tell(api, issuer, {**told, "stored": "2026-10-15T00:00:00Z"})
    assert again.json() == [told["id"]]
    other = {**told, "verb": {"id": f"{ADL}/verbs/passed"}}
    for headers in (speaking(issuer), speaking(issuer, version="2.0.0")):
        for reply in (
            await api.post(PATH, json=[fresh, other], headers=headers),
            await api.put(PATH, params={"statementId": told["id"]}, json=other, headers=headers),
        ):
            assert (reply.status_code, reply.json()["statement_id"]) == (409, told["id"])
    assert (await api.post(PATH, json=[fresh, {**fresh, "timestamp": None}], headers=headers)).status_code == 409
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM xapi_received") == 1
        assert await conn.fetchval("SELECT count(*) FROM learnings") == 1


async def test_a_statement_is_put_under_its_id(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    told = statement(crowd[0])
    name = told.pop("id")
    headers = speaking(issuer, version="2.0.0")
    for _ in range(2):
        reply = await api.put(PATH, params={"statementId": name}, json=told, headers=headers)
        assert (reply.status_code, reply.headers[VERSION_HEADER]) == (204, "2.0.0")
    wrong = await api.put(PATH, params={"statementId": str(uuid4())}, json={**told, "id": name}, headers=headers)
    assert wrong.status_code == 400
    (made,) = (await api.post(PATH, json=told, headers=headers)).json()
    assert UUID(made) != UUID(name)
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM learnings") == 2


async def test_no_name_no_title_and_no_score_is_kept(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    await tell(api, issuer, statement(crowd[0]))
    async with db.acquire() as conn:
        rows = await conn.fetch("SELECT to_jsonb(t)::text FROM learnings AS t")
        rows += await conn.fetch("SELECT to_jsonb(t)::text FROM xapi_received AS t")
        rows += await conn.fetch("SELECT to_jsonb(t)::text FROM audit AS t")
    kept = " ".join(row[0] for row in rows)
    assert not [word for word in ("Jane", "0.42", "lms.example", "course") if word in kept]


async def test_a_voided_statement_stops_counting_with_k_others(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    told = [statement(one) for one in crowd[:6]]
    await tell(api, issuer, *told)
    assert await count(db) == 6
    wrong = [
        {**statement(crowd[0], "voided"), "object": {"objectType": "StatementRef", "id": each["id"]}} for each in told
    ]
    await tell(api, issuer, *wrong[:4])
    assert await count(db) == 0
    await tell(api, issuer, *wrong[4:])
    assert await count(db) == 6
    assert await cells(api, issuer, "trainings_completed") == {"": (0, 0, False)}
    assert await count(db) == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"actor": {"mbox": "mailto:jane@example.org"}}, "actor"),
        ({"actor": {"account": {"homePage": "nowhere", "name": "x"}}}, "actor.account.homePage"),
        ({"verb": {"id": "completed"}}, "verb.id"),
        ({"object": {}}, "object.id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-10-14T09:00:00"}, "timestamp"),
        ({"timestamp": (datetime.now(UTC) + timedelta(days=3)).isoformat()}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+05:00"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-05:00"}, "timestamp"),
        ({"id": "1"}, "id"),
        ({"verb": {"id": f"{ADL}/verbs/voided"}}, "object"),
    ],
)
async def test_what_is_no_statement_is_named(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID], changes: dict[str, Any], field: str
) -> None:
    fine, broken = statement(crowd[0]), statement(crowd[1], **changes)
    reply = await api.post(PATH, json=[fine, broken], headers=speaking(issuer))
    assert reply.status_code == 400
    named = {error["field"].removesuffix(".account").removesuffix(".mbox") for error in reply.json()["errors"]}
    assert f"1.{field}" in named
    alone = await api.post(PATH, json=broken, headers=speaking(issuer))
    assert field in alone.json()["detail"]
    assert "1." not in alone.json()["detail"].split(":")[0]
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM xapi_received") == 0


@pytest.mark.parametrize("version", ["", "0.95", "1.1.0", "3.0.0", "1.0.3 "])
async def test_a_version_that_is_not_spoken_is_refused(
    api: httpx.AsyncClient, issuer: Issuer, crowd: list[UUID], version: str
) -> None:
    reply = await api.post(PATH, json=statement(crowd[0]), headers=speaking(issuer, version=version))
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (400, VERSION_HEADER)
    assert (await api.get("/xapi/about")).json() == {"version": ["1.0.3", "2.0.0"]}


async def test_bodies_that_are_nothing_are_refused(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for body in (b"", b"{", b"3", b"[1]", b"[[]]", b'"x"'):
        assert (await api.post(PATH, content=body, headers=speaking(issuer))).status_code == 400
    assert (await api.post(PATH, content=b"[]", headers=speaking(issuer))).json() == []
    assert (await api.post(PATH, content=b"[]", headers=speaking(issuer, "analyst"))).status_code == 403


async def test_what_is_not_counted_is_taken_all_the_same(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    await tell(api, issuer, statement(crowd[0], "failed"), statement(crowd[0], "completed", "meeting"))
    named = statement(crowd[0])
    named["actor"]["account"]["name"] = "jdoe"
    await tell(api, issuer, named)
    async with db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM xapi_received") == 3
        assert await conn.fetchval("SELECT count(*) FROM learnings") == 0


async def test_erased_people_leave_their_number_and_nothing_comes_back(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, crowd: list[UUID]
) -> None:
    await tell(api, issuer, *(statement(one) for one in crowd[:5]))
    await count(db)
    await store(db, PersonErased(person_id=crowd[0]))
    await tell(api, issuer, statement(crowd[0]))
    async with db.acquire() as conn:
        assert not await conn.fetchval("SELECT count(*) FROM learnings WHERE person_id = $1", crowd[0])
    assert await cells(api, issuer, "trainings_completed") == {"": (5, 5, False)}
