"""The taxonomy: imported line by line, searched by label."""

import json
from typing import Any

import httpx

from shared.auth import ROLES
from shared.db import Database
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
