"""The taxonomy: imported line by line, searched by label."""

import json
from itertools import permutations
from typing import Any

import httpx
import pytest

from services.directory.commands.skills import index_terms
from services.directory.queries import skills
from shared.auth import ROLES
from shared.db import Connection, Database
from tests.directory.hr import published
from tests.fixtures.issuer import Issuer


def line(skill_id: str, label: str, **more: Any) -> bytes:
    return json.dumps({"skill_id": skill_id, "label": label, **more}).encode()


async def bring_in(api: httpx.AsyncClient, issuer: Issuer, *lines: bytes) -> list[dict[str, Any]]:
    answer = await api.post("/v1/skills/import", content=b"\n".join(lines), headers=issuer.bearer("hr-system"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    return [json.loads(text) for text in answer.text.splitlines()]


async def test_every_line_is_answered_and_a_broken_one_loses_nothing(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    lines = [line("s:1", "Baking"), b"{", line("s:2", ""), line("s:3", "C", level=1), b"", line("s:4", "\0")]
    answers = await bring_in(api, issuer, *lines, line("s:1", "Bread baking"), line("s:1", "Bread baking"), b"\xff")
    assert [(answer["line"], answer["result"]) for answer in answers] == [
        (1, "created"),
        (2, "refused"),
        (3, "refused"),
        (4, "refused"),
        (6, "refused"),
        (7, "changed"),
        (8, "unchanged"),
        (9, "refused"),
    ]
    assert answers[2]["detail"].startswith("label: ")
    assert answers[3]["detail"].startswith("level: ")
    assert "detail" not in answers[0]
    async with api_db.acquire() as conn:
        told = await published(conn, "directory.skills")
    assert [(one["skill_id"], one["version"], one["label"]) for one in told] == [("s:1", 1, "Bread baking")]


async def test_the_same_import_again_changes_and_publishes_nothing(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    lines = [line(f"s:{number}", f"Skill {number}") for number in range(1201)]
    assert {answer["result"] for answer in await bring_in(api, issuer, *lines)} == {"created"}
    assert [answer["result"] for answer in await bring_in(api, issuer, *lines)] == ["unchanged"] * 1201
    assert [answer["result"] for answer in await bring_in(api, issuer, line("s:7", "Seven"))] == ["changed"]
    async with api_db.acquire() as conn:
        told = await published(conn, "directory.skills")
    assert len(told) == 1202
    assert (told[-1]["skill_id"], told[-1]["version"], told[-1]["label"]) == ("s:7", 2, "Seven")


async def test_labels_that_begin_with_the_words_come_first(api: httpx.AsyncClient, issuer: Issuer) -> None:
    await bring_in(api, issuer, *(line(label, label) for label in ("To bake", "Bake 100%", "bake", "Cook", "Backe")))
    headers = issuer.bearer("employee")
    found: list[str] = []
    url: str | None = "/v1/skills?q=BAKE&limit=1"
    while url:
        answer = await api.get(url, headers=headers)
        found += [item["label"] for item in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url")
    assert found == ["Bake 100%", "bake", "To bake"]
    percent = await api.get("/v1/skills", params={"q": "100%"}, headers=headers)
    assert [item["label"] for item in percent.json()["items"]] == ["Bake 100%"]
    assert len((await api.get("/v1/skills", headers=headers)).json()["items"]) == 5


async def test_only_hr_and_administrators_import(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for role in ROLES - {"admin", "hr-system"}:
        answer = await api.post("/v1/skills/import", content=line("s", "S"), headers=issuer.bearer(role))
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert (await api.post("/v1/skills/import", content=line("s", "S"))).status_code == 401


async def test_what_is_typed_is_found_by_rank_across_pages(api: httpx.AsyncClient, issuer: Issuer) -> None:
    await bring_in(
        api,
        issuer,
        line("s:1", "Learn to teach"),
        line("s:2", "Mentoring", alternatives=["Teach one person"]),
        line("s:3", "Coaching", alternatives=["Ask and teach"]),
        line("s:4", "Teaching"),
        line("s:5", "Teach adults"),
        line("s:6", "Adult literacy", alternatives=["How to read, taught"]),
        line("s:7", "Steach"),
    )
    found: list[str] = []
    url: str | None = "/v1/skills?q=teach&limit=1"
    while url:
        answer = await api.get(url, headers=issuer.bearer("employee"))
        found += [item["label"] for item in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url")
    assert found == ["Teach adults", "Teaching", "Mentoring", "Learn to teach", "Coaching"]
    in_any_order = await api.get("/v1/skills?q=adu tea", headers=issuer.bearer("employee"))
    assert [item["label"] for item in in_any_order.json()["items"]] == ["Teach adults"]
    also = await api.get("/v1/skills?q=teach one", headers=issuer.bearer("employee"))
    assert [(item["label"], item["matched"]) for item in also.json()["items"]] == [("Mentoring", "teach one person")]


@pytest.mark.parametrize("language", [None, "en", "de"])
async def test_walking_through_all_skills_finds_what_gathering_does(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, language: str | None
) -> None:
    words = ("To teach", "teach", "Tea", "Ask", "Art of teaching", "tools", "Ärzte")
    lines = [
        line(
            f"s:{number}",
            f"{one} {other}",
            alternatives=[f"{other} and {one}", f"an {one}"],
            deprecated=number % 11 == 0,
        )
        for number, (one, other) in enumerate(permutations(words, 2))
    ]
    await bring_in(api, issuer, *lines)
    lehren = [line(f"s:{number}", f"Lehren {number} an Tee") for number in range(20)]
    await api.post("/v1/skills/import?language=de", content=b"\n".join(lehren), headers=issuer.bearer("hr-system"))
    for typed in ("t", "te", "a", "an", "of", "ar", "tea to", "an tea", "ar as", "le an", "zzz", "zz te"):
        found = []
        for many in (10_000, 1):
            monkeypatch.setattr(skills, "MANY", many)
            found.append(await pages(api_db, typed, language))
        assert found[0] == found[1]
        german = typed in {"t", "te", "a", "an", "le an"}
        english = typed != "le an" and "zz" not in typed
        assert bool(found[0]) == {"de": german, "en": english, None: german or english}[language]


async def pages(db: Database, typed: str, language: str | None) -> list[tuple[Any, ...]]:
    """All that is found, seven at a time."""
    found: list[tuple[Any, ...]] = []
    after = None
    while True:
        async with db.acquire() as conn:
            rows = await skills.search_skills(conn, typed, language, after, 7)
        found += [tuple(row.values()) for row in rows[:7]]
        if len(rows) <= 7:
            return found
        after = rows[6]["rank"], rows[6]["sort"], rows[6]["skill_id"]


async def test_an_own_skill_lies_beside_the_public_ones(api: httpx.AsyncClient, issuer: Issuer) -> None:
    admin = issuer.bearer("admin")
    await bring_in(api, issuer, line("s:1", "Releasing software"))
    own = {"label": "Our release train", "alternatives": ["shipping day"], "broader": ["s:1"]}
    made = await api.post("/v1/skills", json=own, headers={**admin, "Idempotency-Key": "k"})
    again = await api.post("/v1/skills", json=own, headers={**admin, "Idempotency-Key": "k"})
    assert (made.status_code, made.content) == (201, again.content)
    assert (made.json()["origin"], made.json()["broader"][0]["label"]) == ("organization", "Releasing software")
    found = await api.get("/v1/skills?q=shipping", headers=admin)
    assert [item["label"] for item in found.json()["items"]] == ["Our release train"]
    twice = await api.post("/v1/skills", json={**own, "skill_id": "s:1"}, headers=admin)
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "skill_id")


async def test_a_merged_skill_gives_way_for_good(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> None:
    admin = issuer.bearer("admin")
    await bring_in(api, issuer, line("a", "Alpha"), line("b", "Beta"), line("c", "Gamma"))
    assert (await api.post("/v1/skills/merges", json={"skill_id": "a", "into": "b"}, headers=admin)).status_code == 200
    for body, status in (
        ({"skill_id": "b", "into": "b"}, 409),
        ({"skill_id": "b", "into": "a"}, 409),
        ({"skill_id": "b", "into": "nowhere"}, 404),
        ({"skill_id": "a", "into": "b"}, 200),
        ({"skill_id": "b", "into": "c"}, 200),
    ):
        assert (await api.post("/v1/skills/merges", json=body, headers=admin)).status_code == status
    detail = await api.get("/v1/skills/detail?skill_id=a", headers=admin)
    assert (detail.json()["replaced_by"], detail.json()["deprecated"]) == ("c", True)
    for q in ("alp", "bet", "gam"):
        found = await api.get(f"/v1/skills?q={q}", headers=admin)
        assert [item["label"] for item in found.json()["items"]] == ["Gamma"]
    await bring_in(api, issuer, line("c", "Gamma rays", alternatives=["G"]))
    found = await api.get("/v1/skills?q=alp", headers=admin)
    assert [item["label"] for item in found.json()["items"]] == ["Gamma rays"]
    async with api_db.acquire() as conn:
        told = {event["skill_id"]: event for event in await published(conn, "directory.skills")}
    assert (told["a"]["replaced_by"], told["a"]["version"], told["b"]["replaced_by"]) == ("c", 3, "c")


async def test_a_skill_out_of_use_is_no_longer_found(api: httpx.AsyncClient, issuer: Issuer) -> None:
    admin = issuer.bearer("admin")
    await bring_in(api, issuer, line("a", "Alpha"))
    for _ in range(2):
        gone = await api.post("/v1/skills/deprecations", json={"skill_id": "a"}, headers=admin)
        assert (gone.status_code, gone.json()["version"]) == (200, 2)
    assert (await api.get("/v1/skills?q=alp", headers=admin)).json()["items"] == []
    assert (await api.get("/v1/skills", headers=admin)).json()["items"] == []
    missing = await api.post("/v1/skills/deprecations", json={"skill_id": "x"}, headers=admin)
    assert missing.status_code == 404


async def test_skills_from_before_terms_were_kept_are_found_after_the_timer(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    async with api_db.transaction() as conn:
        await conn.execute("INSERT INTO skills (skill_id, version, label) VALUES ('a', 1, 'Old skill')")
        assert await index_terms(conn) == 1
        assert await index_terms(conn) == 0
    found = await api.get("/v1/skills?q=skil", headers=issuer.bearer("employee"))
    assert [item["label"] for item in found.json()["items"]] == ["Old skill"]


async def test_how_many_terms_begin_so_is_known_where_they_are_one_in_a_hundred(conn: Connection) -> None:
    """The planner that took them for one read all of them for each skill: 1.4 s for a keystroke."""
    await conn.execute(
        "INSERT INTO skills (skill_id, version, label, language, origin) VALUES ('s', 1, 'S', 'en', 'public')"
    )
    await conn.execute(
        "INSERT INTO skill_terms (skill_id, language, rank, term)"
        " SELECT 's', 'en', 1, CASE WHEN n % 100 = 0 THEN 'maintain ' ELSE chr(97 + n % 26) || ' ' END || md5(n::text)"
        " FROM generate_series(1, 60000) AS n"
    )
    await conn.execute("ANALYZE skill_terms")
    (plan,) = await conn.fetchval(
        "EXPLAIN (FORMAT JSON) SELECT FROM skill_terms WHERE term >= 'maintain' AND term < 'maintain\U0010ffff'"
    )
    assert 300 < plan["Plan"]["Plan Rows"] < 1200
