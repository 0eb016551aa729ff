"""A taxonomy comes as a file, is taken in by and by, and is followed line by line."""

from typing import Any
from uuid import uuid4

import httpx

from services.directory.commands import skill_imports
from services.directory.commands.skill_imports import go_on_importing
from services.directory.timers import TIMERS
from shared.auth import ROLES
from shared.db import Database
from shared.timers import run_once
from tests.directory.hr import published
from tests.fixtures.issuer import Issuer

FILE = """id,label,parent,altLabels
urn:food,Food,,
urn:bake,Baking,urn:food,Bread making|Patisserie
urn:broken
urn:cook,Cooking,urn:food,
"""


async def send(api: httpx.AsyncClient, issuer: Issuer, text: str, **params: str) -> dict[str, Any]:
    answer = await api.post("/v1/skills/imports", content=text, params=params, headers=issuer.bearer("hr-system"))
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def finish(db: Database) -> None:
    (timer,) = [timer for timer in TIMERS if timer.name == "directory-skill-imports"]
    while await run_once(db, timer):
        pass


async def names(api: httpx.AsyncClient, issuer: Issuer, q: str, **params: str) -> list[str]:
    answer = await api.get("/v1/skills", params={"q": q, **params}, headers=issuer.bearer("employee"))
    assert answer.status_code == 200, answer.text
    return [item["label"] for item in answer.json()["items"]]


async def test_a_file_is_taken_in_and_each_line_has_an_answer(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    started = await send(api, issuer, FILE)
    assert (started["format"], started["lines"], started["waiting"]) == ("csv", 4, 3)
    await finish(api_db)
    hr = issuer.bearer("hr-system")
    done = (await api.get(f"/v1/skills/imports/{started['import_id']}", headers=hr)).json()
    assert (done["waiting"], done["results"], bool(done["done_at"])) == (0, {"created": 3, "refused": 1}, True)
    url: str | None = f"/v1/skills/imports/{started['import_id']}/lines?limit=3"
    lines: list[dict[str, Any]] = []
    while url:
        page = await api.get(url, headers=hr)
        lines += page.json()["items"]
        url = page.links.get("next", {}).get("url")
    assert [(line["line"], line["result"]) for line in lines] == [
        (2, "created"),
        (3, "created"),
        (4, "refused"),
        (5, "created"),
    ]
    refused = await api.get(f"/v1/skills/imports/{started['import_id']}/lines?result=refused", headers=hr)
    assert [line["detail"] for line in refused.json()["items"]] == ["has 1 columns, not 4"]
    async with api_db.acquire() as conn:
        told = {event["skill_id"]: event for event in await published(conn, "directory.skills")}
    assert told["urn:bake"]["broader"] == ["urn:food"]
    assert await names(api, issuer, "patiss") == ["Baking"]


async def test_an_import_that_was_cut_off_goes_on_where_it_stopped(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    lines = skill_imports.LINES_AT_ONCE + 7
    text = "id,label\n" + "".join(f"urn:{number},Skill {number}\n" for number in range(lines))
    started = await send(api, issuer, text + "urn:broken\n")
    path, hr, seen = f"/v1/skills/imports/{started['import_id']}", issuer.bearer("hr-system"), []

    for kept in (False, True, False):
        async with api_db.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            await go_on_importing(conn)
            await (transaction.commit() if kept else transaction.rollback())
        job = (await api.get(path, headers=hr)).json()
        seen.append((job["waiting"], job["results"].get("created", 0), job["done_at"]))
    # How far it is is shown while it goes on; the broken line was told of at once.
    assert seen == [(lines, 0, None), (7, lines - 7, None), (7, lines - 7, None)]
    await finish(api_db)
    assert (await api.get(path, headers=hr)).json()["results"] == {"created": lines, "refused": 1}
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM skills") == lines
        told = await published(conn, "directory.skills")
    assert (len(told), {event["version"] for event in told}) == (lines, {1})


async def test_a_second_language_adds_labels_and_renames_nothing(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    await send(api, issuer, FILE)
    await send(api, issuer, "id,label,altLabels\nurn:bake,Bäckerei,Brot backen\n", language="de")
    await finish(api_db)
    assert await names(api, issuer, "bäck") == ["Baking"]
    assert await names(api, issuer, "backe", language="de") == ["Bäckerei"]
    assert await names(api, issuer, "backe", language="en") == []
    detail = await api.get("/v1/skills/detail", params={"skill_id": "urn:bake"}, headers=issuer.bearer("employee"))
    assert [(one["language"], one["preferred"], one["label"]) for one in detail.json()["labels"]] == [
        ("de", True, "Bäckerei"),
        ("de", False, "Brot backen"),
        ("en", True, "Baking"),
        ("en", False, "Bread making"),
        ("en", False, "Patisserie"),
    ]
    assert [one["skill_id"] for one in detail.json()["broader"]] == ["urn:food"]


async def test_relations_come_after_the_skills_and_add_to_each_other(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    await send(api, issuer, "id,label\nurn:a,A\nurn:b,B\nurn:c,C\n")
    relations = "conceptUri,broaderUri\nurn:a,urn:b\nurn:a,urn:c\nurn:z,urn:a\n"
    second = await send(api, issuer, relations)
    again = await send(api, issuer, relations)
    await finish(api_db)
    hr = issuer.bearer("admin")
    results = [
        (await api.get(f"/v1/skills/imports/{one['import_id']}", headers=hr)).json()["results"]
        for one in (second, again)
    ]
    assert results == [{"changed": 2, "refused": 1}, {"unchanged": 2, "refused": 1}]
    detail = await api.get("/v1/skills/detail", params={"skill_id": "urn:a"}, headers=hr)
    assert [one["label"] for one in detail.json()["broader"]] == ["B", "C"]
    parent = await api.get("/v1/skills/detail", params={"skill_id": "urn:b"}, headers=hr)
    assert [one["skill_id"] for one in parent.json()["narrower"]] == ["urn:a"]
    listed = await api.get("/v1/skills/imports?limit=1", headers=hr)
    assert [one["import_id"] for one in listed.json()["items"]] == [again["import_id"]]
    older = await api.get(listed.links["next"]["url"], headers=hr)
    assert [one["import_id"] for one in older.json()["items"]] == [second["import_id"]]


async def test_what_is_no_taxonomy_is_refused_and_others_may_not(api: httpx.AsyncClient, issuer: Issuer) -> None:
    bad = await api.post("/v1/skills/imports", content=b"a,b\n", headers=issuer.bearer("admin"))
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "body")
    for role in ROLES - {"admin", "hr-system"}:
        assert (await api.post("/v1/skills/imports", content=FILE, headers=issuer.bearer(role))).status_code == 403
    unknown = await api.get(f"/v1/skills/imports/{uuid4()}/lines", headers=issuer.bearer("admin"))
    assert unknown.status_code == 404
