"""What may be said of an error where many can read it: where it broke, never the values it stumbled on."""

import traceback
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from shared.db import UNAVAILABLE
from shared.refusal import Refused

QUOTED = ("exception.message", "exception.stacktrace")
IDENTIFIERS = ("sqlstate", "schema_name", "table_name", "column_name", "constraint_name")


def named(error: BaseException) -> str:
    """The error's kind with what names no value: an outage in its own words, a database's by identifiers.

    Others' messages are left out: those of databases and validators quote rows and input.
    """
    kind = type(error).__name__
    if isinstance(error, UNAVAILABLE) or type(error).__module__.startswith("aiokafka"):
        return f"{kind}: {str(error).splitlines()[0]}" if str(error) else kind
    told = [str(value) for name in IDENTIFIERS if (value := getattr(error, name, None))]
    return f"{kind} ({', '.join(told)})" if told else kind


def reason(error: BaseException) -> str:
    """Why a record could not be handled: a rule's own words, or the kind of error and the line it came from."""
    if isinstance(error, Refused):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{named(error)} in {frames[-1].name}, line {frames[-1].lineno}" if frames else named(error)


def stack(error: BaseException) -> str:
    """The traceback without messages, causes first."""
    return "\n".join("".join([*traceback.format_tb(each.__traceback__), named(each)]) for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _chain(before)
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _chain(each)


class DiscreetExporter(SpanExporter):
    """Takes the words of exceptions out of spans, which libraries record by themselves."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand the spans on, without."""
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        """End."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what is held."""
        return self._exporter.force_flush(timeout_millis)


def _discreet(span: ReadableSpan) -> ReadableSpan:
    if not span.status.description and not any(event.name == "exception" for event in span.events):
        return span
    fields: dict[str, Any] = {
        "name": span.name,
        "context": span.context,
        "parent": span.parent,
        "resource": span.resource,
        "attributes": span.attributes,
        "links": span.links,
        "kind": span.kind,
        "start_time": span.start_time,
        "end_time": span.end_time,
        "instrumentation_scope": span.instrumentation_scope,
    }
    return ReadableSpan(**fields, status=Status(span.status.status_code), events=[_without(e) for e in span.events])


def _without(event: Event) -> Event:
    kept = {name: value for name, value in (event.attributes or {}).items() if name not in QUOTED}
    return Event(event.name, kept, event.timestamp)
