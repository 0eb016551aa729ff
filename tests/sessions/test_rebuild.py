"""Its read models anew from the topics, where its own entries stand: nobody outside hears of anything a second time."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.local import issuer as development
from services.sessions.app import create_app
from services.sessions.commands.invitations import queue_invitations
from services.sessions.consumers import HANDLERS
from services.sessions.settings import SessionsSettings
from shared import kafka
from shared.courier import run_once
from shared.rebuild import rebuild
from shared.settings import load
from tests.conftest import NewDatabase, numbers
from tests.fixtures.delivery import append, consuming, publish_all, until
from tests.sessions.conftest import World
from tests.sessions.events import circle, contact, person
from tests.sessions.mailbox import Mailbox, courier, serving_mailbox
from tests.sessions.receiver import serving_receiver

pytestmark = pytest.mark.real_broker
SCHEDULED = "org.lateral.sessions.session.scheduled.v1"
FORGET = "TRUNCATE inbox, consumed_positions, people, contacts, skills, webhook_deliveries"
"""What the topics bring back, and deliveries, which are kept for a month: a backup's own entries are left."""
WAITING = """
SELECT (SELECT count(*) FROM messages WHERE state = 'queued')
     + (SELECT count(*) FROM webhook_deliveries WHERE state = 'queued')
     + (SELECT count(*) FROM outbox WHERE published_at IS NULL)
"""


@pytest.fixture
async def settings(new_database: NewDatabase, bootstrap: str, tokens: development.Issuer) -> SessionsSettings:
    """With topics of this test's own."""
    number = next(numbers)
    found = load(
        SessionsSettings,
        "sessions",
        database_url=await new_database("sessions"),
        issuer=tokens.url,
        kafka_bootstrap=bootstrap,
        topic_prefix=f"t{number}-",
        instance=f"i{number}",
        acquire_timeout=30.0,
    )
    await kafka.apply_topics(found)
    return found


@pytest.fixture
async def world(settings: SessionsSettings, tokens: development.Issuer) -> AsyncIterator[World]:
    """A service whose events come and go by a broker."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sessions") as client,
    ):
        yield World(app.state.db, client, tokens)


async def subscribe(world: World, url: str) -> None:
    """A webhook at the receiver; the address is put past the API, which knows no allowed network here."""
    body = {"url": "https://hooks.example.org/x", "types": [SCHEDULED]}
    made = await world.call("POST", "/v1/webhooks", body, roles=("operator",))
    assert made.status_code == 201, made.text
    await world.execute("UPDATE webhooks SET url = $1", url)


async def live(world: World, settings: SessionsSettings) -> list[UUID]:
    """A circle with one session ahead, all of it heard from the topics, and the webhook's delivery queued."""
    people = [uuid4() for _ in range(4)]
    programme = await world.programme(cadence_days=56, group_size_min=4)
    async with consuming(settings, world.db, HANDLERS):
        await append(world.db, *map(person, people), *(contact(one, email=f"{one}@example.org") for one in people))
        await publish_all(settings)
        await until(world.db, "SELECT count(*) FROM people JOIN contacts USING (person_id)", len(people))
        await append(world.db, circle(programme, people[:-1], people[-1]))
        await publish_all(settings)
        await until(world.db, "SELECT count(*) FROM sessions", 1)
        await publish_all(settings)
        await until(world.db, "SELECT count(*) FROM webhook_deliveries", 1)
    return people


async def carry(world: World, box: Mailbox) -> None:
    """All that timers queue for people and couriers take outside."""
    async with world.db.transaction() as conn:
        await queue_invitations(conn)
    for carrier in (courier(smtp_url=box.url), courier("webhooks", posting_networks=("127.0.0.0/8",))):
        while await run_once(world.db, carrier):
            pass


async def test_no_webhook_and_no_invitation_comes_twice_when_everything_is_read_again(
    world: World, settings: SessionsSettings
) -> None:
    async with serving_mailbox() as box, serving_receiver() as receiver:
        await subscribe(world, receiver.url)
        people = await live(world, settings)
        await carry(world, box)
        assert (len(box.mails), len(receiver.got)) == (len(people), 1)
        told = await world.fetch("SELECT count(*) FROM outbox")
        await world.execute(FORGET)
        assert await rebuild(settings, world.db, HANDLERS) > 0
        assert {row["person_id"] for row in await world.fetch("SELECT person_id FROM people")} == set(people)
        assert [tuple(row) for row in await world.fetch("SELECT event_type FROM dead_letters")] == []
        await carry(world, box)
        assert (len(box.mails), len(receiver.got)) == (len(people), 1)
        assert await world.fetch("SELECT count(*) FROM outbox") == told
        assert [tuple(row) for row in await world.fetch(WAITING)] == [(0,)]
