"""The sample organization's HR system: tells `hr.org-units` and `hr.workers` about it, as any outside system would."""

import json
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import chain
from typing import Annotated, NamedTuple, TypeAlias

import typer
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from rich.console import Console
from rich.progress import Progress

from deploy.local.sample.organization import DOMAIN, NAME, PEOPLE, SEED, Organization, OrgUnit, Worker

SOURCE = f"https://hr.{DOMAIN}"
ORG_UNITS, ORG_UNIT_UPSERTED = "hr.org-units", "org.lateral.hr.org-unit.upserted.v1"
WORKERS, WORKER_UPSERTED = "hr.workers", "org.lateral.hr.worker.upserted.v1"

_DELIVERY_TIMEOUT = 30.0
_TRACED_ONE_IN = 20  # of many; a single event is always traced
_SHOWN_FAILURES = 3
_ONLY_CRITICAL = 2

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
OnProgress: TypeAlias = Callable[[int], None]


class Record(NamedTuple):
    """What goes onto a topic: a CloudEvent's type, its subject (also the record key) and its data."""

    topic: str
    type: str
    key: str
    data: Json


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the broker has taken: where the last record went, its event and trace ids, and how many there were."""

    records: int
    event_id: str
    trace_id: str
    topic: str
    partition: int
    offset: int


class NotDelivered(Exception):
    """The broker did not acknowledge every record."""


class Publisher:
    """Writes CloudEvents 1.0.2 in Kafka binary mode, each the root of a W3C trace; `close` makes sure of them."""

    def __init__(self, bootstrap: str, *, prefix: str = "", on_progress: OnProgress | None = None) -> None:
        """Prepare an idempotent producer with Java's partitioner, so that all producers agree where a key lives."""
        self._prefix = prefix
        self._on_progress = on_progress
        self._sent = self._delivered = 0
        self._failures: list[str] = []
        self._trouble = ""
        self._last: Delivery | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": "hr-system",
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "message.timeout.ms": int(_DELIVERY_TIMEOUT * 1000),
                "error_cb": self._note,
                "log_level": _ONLY_CRITICAL,
            }
        )

    def send(self, record: Record) -> None:
        """Hand over one record; waits while the send buffer is full."""
        event_id, trace_id = str(uuid.uuid4()), secrets.token_hex(16)
        sampled = self._sent % _TRACED_ONE_IN == 0
        headers: list[tuple[str, str | bytes | None]] = [
            ("ce_specversion", "1.0"),
            ("ce_id", event_id),
            ("ce_source", SOURCE),
            ("ce_type", record.type),
            ("ce_subject", record.key),
            ("ce_time", datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")),
            ("content-type", "application/json"),
            ("traceparent", f"00-{trace_id}-{secrets.token_hex(8)}-{sampled:02x}"),
        ]
        value = json.dumps(record.data, ensure_ascii=False, separators=(",", ":")).encode()

        def settled(error: KafkaError | None, message: Message) -> None:
            self._settle(error, message, event_id, trace_id)

        while True:
            try:
                self._producer.produce(
                    self._prefix + record.topic, value=value, key=record.key, headers=headers, on_delivery=settled
                )
                break
            except BufferError:
                self._producer.poll(1.0)
        self._sent += 1
        self._producer.poll(0)

    def close(self) -> Delivery:
        """Wait until the broker has acknowledged all; raises NotDelivered when it has not."""
        waiting = self._producer.flush(_DELIVERY_TIMEOUT + 5)
        if self._delivered != self._sent or self._last is None:
            reasons = [*dict.fromkeys(self._failures)][:_SHOWN_FAILURES] or [f"{waiting} unanswered"]
            reasons += [self._trouble] if self._trouble else []
            missing = self._sent - self._delivered
            raise NotDelivered(f"{missing} of {self._sent} HR events not delivered: {'; '.join(reasons)}")
        return self._last

    def _note(self, error: KafkaError) -> None:
        self._trouble = error.str()

    def _settle(self, error: KafkaError | None, message: Message, event_id: str, trace_id: str) -> None:
        if error is not None:
            self._failures.append(error.str())
            return
        self._delivered += 1
        self._last = Delivery(
            records=self._delivered,
            event_id=event_id,
            trace_id=trace_id,
            topic=message.topic() or "",
            partition=_known(message.partition()),
            offset=_known(message.offset()),
        )
        if self._on_progress:
            self._on_progress(1)


def publish(
    bootstrap: str, records: Iterable[Record], on_progress: OnProgress | None = None, *, prefix: str = ""
) -> Delivery:
    """Publish all records; `on_progress` hears of each one the broker has taken."""
    publisher = Publisher(bootstrap, prefix=prefix, on_progress=on_progress)
    for record in records:
        publisher.send(record)
    return publisher.close()


def publish_organization(
    bootstrap: str, organization: Organization, on_progress: OnProgress | None = None, *, prefix: str = ""
) -> Delivery:
    """Publish every org unit and every worker of the organization."""
    return publish(bootstrap, records(organization), on_progress, prefix=prefix)


def publish_worker(bootstrap: str, worker: Worker, *, prefix: str = "") -> Delivery:
    """Publish one worker's state."""
    return publish(bootstrap, [worker_record(worker)], prefix=prefix)


def records(organization: Organization) -> Iterable[Record]:
    """The whole organization as records, units first."""
    return chain(map(unit_record, organization.units()), map(worker_record, organization.workers()))


def unit_record(unit: OrgUnit) -> Record:
    """An org unit as a record."""
    return Record(ORG_UNITS, ORG_UNIT_UPSERTED, unit.code, wire(unit))


def worker_record(worker: Worker) -> Record:
    """A worker's state as a record."""
    return Record(WORKERS, WORKER_UPSERTED, worker.employee_number, wire(worker))


def wire(value: object) -> Json:
    """A value as JSON knows it: names in camelCase, dates in ISO 8601."""
    match value:
        case str() | int() | float() | None:
            return value
        case date():
            return value.isoformat()
        case tuple():
            return [wire(item) for item in value]
        case _ if is_dataclass(value):
            return {_camel_case(field.name): wire(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"cannot write a {type(value).__name__}")


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _known(number: int | None) -> int:
    return -1 if number is None else number


Bootstrap = Annotated[str, typer.Option(envvar="LATERAL_KAFKA_BOOTSTRAP", help="Kafka's host:port[,host:port].")]
Prefix = Annotated[str, typer.Option(help="What the topic names start with.")]
People = Annotated[int, typer.Option(min=10, max=1_000_000, help="Size of the organization.")]
Seed = Annotated[int, typer.Option(help="Another seed is another organization.")]

BOOTSTRAP = "127.0.0.1:19092"

cli = typer.Typer(add_completion=False, help="Publish a sample organization as its HR system would.")
console = Console(soft_wrap=True)


@cli.callback(invoke_without_command=True)
def everybody(
    context: typer.Context,
    *,
    bootstrap: Bootstrap = BOOTSTRAP,
    people: People = PEOPLE,
    seed: Seed = SEED,
    prefix: Prefix = "",
) -> None:
    """Publish all org units and workers."""
    if context.invoked_subcommand:
        return
    organization = Organization(today=_today(), people=people, seed=seed)
    began = time.monotonic()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"{NAME}'s HR system", total=people + sum(1 for _ in organization.units()))
        delivery = publish_organization(
            bootstrap, organization, lambda some: progress.advance(task, some), prefix=prefix
        )
    seconds = time.monotonic() - began
    console.print(f"{delivery.records} HR events about {people} people delivered to {bootstrap} in {seconds:.1f} s")


@cli.command()
def hire(
    *,
    bootstrap: Bootstrap = BOOTSTRAP,
    given_name: Annotated[str | None, typer.Option(help="Otherwise one that fits the site.")] = None,
    family_name: Annotated[str | None, typer.Option(help="Otherwise one that fits the site.")] = None,
    number: Annotated[str | None, typer.Option(help="Employee number; otherwise a new one.")] = None,
    people: People = PEOPLE,
    seed: Seed = SEED,
    prefix: Prefix = "",
) -> None:
    """Hire one person, who starts today in a team of the organization of that size and seed."""
    organization = Organization(today=_today(), people=people, seed=seed)
    worker = organization.newcomer(number or f"H{secrets.randbelow(10**8):08d}", given_name, family_name)
    delivery = publish_worker(bootstrap, worker, prefix=prefix)
    console.print(f"hired  {worker.display_name}, {worker.job_title}, {worker.employee_number}, {worker.work_email}")
    console.print(f"team   {worker.unit_code}, reports to {worker.manager_employee_number}, at {worker.site_code}")
    console.print(
        f"event  {delivery.event_id} on {delivery.topic}, partition {delivery.partition}, offset {delivery.offset}"
    )
    console.print(f"trace  {delivery.trace_id}")


def _today() -> date:
    """The latest day that has begun at every site."""
    return datetime.now(timezone(timedelta(hours=-12))).date()


def main() -> None:
    """Run the command line; what the broker did not take is an error in one line."""
    try:
        cli()
    except (NotDelivered, KafkaException) as error:
        Console(stderr=True, soft_wrap=True).print(error, style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
