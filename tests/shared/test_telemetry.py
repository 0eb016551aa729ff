from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from shared.telemetry import observe_all

AMOUNTS = st.lists(st.one_of(st.sampled_from([0.0, 0.1, 0.5, 2.0]), st.integers(0, 64).map(lambda n: n / 16)))


def histogram(registry: CollectorRegistry) -> Histogram:
    return Histogram("waits", "Waits", buckets=(0.1, 0.5, 2), registry=registry)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(AMOUNTS)
def test_many_observed_at_once_are_each_observed(amounts: list[float]) -> None:
    at_once, by_turns = CollectorRegistry(), CollectorRegistry()
    observe_all(histogram(at_once), amounts)
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
