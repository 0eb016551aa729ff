"""Brings a broker to what the code declares: topics with their settings, SCRAM users, ACLs. Twice changes nothing more.

Whatever a principal of ours may do beyond its grants is taken from it; other principals and topics are left alone.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.kafka.grants import PRINCIPALS, Grant, grants
from shared.events.topics import DEAD_LETTERS, TOPICS
from shared.kafka import topic_configs, wire_name
from shared.settings import Settings

SECONDS = 30
ITERATIONS = 8192
RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}
OPERATIONS = {
    "read": AclOperation.READ,
    "write": AclOperation.WRITE,
    "describe": AclOperation.DESCRIBE,
    "idempotent_write": AclOperation.IDEMPOTENT_WRITE,
}


class Broker:
    """A broker and what has to change on it; with `dry` nothing does."""

    def __init__(self, settings: Settings, *, dry: bool = False) -> None:
        self._settings = settings
        self._dry = dry
        self._admin = AdminClient(connection(settings))

    def apply(self, passwords: Mapping[str, str]) -> list[str]:
        """Do all of it; returns what was changed, a line each. Raises KafkaException."""
        return [*self._topics(), *self._users(passwords), *self._grants()]

    def _do(self, change: Callable[[], Mapping[Any, Any]]) -> None:
        if not self._dry:
            for outcome in change().values():
                outcome.result(SECONDS)

    def _topics(self) -> Iterator[str]:
        wanted = {wire_name(self._settings, topic): topic for topic in (*TOPICS, *DEAD_LETTERS.values())}
        existing = self._admin.list_topics(timeout=SECONDS).topics
        replication = self._settings.kafka_replication
        for name, topic in wanted.items():
            configs = topic_configs(topic, replication)
            if name not in existing:
                made = NewTopic(name, topic.partitions, replication, config=configs)
                self._do(partial(self._admin.create_topics, [made]))
                yield f"topic {name}: created"
                continue
            count = len(existing[name].partitions)
            if count < topic.partitions:
                more = NewPartitions(name, topic.partitions)
                self._do(partial(self._admin.create_partitions, [more]))
                yield f"topic {name}: {count} partitions became {topic.partitions}"
            resource = ConfigResource(ConfigResource.Type.TOPIC, name)
            now = self._admin.describe_configs([resource])[resource].result(SECONDS)
            wrong = {key: value for key, value in configs.items() if now[key].value != value}
            if wrong:
                entries = [
                    ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in wrong.items()
                ]
                changed = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)
                self._do(partial(self._admin.incremental_alter_configs, [changed]))
                yield f"topic {name}: {', '.join(f'{key} = {value}' for key, value in sorted(wrong.items()))}"

    def _users(self, passwords: Mapping[str, str]) -> Iterator[str]:
        """A user that exists keeps its password: the broker cannot say what it is, so a rotation names the user."""
        told: Any = self._admin.describe_user_scram_credentials()
        known = set(told.result(SECONDS)) if passwords else set()
        for name, password in passwords.items():
            if name not in known:
                scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
                user = UserScramCredentialUpsertion(name, scram, password.encode())
                self._do(partial(self._admin.alter_user_scram_credentials, [user]))
                yield f"user {name}: created"

    def _grants(self) -> Iterator[str]:
        wanted = {_binding(grant): grant for grant in grants(self._settings.topic_prefix)}
        every: Any = None
        everything = AclBindingFilter(
            ResourceType.ANY,
            every,
            ResourcePatternType.ANY,
            every,
            every,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        found = self._admin.describe_acls(everything).result(SECONDS)
        ours = {f"User:{name}" for name in PRINCIPALS}
        existing = {acl for acl in found if acl.principal in ours}
        for acl in sorted(wanted.keys() - existing, key=str):
            self._do(partial(self._admin.create_acls, [acl]))
            grant = wanted[acl]
            yield f"grant {grant.principal}: {grant.operation} {grant.resource} {grant.name}{'*' * grant.prefixed}"
        for acl in sorted(existing - wanted.keys(), key=str):
            self._do(partial(self._admin.delete_acls, [_exactly(acl)]))
            yield f"grant {acl.principal}: {acl.operation.name.lower()} {acl.name} is taken away"


def rotate(settings: Settings, name: str, password: str) -> None:
    """Give one user another password. Raises KafkaException."""
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    user = UserScramCredentialUpsertion(name, scram, password.encode())
    for outcome in AdminClient(connection(settings)).alter_user_scram_credentials([user]).values():
        outcome.result(SECONDS)


def connection(settings: Settings) -> dict[str, str | int | float | bool]:
    """The same settings every service connects by, in librdkafka's words."""
    options: dict[str, str | int | float | bool] = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
        "log_level": "0",
    }
    if settings.kafka_ca_file:
        options["ssl.ca.location"] = settings.kafka_ca_file
    if settings.kafka_username:
        options |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password or "",
        }
    return options


def _binding(grant: Grant) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        RESOURCES[grant.resource],
        grant.name,
        pattern,
        f"User:{grant.principal}",
        "*",
        OPERATIONS[grant.operation],
        AclPermissionType.ALLOW,
    )


def _exactly(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation, acl.permission_type
    )


__all__ = ["Broker", "KafkaException", "connection", "rotate"]
