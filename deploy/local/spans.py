"""Spans kept in bounded memory and arranged as traces: the store behind the trace page."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

MAX_SPANS_OF_A_TRACE = 2_000


@dataclass(frozen=True, slots=True)
class Span:
    """One finished piece of work; times are nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    failed: bool
    encoded: bytes
    """The span as received; its attributes are read only when somebody looks."""

    def details(self) -> dict[str, object]:
        """Attributes, status message, events and links."""
        span = trace_pb2.Span.FromString(self.encoded)
        details: dict[str, object] = {pair.key: _value(pair.value) for pair in span.attributes}
        if span.status.message:
            details["status"] = span.status.message
        for event in span.events:
            details[f"event {event.name}"] = {pair.key: _value(pair.value) for pair in event.attributes}
        if span.links:
            details["links"] = [link.trace_id.hex() for link in span.links]
        return details


@dataclass(slots=True)
class Trace:
    """All spans seen so far of one trace, in the order they came."""

    trace_id: str
    spans: list[Span] = field(default_factory=list)
    dropped: int = 0

    @property
    def start(self) -> int:
        """When its first span began."""
        return min(span.start for span in self.spans)

    @property
    def duration(self) -> int:
        """Nanoseconds from the first beginning to the last end."""
        return max(span.end for span in self.spans) - self.start

    @property
    def services(self) -> list[str]:
        """The services it touched, in order of their first span."""
        return list(dict.fromkeys(span.service for span in sorted(self.spans, key=lambda span: span.start)))

    @property
    def root(self) -> Span:
        """The span without a parent here; the earliest one, while that has not arrived."""
        ids = {span.span_id for span in self.spans}
        return min(self.spans, key=lambda span: (span.parent_id in ids, span.start))

    @property
    def failed(self) -> bool:
        """Whether any span reports an error."""
        return any(span.failed for span in self.spans)

    def tree(self) -> Iterator[tuple[int, Span]]:
        """Each span with its depth: parents before their children, earlier siblings first."""
        ids = {span.span_id for span in self.spans}
        children: dict[str, list[Span]] = {}
        for span in sorted(self.spans, key=lambda span: span.start, reverse=True):
            children.setdefault(span.parent_id if span.parent_id in ids else "", []).append(span)
        waiting = [(0, span) for span in children.pop("", [])]
        while waiting:
            depth, span = waiting.pop()
            yield depth, span
            waiting.extend((depth + 1, child) for child in children.pop(span.span_id, []))


class SpanStore:
    """The newest traces; the oldest go when there are too many traces or spans."""

    def __init__(self, max_traces: int = 5_000, max_spans: int = 100_000) -> None:
        self._max_traces = max_traces
        self._max_spans = max_spans
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._spans = 0
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._traces)

    def add(self, request: ExportTraceServiceRequest) -> None:
        """Keep the spans of one export."""
        for resource in request.resource_spans:
            names = (pair.value.string_value for pair in resource.resource.attributes if pair.key == "service.name")
            service = next(names, "unknown")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self._keep(_span(span, service))
        while self._spans > self._max_spans or len(self._traces) > self._max_traces:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= len(oldest.spans)
            self.forgotten += 1

    def get(self, trace_id: str) -> Trace | None:
        """One trace, while it is remembered."""
        return self._traces.get(trace_id)

    def services(self) -> Counter[str]:
        """Every service seen, with how many traces touch it."""
        return Counter(service for trace in self._traces.values() for service in {span.service for span in trace.spans})

    def recent(self, text: str = "", service: str = "", limit: int = 100) -> list[Trace]:
        """The newest traces that touch `service` and have a span named like `text`."""
        wanted = text.strip().lower()
        found: list[Trace] = []
        for trace in reversed(self._traces.values()):
            if service and not any(span.service == service for span in trace.spans):
                continue
            if wanted and wanted != trace.trace_id and not any(wanted in span.name.lower() for span in trace.spans):
                continue
            found.append(trace)
            if len(found) == limit:
                break
        return found

    def _keep(self, span: Span) -> None:
        trace = self._traces.setdefault(span.trace_id, Trace(span.trace_id))
        if len(trace.spans) >= MAX_SPANS_OF_A_TRACE:
            trace.dropped += 1
            return
        trace.spans.append(span)
        self._spans += 1


def _span(span: trace_pb2.Span, service: str) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        encoded=span.SerializeToString(),
    )


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        pairs: list[KeyValue] = list(value.kvlist_value.values)
        return {pair.key: _value(pair.value) for pair in pairs}
    return None if kind is None else getattr(value, kind)
