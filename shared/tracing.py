"""The chassis's tracer, and W3C Trace Context in and out."""

from collections.abc import Mapping
from functools import lru_cache

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

W3C = TraceContextTextMapPropagator()


@lru_cache(maxsize=2)
def _tracer_of(provider: trace.TracerProvider) -> trace.Tracer:
    return provider.get_tracer("lateral")


def tracer() -> trace.Tracer:
    """The tracer of the chassis; made once, for making one costs more than a span."""
    return _tracer_of(trace.get_tracer_provider())


def trace_headers(span: trace.Span | None = None) -> dict[str, str]:
    """`traceparent` and `tracestate` of a span, or of the current one; empty without a trace."""
    carrier: dict[str, str] = {}
    W3C.inject(carrier, trace.set_span_in_context(span, Context()) if span else None)
    return carrier


def trace_context(headers: Mapping[str, str]) -> Context:
    """The remote context that such headers name; an empty one when they are absent or broken."""
    return W3C.extract(headers, Context()) if headers.get("traceparent") else Context()
