"""Natural teachers are invited by what others say, shown by their own choice, and never labelled."""

from typing import Any

import httpx
import pytest

from services.directory.commands.showcase import invite_teachers
from shared.db import Database
from tests.directory.hr import person_id, tell, worker
from tests.directory.test_evidence import meet, say
from tests.directory.test_skills import bring_in, line
from tests.fixtures.issuer import Issuer

URI, OTHER = "http://data.europa.eu/esco/skill/1", "http://data.europa.eu/esco/skill/2"


@pytest.fixture
async def people(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> dict[str, str]:
    """A and B have met three peers; A has facilitated three times, B was there alone."""
    await bring_in(api, issuer, line(URI, "Coaching"), line(OTHER, "Writing"))
    async with api_db.transaction() as conn:
        await tell(conn, *(worker(number) for number in "ABPQR"))
        found = {number: await person_id(conn, number) for number in "ABPQR"}
    for _ in range(3):
        await meet(api_db, *(found[one] for one in "APQR"), role="facilitator")
    await meet(api_db, *(found[one] for one in "BPQR"))
    for peer in "PQR":
        for one in "AB":
            await say(api, issuer, found[one], found[peer], URI)
    return found


async def call(
    api: httpx.AsyncClient, issuer: Issuer, who: str, method: str, path: str, body: Any = None
) -> httpx.Response:
    return await api.request(method, path, json=body, headers=issuer.bearer("employee", person_id=who))


async def test_a_natural_teacher_is_invited_and_shown_only_by_choice(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    """R6: endorsed by peers and having taught, one is invited; the list holds those who opted in, and nobody else."""

    async def invite() -> int:
        async with api_db.transaction() as conn:
            return await invite_teachers(conn)

    async def shown() -> list[str]:
        reply = await call(api, issuer, people["P"], "GET", f"/v1/showcase?skill_id={URI}")
        return [one["person_id"] for one in reply.json()["items"]]

    assert [await invite(), await invite()] == [1, 0]
    own = f"/v1/people/{people['A']}/showcase"
    (invitation,) = (await call(api, issuer, people["A"], "GET", own)).json()["items"]
    assert (invitation["skill_id"], invitation["state"]) == (URI, "invited")
    assert invitation["why"].startswith("3 colleagues")
    assert "taught in 3 sessions" in invitation["why"]
    assert (await call(api, issuer, people["B"], "GET", own)).status_code == 404
    assert (await call(api, issuer, people["B"], "PUT", own, {"skill_id": URI, "shown": True})).status_code == 404
    assert await shown() == []
    assert (await call(api, issuer, people["A"], "PUT", own, {"skill_id": URI, "shown": True})).status_code == 204
    assert await shown() == [people["A"]]
    refused = await call(api, issuer, people["A"], "PUT", own, {"skill_id": OTHER, "shown": True})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-offered")
    await call(api, issuer, people["A"], "PUT", own, {"skill_id": URI, "shown": False})
    assert (await shown(), await invite()) == ([], 0)
    theirs = f"/v1/people/{people['B']}"
    assert (await call(api, issuer, people["B"], "GET", f"{theirs}/showcase")).json()["items"] == []
    offered = {"offers": [{"skill_id": OTHER, "level": 3}]}
    seen = await call(api, issuer, people["B"], "GET", theirs)
    me = {**issuer.bearer("employee", person_id=people["B"]), "If-Match": seen.headers["etag"]}
    assert (await api.patch(f"{theirs}/profile", json=offered, headers=me)).status_code == 200
    other = {"skill_id": OTHER, "shown": True}
    assert (await call(api, issuer, people["B"], "PUT", f"{theirs}/showcase", other)).status_code == 204
