"""Logs and traces say where something broke, never the values it stumbled on."""

import asyncio
import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import TypeAdapter

from shared.db import Connection
from shared.discretion import DiscreetExporter, reason
from shared.refusal import Refused
from shared.telemetry import JsonFormatter

CANARY = "Zwqvkt"


class NotToday(Refused):
    """A toy rule."""


async def failures(conn: Connection) -> list[Exception]:
    """What databases, validators and code raise over a value."""
    found: list[Exception] = []
    for statement in (
        "INSERT INTO parked_keys VALUES ('c', 't', 'Zwqvkt'), ('c', 't', 'Zwqvkt')",
        "INSERT INTO dead_letters (consumer, reason) VALUES ('Zwqvkt', 'Zwqvkt')",
        "SELECT 'Zwqvkt'::uuid",
    ):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is
            async with conn.transaction():
                await conn.execute(statement)
        found.append(raised.value)
    with pytest.raises(ValueError, match=CANARY) as raised:
        TypeAdapter(int).validate_python(CANARY)
    caused = KeyError(CANARY)
    caused.__cause__ = raised.value
    found.append(caused)
    return [*found, ExceptionGroup(CANARY, found)]


async def test_no_error_carries_a_value_into_a_log(conn: Connection) -> None:
    formatter = JsonFormatter("metrics", "worker")
    for error in await failures(conn):
        assert CANARY in str(error), error
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), (type(error), error, None))
        line = formatter.format(record)
        assert CANARY not in line
        assert type(error).__name__ in line
        assert CANARY not in reason(error)


async def test_what_asyncio_says_of_a_forgotten_task_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError(CANARY)

    task = asyncio.create_task(fail())
    await asyncio.wait((task,))
    with caplog.at_level(logging.ERROR, "asyncio"):
        del task
        (record,) = [record for record in caplog.records if record.name == "asyncio"]
    assert CANARY in record.getMessage()
    assert CANARY not in JsonFormatter("metrics", "worker").format(record)


def test_an_outage_and_a_rule_keep_their_words() -> None:
    assert reason(ConnectionRefusedError("no way to 127.0.0.1")) == "ConnectionRefusedError: no way to 127.0.0.1"
    assert reason(NotToday("Come back.")) == "NotToday: Come back."


def test_a_span_keeps_the_kind_of_error_and_not_its_words() -> None:
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(DiscreetExporter(memory)))
    with pytest.raises(ValueError, match=CANARY), provider.get_tracer("x").start_as_current_span("work"):
        raise ValueError(CANARY)
    (span,) = memory.get_finished_spans()
    assert CANARY not in span.to_json()
    assert [event.attributes["exception.type"] for event in span.events if event.attributes] == ["ValueError"]
    assert not span.status.is_ok
