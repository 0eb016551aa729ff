"""How far the numbers can be trusted, for operators (MEASUREMENT 16)."""

from services.metrics.domain.measure import Measure, Unit

SOURCE = "MEASUREMENT 16"
_WORKER: tuple[tuple[str, str, Unit, str], ...] = (
    ("outbox_age", "Oldest untold event", "seconds", "lateral_outbox_oldest_age_seconds"),
    ("dead_letters", "Records parked", "count", "lateral_dlq_open"),
    ("duplicates", "Duplicates dropped", "count", "lateral_inbox_duplicates_total"),
    ("schema_rejects", "Records that fit no schema", "count", "lateral_dlq_messages_total{reason=undecodable}"),
)  # fmt: skip
MEASURES = (
    Measure(
        "freshness_seconds", "Freshness", "seconds", "freshness",
        "p95 of (committed here - event time) over the last day's events, to an eighth", SOURCE, n_counts="events",
        digits=3,
    ),
    Measure(
        "completeness", "Complete", "ratio", None,
        "records taken / records produced, per topic and UTC day of the broker's clock; must be 1", SOURCE,
        shown_at="GET /v1/completeness",
    ),
    Measure(
        "rebuild_equality", "Rebuilt the same", "ratio", None,
        "1 when `python -m services.metrics rebuild` ends with the hash of the live store, else 0", SOURCE,
        shown_at="python -m services.metrics rebuild",
    ),
    *(
        Measure(name, title, unit, None, formula, SOURCE, digits=0, shown_at="/metrics of the worker")
        for name, title, unit, formula in _WORKER
    ),
)  # fmt: skip
