from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest

from shared.batch import count
from shared.envelope import Envelope
from shared.telemetry import SLOW, observe_all
from tests.fixtures.delivery import participation

AGE = "lateral_consumer_event_age_seconds"
LEAST = str(float(SLOW[0]))

AMOUNTS = st.lists(st.one_of(st.sampled_from([0.0, 0.1, 0.5, 2.0]), st.integers(0, 64).map(lambda n: n / 16)))


def histogram(registry: CollectorRegistry) -> Histogram:
    return Histogram("waits", "Waits", buckets=(0.1, 0.5, 2), registry=registry)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(AMOUNTS)
def test_many_observed_at_once_are_each_observed(amounts: list[float]) -> None:
    at_once, by_turns = CollectorRegistry(), CollectorRegistry()
    observe_all(histogram(at_once), Counter(amounts))
    each = histogram(by_turns)
    for amount in amounts:
        each.observe(amount)
    told = [
        [
            line
            for line in generate_latest(registry).decode().splitlines()
            if "_created" not in line and "_sum" not in line
        ]
        for registry in (at_once, by_turns)
    ]
    assert told[0] == told[1]


def test_what_is_of_the_future_by_another_clock_has_no_age_and_is_counted() -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    said = participation(uuid4(), 1)
    told = [
        Envelope(
            str(at),
            "/x",
            said.event_type,
            said.key,
            soon + timedelta(seconds=at),
            said,
            "of-the-future",
            said.key,
            0,
            at,
        )
        for at in range(3)
    ]
    count(told)
    assert REGISTRY.get_sample_value(f"{AGE}_bucket", {"topic": "of-the-future", "le": LEAST}) == 3
    assert REGISTRY.get_sample_value(f"{AGE}_sum", {"topic": "of-the-future"}) == 0
