"""Our spans tell what the SDK's own do, and propagate word for word as W3C Trace Context has it."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from shared import tracing
from shared.tracing import W3C, start, trace_headers, trace_parent, unsampled

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = SAMPLED[:-2] + "00"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("lateral"))
    yield exporter
    provider.shutdown()


def told(span: ReadableSpan) -> dict[str, object]:
    context, parent, scope = span.get_span_context(), span.parent, span.instrumentation_scope
    assert context
    assert scope
    return {
        "name": span.name,
        "trace": context.trace_id,
        "flags": context.trace_flags,
        "state": context.trace_state.to_header(),
        "parent": parent and parent.span_id,
        "kind": span.kind,
        "attributes": dict(span.attributes or {}),
        "status": span.status.status_code,
        "resource": span.resource,
        "scope": scope.name,
        "events": [(event.name, dict(event.attributes or {})) for event in span.events],
        "links": list(span.links),
        "lasted": span.end_time is not None and span.start_time is not None and span.end_time >= span.start_time,
    }


def test_a_span_tells_what_the_sdks_own_tells(exported: InMemorySpanExporter) -> None:
    parent = trace_parent({"traceparent": SAMPLED, "tracestate": "a=b"})
    around = trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())
    attributes: dict[str, str | int] = {"messaging.system": "kafka", "messaging.kafka.offset": 7}
    theirs = tracing.tracer().start_span("create x", around, trace.SpanKind.PRODUCER, attributes)
    ours = start("create x", parent, trace.SpanKind.PRODUCER, attributes)
    for span in (theirs, ours):
        span.set_attribute("more", "1")
        span.set_attributes({"most": 2})
        span.update_name("renamed")
        span.set_status(trace.StatusCode.ERROR)
        span.add_event("once", {"why": "so"})
        span.end()
        span.end()
        assert not span.is_recording()
    first, second = exported.get_finished_spans()
    assert told(first) == told(second)


def test_what_is_not_sampled_is_not_exported_and_goes_on(exported: InMemorySpanExporter) -> None:
    span = start("x", trace_parent({"traceparent": UNSAMPLED}), trace.SpanKind.SERVER)
    span.end()
    assert trace_headers(span)["traceparent"].startswith(UNSAMPLED[:36])
    assert trace_headers(span)["traceparent"].endswith("-00")
    assert exported.get_finished_spans() == ()


def test_a_trace_that_begins_here_is_sampled_by_the_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = trace.INVALID_SPAN_CONTEXT
    for provider, sampled in ((TracerProvider(), True), (TracerProvider(ParentBased(ALWAYS_OFF)), False)):
        monkeypatch.setattr(tracing, "tracer", lambda provider=provider: provider.get_tracer("lateral"))
        span = start("GET", nobody, trace.SpanKind.SERVER)
        assert (span.is_recording(), span.get_span_context().is_valid) == (sampled, True)


def test_an_error_is_recorded_by_its_kind_and_never_in_its_words(exported: InMemorySpanExporter) -> None:
    span = start("x", trace.INVALID_SPAN_CONTEXT, trace.SpanKind.SERVER)
    with pytest.raises(LookupError), trace.use_span(span, end_on_exit=True):
        raise LookupError("ada@corp.local")
    (ended,) = exported.get_finished_spans()
    assert [(event.name, dict(event.attributes or {})) for event in ended.events] == [
        ("exception", {"exception.type": "LookupError"})
    ]


@given(
    st.one_of(
        st.text(max_size=60),
        st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-x|-00)?", fullmatch=True),
        st.sampled_from([SAMPLED, UNSAMPLED, f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01"]),
    )
)
def test_a_traceparent_means_what_w3c_says(text: str) -> None:
    wanted = trace.get_current_span(W3C.extract({"traceparent": text}, Context())).get_span_context()
    assert trace_parent({"traceparent": text}) == wanted
    carrier: dict[str, str] = {}
    W3C.inject(carrier, trace.set_span_in_context(trace.NonRecordingSpan(wanted), Context()))
    assert trace_headers(trace.NonRecordingSpan(wanted)) == carrier
    assert not (unsampled(text) and wanted.trace_flags.sampled)


def test_an_unsampled_trace_is_told_at_a_glance() -> None:
    assert [unsampled(told) for told in (None, UNSAMPLED, SAMPLED, f"cc{SAMPLED[2:]}-00")] == [True, True, False, False]
