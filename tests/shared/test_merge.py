"""Partitions read again are read in the order in which things happened, as far as anybody can know it yet."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.kafka import TopicPartition
from shared.rebuild import Merge, gone
from shared.settings import Settings


def record(at: int, what: int) -> Any:
    return SimpleNamespace(timestamp=at, what=what)


@given(st.lists(st.lists(st.integers(0, 20), max_size=8).map(sorted), min_size=1, max_size=4), st.integers(1, 3))
def test_records_come_by_their_time_however_they_are_fetched(times: list[list[int]], at_once: int) -> None:
    places = [TopicPartition("t", number) for number in range(len(times))]
    left = {place: [record(at, place.partition) for at in each] for place, each in zip(places, times, strict=True)}
    merge, seen = Merge(place for place in places if left[place]), []
    while merge.places:
        for place in merge.hungry:
            merge.take(place, left[place][:at_once])
            del left[place][:at_once]
        for place in merge.hungry:
            merge.end(place)
        seen += list(merge.ready())
    assert [each.timestamp for each in seen] == sorted(at for each in times for at in each)


def test_nothing_comes_before_every_partition_has_shown_its_next() -> None:
    early, late = TopicPartition("erasures", 0), TopicPartition("facts", 0)
    merge = Merge([early, late])
    merge.take(early, [record(2, 0)])
    assert list(merge.ready()) == []
    merge.take(late, [record(1, 1)])
    merge.end(late)
    assert [each.what for each in merge.ready()] == [1, 0]


def test_what_topics_have_dropped_is_told_but_for_states_that_are_said_again() -> None:
    settings = Settings(service="metrics", database_url="postgresql://unused", topic_prefix="t-")
    begins = {
        TopicPartition("t-sessions.participation", 0): 40,
        TopicPartition("t-sessions.participation", 1): 2,
        TopicPartition("t-sessions.feedback", 0): 0,
        TopicPartition("t-directory.people", 0): 7,
    }
    assert gone(settings, begins) == {"t-sessions.participation": 42}
