"""Topics, users and rights as code, on a real broker with TLS and SCRAM: who owns nothing may do nothing."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from deploy.kafka.apply import Broker
from deploy.kafka.grants import PRINCIPALS, grants
from shared.db import Database
from shared.events.hr import WorkerErased
from shared.events.topics import DEAD_LETTERS, SERVICES, TOPICS
from shared.kafka import AIOKafkaConsumer, KafkaError, connection, producer
from shared.settings import Settings, load
from tests.fixtures import register
from tests.fixtures.delivery import append, consuming, participation, publish_all, until
from tests.fixtures.secured import ADMIN_PASSWORD, Secured, secured

pytestmark = pytest.mark.real_broker
PASSWORDS = {name: f"{name}-secret" for name in PRINCIPALS}


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    if os.environ.get("LATERAL_LOCAL_BROKER") != "apache":
        pytest.skip("the development broker knows neither TLS nor rights: `make test-kafka`")
    made = secured(tmp_path_factory.mktemp("secured"))
    async with made.broker:
        await asyncio.to_thread(Broker(settings(made, "admin", ADMIN_PASSWORD)).apply, PASSWORDS)
        yield made


def settings(broker: Secured, user: str, password: str, url: str = "postgresql://unused") -> Settings:
    return load(
        Settings,
        "metrics" if user in {"admin", "hr"} else user,
        database_url=url,
        kafka_bootstrap=broker.bootstrap,
        kafka_security_protocol="SASL_SSL",
        kafka_username=user,
        kafka_password=password,
        kafka_ca_file=str(broker.ca),
    )


async def test_the_second_time_nothing_changes_and_what_was_changed_by_hand_is_put_right(broker: Secured) -> None:
    admin = settings(broker, "admin", ADMIN_PASSWORD)
    assert await asyncio.to_thread(Broker(admin).apply, PASSWORDS) == []
    by_hand = Broker(admin)._admin
    wide = AclBinding(
        ResourceType.TOPIC, "*", ResourcePatternType.LITERAL, "User:matching", "*", AclOperation.READ,
        AclPermissionType.ALLOW,
    )  # fmt: skip
    by_hand.create_acls([wide])[wide].result(30)
    changes = ["grant User:matching: read * is taken away"]
    assert await asyncio.to_thread(Broker(admin, dry=True).apply, PASSWORDS) == changes
    assert await asyncio.to_thread(Broker(admin).apply, PASSWORDS) == changes
    assert await asyncio.to_thread(Broker(admin).apply, PASSWORDS) == []


async def test_an_event_crosses_the_secured_broker_from_outbox_to_effect(
    broker: Secured, chassis: Settings, db: Database
) -> None:
    """The register writes as sessions, who owns the topic, and reads as metrics, who is a reader of it."""
    await register.prepare(db)
    writer, reader = (settings(broker, name, PASSWORDS[name], chassis.database_url) for name in ("sessions", "metrics"))
    await append(db, participation(uuid4(), 1))
    await publish_all(writer)
    async with consuming(reader, db, register.HANDLERS):
        await until(db, "SELECT version FROM model", 1)


async def test_the_broker_refuses_a_service_that_writes_to_a_topic_it_does_not_own(broker: Secured) -> None:
    client = producer(settings(broker, "matching", PASSWORDS["matching"]))
    await client.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await client.send_and_wait(WorkerErased.topic.name, b"x", key=b"k")
        await client.send_and_wait("matching.matches", b"x", key=b"k")
    finally:
        await client.stop()


async def test_the_broker_refuses_a_service_that_reads_what_is_not_for_it(broker: Secured) -> None:
    """Names and addresses are for sessions alone."""
    made = settings(broker, "matching", PASSWORDS["matching"])
    client = AIOKafkaConsumer("directory.contacts", **connection(made), group_id="matching", enable_auto_commit=False)
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await client.start()
    finally:
        await client.stop()


async def test_a_wrong_password_gets_nowhere(broker: Secured) -> None:
    wrong = producer(settings(broker, "matching", "guessed"))
    with pytest.raises(KafkaError):
        await wrong.start()
    await wrong.stop()


async def test_one_command_applies_it_all(broker: Secured) -> None:
    env = {
        **os.environ,
        "LATERAL_KAFKA_BOOTSTRAP": broker.bootstrap,
        "LATERAL_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "LATERAL_KAFKA_USERNAME": "admin",
        "LATERAL_KAFKA_PASSWORD": ADMIN_PASSWORD,
        "LATERAL_KAFKA_CA_FILE": str(broker.ca),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.kafka", "apply", env=env, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert (process.returncode, out.decode().strip()) == (0, "nothing to change")


def test_each_topic_is_written_by_its_owner_and_read_by_its_readers_alone() -> None:
    given = grants()
    for topic in (*TOPICS, *DEAD_LETTERS.values()):
        may = {operation: {g.principal for g in given if g.name == topic.name and g.operation == operation}
               for operation in ("read", "write")}  # fmt: skip
        assert may == {"read": set(topic.readers), "write": {topic.owner, *topic.co_writers}}
    assert all(grant.name != "*" for grant in given)
    assert {g.name for g in given if g.resource == "group"} == set(SERVICES)
