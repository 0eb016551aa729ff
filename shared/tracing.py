"""The chassis's tracer and its spans, and W3C Trace Context in and out."""

import re
from collections.abc import Mapping
from functools import lru_cache
from time import time_ns
from types import MappingProxyType
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes, AttributeValue

W3C = TraceContextTextMapPropagator()
PLAIN = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
PLAIN_LENGTH = 55
KNOWN_FLAGS = trace.TraceFlags.SAMPLED | trace.TraceFlags.RANDOM_TRACE_ID


class Span(ReadableSpan, trace.Span):
    """What the SDK's own span tells, of attributes that need no cleaning; it is made several times faster."""

    def __init__(
        self,
        tracer_: SdkTracer,
        name: str,
        context: trace.SpanContext,
        parent: trace.SpanContext | None,
        kind: trace.SpanKind,
        attributes: Mapping[str, AttributeValue],
    ) -> None:
        super().__init__(
            name,
            context,
            parent,
            tracer_.resource,
            dict(attributes),
            kind=kind,
            start_time=time_ns(),
            instrumentation_scope=tracer_._instrumentation_scope,  # noqa: SLF001 - as the SDK's spans have it
        )
        self._processor = tracer_.span_processor

    def get_span_context(self) -> trace.SpanContext:
        """Its ids."""
        assert self._context
        return self._context

    def is_recording(self) -> bool:
        """Until it ends."""
        return self._end_time is None

    def end(self, end_time: int | None = None) -> None:
        """Hand it on to be exported, once."""
        if self._end_time is None:
            self._end_time = end_time or time_ns()
            self._processor.on_end(self)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """One more."""
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Some more."""
        if self._end_time is None:
            self._attributes = {**(self._attributes or {}), **attributes}

    def update_name(self, name: str) -> None:
        """Another name."""
        if self._end_time is None:
            self._name = name

    def set_status(self, status: trace.Status | trace.StatusCode, description: str | None = None) -> None:
        """Whether it went well."""
        if self._end_time is None:
            self._status = trace.Status(status, description) if isinstance(status, trace.StatusCode) else status

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Something that happened meanwhile."""
        if self._end_time is None:
            self._events = (*self._events, Event(name, attributes, timestamp))

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002 - the interface's
    ) -> None:
        """An error's kind; its words may quote anything."""
        self.add_event("exception", {**(attributes or {}), "exception.type": type(exception).__qualname__}, timestamp)


@lru_cache(maxsize=2)
def _tracer_of(provider: trace.TracerProvider) -> trace.Tracer:
    return provider.get_tracer("lateral")


def tracer() -> trace.Tracer:
    """The tracer of the chassis; made once, for making one costs more than a span."""
    return _tracer_of(trace.get_tracer_provider())


def start(
    name: str,
    parent: trace.SpanContext,
    kind: trace.SpanKind,
    attributes: Mapping[str, AttributeValue] = MappingProxyType({}),
) -> trace.Span:
    """Begin a span under `parent`, sampled as that is; under none that is valid it begins a trace."""
    mine = tracer()
    if not isinstance(mine, SdkTracer):
        return trace.NonRecordingSpan(parent)
    if parent.is_valid:
        trace_id, flags = parent.trace_id, trace.TraceFlags(parent.trace_flags & KNOWN_FLAGS)
    else:
        trace_id = mine.id_generator.generate_trace_id()
        sampled = mine.sampler.should_sample(None, trace_id, name, kind).decision is Decision.RECORD_AND_SAMPLE
        flags = trace.TraceFlags(sampled)
    span_id = mine.id_generator.generate_span_id()
    context = trace.SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags, trace_state=parent.trace_state)
    if not flags.sampled:
        return trace.NonRecordingSpan(context)
    return Span(mine, name, context, parent if parent.is_valid else None, kind, attributes)


def trace_headers(span: trace.Span | None = None) -> dict[str, str]:
    """`traceparent` and `tracestate` of a span, or of the current one; empty without a trace."""
    context = (span or trace.get_current_span()).get_span_context()
    if not context.is_valid:
        return {}
    headers = {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"}
    if context.trace_state:
        headers["tracestate"] = context.trace_state.to_header()
    return headers


def unsampled(told: str | None) -> bool:
    """Whether a `traceparent` says at a glance that nobody looks at its trace: most do, and reading one takes long."""
    return told is None or (len(told) == PLAIN_LENGTH and told.endswith("-00"))


def trace_parent(headers: Mapping[str, Any]) -> trace.SpanContext:
    """The remote span that such headers name; an invalid one when they are absent or broken."""
    told = headers.get("traceparent")
    if not told:
        return trace.INVALID_SPAN_CONTEXT
    plain = None if headers.get("tracestate") else PLAIN.fullmatch(told)
    if plain is None:
        return trace.get_current_span(W3C.extract(headers, Context())).get_span_context()
    return trace.SpanContext(
        int(plain[1], 16), int(plain[2], 16), is_remote=True, trace_flags=trace.TraceFlags(int(plain[3], 16))
    )
