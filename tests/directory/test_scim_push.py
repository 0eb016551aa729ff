"""Event tokens pushed to a subscriber's own receiver (RFC 8935): signed, tried again, paused, and never inwards."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import import_key
from starlette.responses import Response

from services.directory.commands.security_events import prune_tokens
from services.directory.couriers import couriers
from services.directory.domain.security_event import WAITS
from services.directory.settings import DirectorySettings
from shared import courier
from shared.db import Database
from tests.directory.hr import tell, worker
from tests.directory.test_scim_events import configured
from tests.fixtures.issuer import Issuer
from tests.sessions.receiver import Receiver, serving_receiver

__all__ = ["configured"]
SECRET = "Bearer opensesame"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serving_receiver() as running:
        yield running


@pytest.fixture
def settings(settings: DirectorySettings) -> DirectorySettings:
    return settings.model_copy(update={"posting_networks": ("127.0.0.0/8",)})


async def subscribe(api: httpx.AsyncClient, issuer: Issuer, url: str, **more: Any) -> httpx.Response:
    body = {"endpoint": url, **more}
    return await api.put("/scim/events/push", json=body, headers=issuer.bearer("hr-system"))


async def shown(api: httpx.AsyncClient, issuer: Issuer) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("/scim/events/push", headers=issuer.bearer("hr-system"))).json()
    return found


async def round_(db: Database, settings: DirectorySettings) -> int:
    (pusher,) = couriers(settings)
    return await courier.run_once(db, pusher)


async def hire(db: Database, *numbers: str) -> None:
    async with db.transaction() as conn:
        await tell(conn, *(worker(number) for number in numbers))


async def make_due(db: Database) -> None:
    async with db.acquire() as conn:
        await conn.execute("UPDATE scim_subscribers SET due_at = now()")


async def test_a_token_is_pushed_once_signed_and_says_nothing_but_the_id(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database, settings: DirectorySettings, receiver: Receiver
) -> None:
    answer = await subscribe(api, issuer, f"{receiver.url}/events", authorization=SECRET)
    assert (answer.status_code, answer.json()["has_authorization"]) == (200, True)
    assert "opensesame" not in answer.text
    receiver.answers = [Response(status_code=202)]
    await hire(api_db, "E1")
    assert (await round_(api_db, settings), await round_(api_db, settings)) == (1, 0)
    ((headers, body),) = receiver.got
    assert (headers["content-type"], headers["authorization"]) == ("application/secevent+jwt", SECRET)
    (published,) = (await api.get("/scim/events/jwks")).json()["keys"]
    claims = jwt.decode(body.decode(), import_key(published), algorithms=["ES256"]).claims
    assert list(claims["events"]) == ["urn:ietf:params:scim:event:prov:create:notice"]
    assert "Ada" not in json.dumps(claims)
    assert (await shown(api, issuer))["waiting"] == 0


async def test_a_receiver_in_trouble_is_tried_again_later_and_at_last_paused(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database, settings: DirectorySettings, receiver: Receiver
) -> None:
    await subscribe(api, issuer, receiver.url)
    await hire(api_db, "E1")
    for number in range(len(WAITS) + 1):
        receiver.answers = [Response(status_code=503)]
        assert await round_(api_db, settings) == 1
        assert await round_(api_db, settings) == 0  # not before its time
        found = await shown(api, issuer)
        assert (found["attempts"], found["why"], found["waiting"]) == (number + 1, "HTTP 503", 1)
        await make_due(api_db)
    assert found["state"] == "paused"
    assert await round_(api_db, settings) == 0
    await subscribe(api, issuer, receiver.url)  # enabled again
    assert await round_(api_db, settings) == 1
    assert (await shown(api, issuer))["waiting"] == 0


async def test_a_token_that_is_refused_for_good_is_not_sent_again_and_who_is_gone_is_paused(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database, settings: DirectorySettings, receiver: Receiver
) -> None:
    await subscribe(api, issuer, receiver.url)
    await hire(api_db, "E1")
    receiver.answers = [Response('{"err": "invalid_audience"}', 400)]
    assert (await round_(api_db, settings), await round_(api_db, settings)) == (1, 0)
    assert (await shown(api, issuer))["state"] == "enabled"
    await hire(api_db, "E2")
    receiver.answers = [Response(status_code=410)]
    assert await round_(api_db, settings) == 1
    found = await shown(api, issuer)
    assert (found["state"], found["why"], found["waiting"]) == ("paused", "HTTP 410", 1)


async def test_paused_tokens_wait_and_can_be_polled_instead(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database, settings: DirectorySettings, receiver: Receiver
) -> None:
    await subscribe(api, issuer, receiver.url, state="paused")
    await hire(api_db, "E1")
    assert await round_(api_db, settings) == 0
    headers = issuer.bearer("hr-system")
    assert (await api.delete("/scim/events/push", headers=headers)).status_code == 204
    assert (await api.delete("/scim/events/push", headers=headers)).status_code == 404
    assert (await api.get("/scim/events/push", headers=headers)).status_code == 404
    assert len((await api.post("/scim/events/poll", json={}, headers=headers)).json()["sets"]) == 1


async def test_a_push_leads_nowhere_inside(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database, settings: DirectorySettings, receiver: Receiver
) -> None:
    for inside in (
        "https://10.0.0.1/",
        "https://[::1]/",
        "ftp://example.org/",
        "https://user@example.org/",
        "http:///x",
    ):
        answer = await subscribe(api, issuer, inside)
        assert (answer.status_code, "endpoint" in answer.text) == (400, True), answer.text
    await subscribe(api, issuer, receiver.url)
    await hire(api_db, "E1")
    # The operator has closed the network since.
    assert await round_(api_db, settings.model_copy(update={"posting_networks": ()})) == 1
    found = await shown(api, issuer)
    assert (found["state"], receiver.got) == ("paused", [])


async def test_what_could_not_be_told_for_a_week_goes_and_a_quiet_subscriber_stays(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database
) -> None:
    await subscribe(api, issuer, "http://127.0.0.1:9/", state="paused")
    await hire(api_db, "E1")
    async with api_db.transaction() as conn:
        await conn.execute("UPDATE scim_subscribers SET polled_at = now() - interval '8 days'")
        assert await prune_tokens(conn) == 0
        await conn.execute("UPDATE scim_events SET at = now() - interval '8 days'")
        assert await prune_tokens(conn) == 1
    assert (await shown(api, issuer))["waiting"] == 0


async def test_a_verification_is_pushed_as_everything_is(
    api: httpx.AsyncClient, issuer: Issuer, api_db: Database, settings: DirectorySettings, receiver: Receiver
) -> None:
    await subscribe(api, issuer, receiver.url)
    answer = await api.post("/scim/events/verify", json={"state": "are you there"}, headers=issuer.bearer("hr-system"))
    assert answer.status_code == 204
    assert await round_(api_db, settings) == 1
    ((_, body),) = receiver.got
    (published,) = (await api.get("/scim/events/jwks")).json()["keys"]
    claims = jwt.decode(body.decode(), import_key(published), algorithms=["ES256"]).claims
    assert [said["state"] for said in claims["events"].values()] == ["are you there"]
