"""How facilitators get ready: recommended unless an item is required."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.directory.commands.people import refresh_waiting
from shared.db import Database
from shared.events.directory import PersonChanged
from tests.directory.hr import latest, person_id, tell, worker
from tests.fixtures.issuer import Issuer

GATE = {"items": [{"code": "basics", "title": "Facilitating", "kind": "training", "required": True}]}


@pytest.fixture(autouse=True)
async def people(api_db: Database) -> dict[str, str]:
    """A senior and a junior: anybody may facilitate."""
    async with api_db.transaction() as conn:
        await tell(conn, worker("S", job_level=4), worker("J", job_level=1))
        return {number: await person_id(conn, number) for number in "SJ"}


async def complete(api: httpx.AsyncClient, issuer: Issuer, *lines: dict[str, str] | bytes) -> list[dict[str, Any]]:
    content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    answer = await api.post("/v1/trainings/completions", content=content, headers=issuer.bearer("hr-system"))
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def may_facilitate(db: Database, number: str) -> bool:
    async with db.transaction() as conn:
        await refresh_waiting(conn, datetime.now(UTC))
        return (await latest(conn, number)).facilitator_ready


def done(number: str, training: str = "basics", day: str = "2026-01-31") -> dict[str, str]:
    return {"employee_number": number, "training": training, "completed_on": day}


async def test_the_checklist_recommends_and_keeps_nobody_out(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """R4."""
    me = issuer.bearer("employee", person_id=people["S"])
    answer = (await api.get(f"/v1/people/{people['S']}/readiness", headers=me)).json()
    assert (answer["ready"], answer["may_facilitate"]) == (False, True)
    assert not any(item["required"] or item["completed_on"] for item in answer["items"])
    for item in answer["items"]:
        url = f"/v1/people/{people['S']}/readiness/{item['code']}"
        assert (await api.put(url, headers=me)).status_code == (200 if item["kind"] == "self" else 404)
    trainings = [item["code"] for item in answer["items"] if item["kind"] == "training"]
    await complete(api, issuer, *(done("S", code) for code in trainings))
    assert (await api.get(f"/v1/people/{people['S']}/readiness", headers=me)).json()["ready"]
    unticked = await api.delete(f"/v1/people/{people['S']}/readiness/neutrality", headers=me)
    assert (unticked.status_code, unticked.json()["ready"]) == (200, False)
    assert await may_facilitate(api_db, "S")


async def test_a_required_item_is_a_gate_until_it_is_done(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    """R5."""
    admin = issuer.bearer("admin")
    for match, status in ((None, 428), ('"v7"', 412), ('"v1"', 200)):
        headers = {**admin, **({"If-Match": match} if match else {})}
        assert (await api.put("/v1/facilitation/checklist", json=GATE, headers=headers)).status_code == status
    assert not await may_facilitate(api_db, "S")
    assert [line["result"] for line in await complete(api, issuer, done("S"))] == ["recorded"]
    assert await may_facilitate(api_db, "S")
    assert not await may_facilitate(api_db, "J")
    lifted = {"items": [{**GATE["items"][0], "required": False}]}
    answer = await api.put("/v1/facilitation/checklist", json=lifted, headers={**admin, "If-Match": '"v2"'})
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    assert await may_facilitate(api_db, "J")


async def test_completions_are_answered_line_by_line_and_the_latest_counts(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """R5."""
    wrong = (done("NOBODY"), done("S", "Bad code"), done("S", day="2026-02-30"))
    answers = await complete(api, issuer, done("S"), b"{", *wrong, done("S", day="2020-01-01"))
    assert [answer["result"] for answer in answers] == [
        "recorded",
        "refused",
        "refused",
        "refused",
        "refused",
        "recorded",
    ]
    assert [answer["detail"].split(":")[0] for answer in answers[2:5]] == [
        "employee_number",
        "training",
        "completed_on",
    ]
    assert [answer["result"] for answer in await complete(api, issuer, done("S"))] == ["unchanged"]
    checklist = {"items": [{"code": "basics", "title": "Facilitating", "kind": "training"}]}
    headers = {**issuer.bearer("admin"), "If-Match": '"v1"'}
    assert (await api.put("/v1/facilitation/checklist", json=checklist, headers=headers)).status_code == 200
    me = issuer.bearer("employee", person_id=people["S"])
    items = (await api.get(f"/v1/people/{people['S']}/readiness", headers=me)).json()["items"]
    assert [item["completed_on"] for item in items] == ["2026-01-31"]


async def test_nobody_ticks_or_reads_for_somebody_else(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    url = f"/v1/people/{people['J']}/readiness"
    for role in ("employee", "manager", "facilitator"):
        other = issuer.bearer(role, person_id=people["S"])
        assert (await api.get(url, headers=other)).status_code == 404
        assert (await api.put(f"{url}/neutrality", headers=other)).status_code == 404
    assert (await api.get(url, headers=issuer.bearer("programme-owner"))).status_code == 200
    assert (await api.get(f"/v1/people/{uuid4()}/readiness", headers=issuer.bearer("admin"))).status_code == 404
    twice = {"items": [GATE["items"][0]] * 2}
    answer = await api.put(
        "/v1/facilitation/checklist", json=twice, headers={**issuer.bearer("admin"), "If-Match": '"v1"'}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "items")


async def test_who_is_ready_again_is_new_from_that_day_and_others_since_they_were_hired(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """MEASUREMENT 11: what the rota goes by is published, so that whoever reads everything anew knows it too."""
    me, path = issuer.bearer("employee", person_id=people["S"]), f"/v1/people/{people['S']}/profile"

    async def published() -> PersonChanged:
        async with api_db.transaction() as conn:
            return await latest(conn, "S")

    async def since(*, said: bool | None) -> date | None:
        seen = {"If-Match": f'"v{(await published()).version}"'}
        answer = await api.patch(path, json={"facilitator_ready": said}, headers=me | seen)
        assert answer.status_code == 200, answer.text
        return (await published()).facilitator_since

    first, today = (await published()).hired_on, datetime.now(UTC).date()
    assert (await published()).facilitator_since == first != today
    assert [await since(said=said) for said in (True, False, None, True)] == [first, None, today, today]
