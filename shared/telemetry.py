"""Traces, JSON logs and every metric's name. No person, no query and no payload ever goes into any of them."""

import json
import logging
import sys
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from prometheus_client import Counter, Gauge, Histogram

from shared import discretion
from shared.settings import Settings

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REPEAT_SECONDS = 30.0
LIBRARIES = ("aiokafka", "asyncpg", "opentelemetry")
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)

HTTP_DURATION = Histogram(
    "http_server_request_duration_seconds", "Requests by route", ("route", "method", "status"), buckets=FAST
)
CONSUMED = Counter("lateral_consumer_records_total", "Records applied", ("topic",))
CONSUMER_LAG = Gauge("lateral_consumer_lag_records", "Records not yet read", ("topic", "partition"))
CONSUMER_PROGRESS = Gauge("lateral_consumer_last_progress_timestamp_seconds", "When a batch was last applied")
CONSUMER_DURATION = Histogram("lateral_consumer_process_duration_seconds", "One batch, start to commit", buckets=FAST)
CONSUMER_DELAY = Histogram(
    "lateral_consumer_event_age_seconds", "Event time to applied effect", ("topic",), buckets=SLOW
)
CONSUMER_STOPPED = Gauge("lateral_consumer_stopped", "1 where too many failures in a row have stopped the consumer")
REBALANCES = Counter("lateral_consumer_rebalances_total", "Assignments received")
COMMIT_FAILURES = Counter("lateral_consumer_commit_failures_total", "Offset commits that failed")
DUPLICATES = Counter("lateral_inbox_duplicates_total", "Events seen before and not applied again")
STALE = Counter("lateral_events_stale_total", "Events older than what is known and not applied", ("event",))
OFFSET_GAPS = Counter("lateral_consumer_offset_gap_total", "Records the log no longer had when we came", ("topic",))
CONSUMER_BEHIND = Gauge("lateral_consumer_behind_retention_records", "Records the log dropped before we read them")
RECONCILE_MISSING = Gauge("lateral_reconcile_missing", "Records produced and not yet taken, at the last look")
UNKNOWN_TYPES = Counter("lateral_events_unknown_type_total", "Events of a type nobody here handles", ("topic",))
PARKED = Counter("lateral_dlq_messages_total", "Records parked", ("reason",))
PURGED = Counter("lateral_retention_purged_rows_total", "Rows removed for their age", ("data_class",))
ERASURE_AGE = Gauge("lateral_erasure_oldest_age_seconds", "Age of the oldest erasure that a receipt is missing for")
DLQ_OPEN = Gauge("lateral_dlq_open", "Dead letters that wait for somebody")
PARKED_KEYS = Gauge("lateral_parked_keys", "Keys held back behind a dead letter")
OUTBOX_PENDING = Gauge("lateral_outbox_pending", "Events not yet published")
OUTBOX_AGE = Gauge("lateral_outbox_oldest_age_seconds", "Age of the oldest event not yet published")
OUTBOX_PUBLISHED = Counter("lateral_outbox_published_total", "Events published", ("topic",))
OUTBOX_FAILURES = Counter("lateral_outbox_publish_failures_total", "Publishing that failed", ("reason",))
RELAY_LEADER = Gauge("lateral_outbox_relay_leader", "1 where this process is the relay's leader")
TIMER_RUNS = Counter("lateral_timer_runs_total", "Timer runs", ("timer", "outcome"))
DB_IN_USE = Gauge("lateral_db_pool_in_use", "Connections in use")
HELD_LEAVERS = Gauge("lateral_directory_held_leavers", "People whose leaving waits for an operator")
SUPPRESSED = Counter("lateral_cells_suppressed_total", "Published values withheld", ("reason",))


def observe_all(histogram: Histogram, amounts: Mapping[float, int]) -> None:
    """Observe so many of each amount: those that come by the thousand, each by itself, take as long as their events."""
    bounds, buckets = histogram._upper_bounds, histogram._buckets  # noqa: SLF001 - the library has one at a time
    for amount, count in amounts.items():
        buckets[bisect_left(bounds, amount)].inc(count)
    histogram._sum.inc(sum(amount * count for amount, count in amounts.items()))  # noqa: SLF001


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the trace it belongs to."""

    def __init__(self, service: str, process: str) -> None:
        super().__init__()
        self._base = {"service": service, "process": process}

    def format(self, record: logging.LogRecord) -> str:
        """Write level, time, logger, message, trace id and the keys given in `extra={"fields": {...}}`."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            **self._base,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            entry["trace_id"] = f"{context.trace_id:032x}"
        if record.exc_info and record.exc_info[1]:
            entry["exception"] = discretion.stack(record.exc_info[1])
            entry["message"] = record.getMessage().partition("\n")[0]  # asyncio quotes the error in the next ones
        return json.dumps(entry, default=str)


class Once(logging.Filter):
    """Lets a library's complaint through once every half minute, however often it repeats it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """By logger and message text."""
        complaint = f"{record.name}: {record.msg}"
        again = record.created - self._said.get(complaint, 0.0) > REPEAT_SECONDS
        if again:
            self._said[complaint] = record.created
        return again


def setup(settings: Settings, process: str) -> None:
    """Send logs to stderr as JSON and spans to the collector, where one is named. Once a process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(settings.service, process))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for noisy in ("aiokafka", "httpx", "uvicorn.access", "asyncpg.pool"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    once = Once()
    handler.addFilter(lambda record: not record.name.startswith(LIBRARIES) or once.filter(record))
    resource = Resource.create(
        {
            "service.name": settings.service,
            "service.namespace": "lateral",
            "service.instance.id": settings.instance,
            "process.role": process,
        }
    )
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(settings.trace_sample_ratio)))
    if settings.otlp_endpoint:
        exporter = OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=2)
        provider.add_span_processor(
            BatchSpanProcessor(discretion.DiscreetExporter(exporter), schedule_delay_millis=500)
        )
    trace.set_tracer_provider(provider)


def flush(timeout: float = 2.0) -> None:
    """Send the spans still held, waiting `timeout` seconds at most."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(int(timeout * 1000))
        provider.shutdown()
