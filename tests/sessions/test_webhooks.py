"""Webhooks: signed, repeated, replayed, and never turned against our own network."""

import base64
import ipaddress
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.responses import Response

from services.sessions.domain.letters import Text, slack, teams
from services.sessions.domain.messages import Letter
from services.sessions.domain.webhooks import WAITS
from shared import sql
from shared.courier import run_once
from shared.events.sessions import SessionScheduled
from shared.posting import ForbiddenAddress, Guard, is_public, post
from tests.sessions.conftest import World
from tests.sessions.events import circle
from tests.sessions.mailbox import courier
from tests.sessions.receiver import Receiver, serving_receiver

LOOPBACK = ("127.0.0.0/8",)
SCHEDULED = "org.lateral.sessions.session.scheduled.v1"

WEBHOOKS = sql.load("services.sessions", "webhooks")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serving_receiver() as found:
        yield found


async def registered(world: World, receiver: Receiver, **changes: Any) -> tuple[UUID, bytes]:
    """A webhook at the receiver; the address is put past the API, which knows no allowed network here."""
    body = {"url": "https://hooks.example.org/x", "types": [SCHEDULED], **changes}
    made = await world.call("POST", "/v1/webhooks", body, roles=("operator",))
    assert made.status_code == 201, made.text
    await world.execute(
        "UPDATE webhooks SET url = $1 WHERE webhook_id = $2", receiver.url, UUID(made.json()["webhook_id"])
    )
    secret = base64.b64decode(made.json()["secret"].removeprefix("whsec_"))
    return UUID(made.json()["webhook_id"]), secret


async def scheduled(world: World, **changes: Any) -> list[SessionScheduled]:
    people = await world.people(5)
    programme = await world.programme(cadence_days=56, group_size_min=4, **changes)
    await world.hear(circle(programme, people[:4], people[4]))
    return [SessionScheduled(**event) for event in await world.told("session.scheduled")]


async def carry(world: World) -> None:
    while await run_once(world.db, courier("webhooks", posting_networks=LOOPBACK)):
        pass


def fits(secret: bytes, headers: dict[str, str], body: bytes) -> bool:
    """As the specification's own library checks it."""
    try:
        return bool(Webhook(secret).verify(body, headers))
    except WebhookVerificationError:
        return False


async def test_an_event_is_posted_once_signed_and_thin(world: World, receiver: Receiver) -> None:
    _, secret = await registered(world, receiver)
    (event,) = await scheduled(world, confidentiality="chatham")
    await world.hear(event)
    await carry(world)
    ((headers, body),) = receiver.got
    assert fits(secret, headers, body)
    assert not fits(b"x" * 24, headers, body)
    said = json.loads(body)
    assert (said["type"], said["data"]["session_id"]) == (SCHEDULED, str(event.session_id))
    assert event.facilitator_id is not None
    assert str(event.facilitator_id) not in body.decode()
    await carry(world)
    assert len(receiver.got) == 1


async def test_of_a_closed_programme_only_that_something_changed_is_told(world: World, receiver: Receiver) -> None:
    await registered(world, receiver)
    (event,) = await scheduled(world, confidentiality="closed")
    await world.hear(event)
    await carry(world)
    assert sorted(json.loads(receiver.got[0][1])["data"]) == ["programme_id", "session_id", "version"]


async def test_the_same_event_again_is_no_second_delivery(world: World, receiver: Receiver) -> None:
    from services.sessions.commands.webhooks import fan_out  # noqa: PLC0415 - this test alone
    from tests.sessions.events import envelope  # noqa: PLC0415 - this test alone

    await registered(world, receiver)
    (event,) = await scheduled(world)
    cause = envelope(event)
    for _ in range(2):
        async with world.db.transaction() as conn:
            await fan_out(conn, [cause])
        await carry(world)
    assert len(receiver.got) == 1


async def test_what_is_not_wanted_is_not_sent(world: World, receiver: Receiver) -> None:
    await registered(world, receiver, types=["org.lateral.sessions.session.held.v1"])
    (event,) = await scheduled(world)
    await world.hear(event)
    await carry(world)
    assert receiver.got == []


async def test_trouble_is_tried_again_eight_times_and_then_given_up(world: World, receiver: Receiver) -> None:
    hook, secret = await registered(world, receiver)
    (event,) = await scheduled(world)
    await world.hear(event)
    receiver.answers = [Response(status_code=503, headers={"Retry-After": "120"})] * 99
    await carry(world)
    ((due,),) = await world.fetch("SELECT due_at FROM webhook_deliveries")
    assert due > datetime.now(UTC) + timedelta(seconds=100)
    for _ in range(len(WAITS) + 3):
        await world.execute("UPDATE webhook_deliveries SET due_at = now() WHERE state = 'queued'")
        await carry(world)
    assert len(receiver.got) == 8
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    shown = (await world.call("GET", f"/v1/webhooks/{hook}", roles=("operator",))).json()
    assert (shown["state"], shown["why"]) == ("disabled", "no answer: HTTP 503")
    receiver.answers = []
    path = f"/v1/webhooks/{hook}"
    tag = f'"v{shown["version"]}"'
    back = await world.call("PATCH", path, {"state": "active"}, roles=("operator",), If_Match=tag)
    assert (back.status_code, back.json()["why"]) == (200, None)
    since = {"since": str(datetime.now(UTC) - timedelta(days=1))}
    again = await world.call("POST", f"{path}/replays", since, roles=("operator",))
    assert again.json()["queued"] == 1
    await carry(world)
    assert fits(secret, *receiver.got[-1])
    assert receiver.got[-1][0]["webhook-id"] == receiver.got[0][0]["webhook-id"]
    (done,) = (await world.call("GET", f"{path}/deliveries", roles=("operator",))).json()["items"]
    assert (done["state"], done["attempts"], done["status"]) == ("delivered", 1, 200)


async def test_gone_is_final(world: World, receiver: Receiver) -> None:
    hook, _ = await registered(world, receiver)
    (event,) = await scheduled(world)
    await world.hear(event)
    receiver.answers = [Response(status_code=410)]
    await carry(world)
    shown = (await world.call("GET", f"/v1/webhooks/{hook}", roles=("operator",))).json()
    assert (shown["state"], shown["why"], len(receiver.got)) == ("disabled", "gone", 1)


async def test_both_secrets_fit_while_one_is_rotated(world: World, receiver: Receiver) -> None:
    hook, old = await registered(world, receiver)
    made = await world.call("POST", f"/v1/webhooks/{hook}/secret", roles=("operator",))
    new = base64.b64decode(made.json()["secret"].removeprefix("whsec_"))
    (event,) = await scheduled(world)
    await world.hear(event)
    await carry(world)
    assert fits(old, *receiver.got[0])
    assert fits(new, *receiver.got[0])
    await world.execute("UPDATE webhooks SET old_secret_until = now()")
    await world.hear(event)
    await carry(world)
    assert not fits(old, *receiver.got[1])
    assert fits(new, *receiver.got[1])


async def test_a_dead_receiver_holds_up_no_other(world: World, receiver: Receiver) -> None:
    dead, _ = await registered(world, receiver)
    await world.execute("UPDATE webhooks SET url = 'http://127.0.0.1:9'")
    await registered(world, receiver)
    (event,) = await scheduled(world)
    for _ in range(15):
        await world.hear(event)
    async with world.db.transaction() as conn:
        claimed = Counter(row["webhook_id"] for row in await conn.fetch(WEBHOOKS.claim))
        await conn.execute("UPDATE webhook_deliveries SET claimed_at = NULL, attempts = 0")
    assert sorted(claimed.values()) == [10, 10]
    await carry(world)
    assert len(receiver.got) == 15
    rows = await world.fetch("SELECT DISTINCT state FROM webhook_deliveries WHERE webhook_id = $1", dead)
    assert [row["state"] for row in rows] == ["queued"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x", "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1:8080/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/",
        "https://0.0.0.0/", "https://100.64.0.1/", "https://224.0.0.1/", "https://localhost/x", "https://db.internal/",
        "http://example.org/x", "ftp://example.org/x", "https://user:pass@example.org/", "https://[bad/", "https:///x",
    ],
)  # fmt: skip
def test_an_address_inside_is_never_posted_to(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        Guard().check_url(url)


async def test_a_forbidden_address_is_refused_by_name(world: World) -> None:
    body = {"url": "https://169.254.169.254/latest"}
    reply = await world.call("POST", "/v1/webhooks", body, roles=("operator",))
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "url")


async def test_a_name_that_resolves_inside_is_not_connected_to(receiver: Receiver, monkeypatch: Any) -> None:
    import asyncio  # noqa: PLC0415 - this test alone

    loop, port = asyncio.get_running_loop(), int(receiver.url.rsplit(":", 1)[1])

    async def rebound(*_: Any, **__: Any) -> Any:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", rebound)
    inside = await post(f"https://rebound.example.org:{port}/", b"{}", {}, Guard())
    assert (inside.result, inside.detail) == ("never", "lies in a private or reserved network")
    assert receiver.got == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::]", "[::127.0.0.1]", "[fe80::1]", "localhost."]
)
async def test_an_address_written_in_another_way_is_judged_where_it_leads(host: str, receiver: Receiver) -> None:
    port = receiver.url.rsplit(":", 1)[1]
    assert (await post(f"https://{host}:{port}/", b"{}", {}, Guard())).result == "never"
    assert receiver.got == []


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [Response(status_code=302, headers={"Location": f"{receiver.url}/elsewhere"})]
    outcome = await post(receiver.url, b"{}", {}, Guard.allowing(LOOPBACK))
    assert (outcome.result, outcome.status, len(receiver.got)) == ("later", 302, 1)


def test_public_addresses_are_public() -> None:
    assert is_public(ipaddress.ip_address("93.184.216.34"))
    assert is_public(ipaddress.ip_address("2606:2800:220:1:248:1893:25c8:1946"))
    assert not is_public(ipaddress.ip_address("2002:a00:1::"))


def letter(channel: str) -> Letter:
    text = Text("Will you come?", ("A *bold* <!channel> title",), UUID(int=1), answerable=True)
    return Letter(UUID(int=2), "nudge", 0, 0, channel, "U1", None, text, None)


async def test_slack_says_in_the_body_whether_it_did_it(receiver: Receiver) -> None:
    settings: dict[str, Any] = {"slack_url": receiver.url, "slack_token": "xoxb-1", "posting_networks": LOOPBACK}
    carrier = courier(**settings)
    receiver.answers = [
        Response(b'{"ok": true}'), Response(b'{"ok": false, "error": "channel_not_found"}'),
        Response(b'{"ok": false, "error": "ratelimited"}'), Response(b"<html>"),
    ]  # fmt: skip
    results = [(await carrier.act(letter("slack"))).result for _ in range(4)]
    assert results == ["done", "never", "later", "later"]
    headers, body = receiver.got[0]
    assert headers["authorization"] == "Bearer xoxb-1"
    said = json.loads(body)
    assert said == slack(letter("slack").text, "U1")
    assert {block["text"]["type"] for block in said["blocks"] if "text" in block} == {"plain_text"}
    assert [button["action_id"] for button in said["blocks"][-1]["elements"]] == ["accept", "decline"]


async def test_teams_gets_a_card(receiver: Receiver) -> None:
    carrier = courier(teams_url=receiver.url, posting_networks=LOOPBACK)
    assert (await carrier.act(letter("teams"))).result == "done"
    card = json.loads(receiver.got[0][1])
    assert card == teams(letter("teams").text, "U1")
    assert card["attachments"][0]["content"]["version"] == "1.5"
