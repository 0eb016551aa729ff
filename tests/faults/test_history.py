"""The checker is checked, third part: what no seeded bug brings about is told to it as a finished history."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from tests.faults.history import Effect, History, Kind, Operation, Place, Told, Written, check

CLEAN = History(
    operations=[Operation("a", "k", "ok", 1), Operation("b", "k", "ok", 2), Operation("c", "k", "failed")],
    written=[Written("a", "k", 1), Written("b", "k", 2)],
    topic=[Told(0, 0, "e1", "a", "k", 1, b"1"), Told(0, 1, "e2", "b", "k", 2, b"2")],
    effects=[Effect("e1", "a", "k", 1), Effect("e2", "b", "k", 2)],
    model={"k": (2, "b")},
    places={0: Place(0, 2, 2, 2)},
)
"""Two writes and a refused one, published, read and applied."""
REPEATED = replace(CLEAN, topic=[*CLEAN.topic, CLEAN.topic[1]._replace(offset=2)], places={0: Place(0, 3, 3, 3)})
"""The last event twice on the topic, as a relay leaves it that died before it had noted that it was published."""


def longer(version: int, operation: str) -> History:
    """One more version, written, told and applied."""
    return replace(
        CLEAN,
        written=[*CLEAN.written, Written(operation, "k", version)],
        topic=[*CLEAN.topic, Told(0, 2, "e3", operation, "k", version)],
        effects=[*CLEAN.effects, Effect("e3", operation, "k", version)],
        model={"k": (version, operation)},
        places={0: Place(0, 3, 3, 3)},
    )


WRONG: Mapping[str, tuple[Kind, History]] = MappingProxyType(
    {
        "acknowledged and not there": (
            "lost-write",
            replace(CLEAN, operations=[*CLEAN.operations, Operation("d", "k", "ok", 3)]),
        ),
        "acknowledged with another version": (
            "lost-write",
            replace(CLEAN, operations=[*CLEAN.operations[:1], Operation("b", "k", "ok", 3), *CLEAN.operations[2:]]),
        ),
        "one operation, two versions": ("doubled-write", longer(3, "b")),
        "refused and there": ("phantom", longer(3, "c")),
        "asked for by nobody": ("phantom", longer(3, "d")),
        "told and never written": ("phantom", replace(longer(3, "d"), written=CLEAN.written)),
        "applied from no record": ("phantom", replace(CLEAN, effects=[*CLEAN.effects, Effect("e3", "d", "k", 2)])),
        "said otherwise the second time": (
            "rewritten-event",
            replace(REPEATED, topic=[*CLEAN.topic, Told(0, 2, "e2", "b", "k", 2, b"other")]),
        ),
        "a version left out": (
            "version-gap",
            replace(longer(4, "d"), operations=[*CLEAN.operations, Operation("d", "k", "ok", 4)]),
        ),
    }
)


@pytest.mark.parametrize("history", [History(), CLEAN, REPEATED], ids=["nothing", "clean", "repeated"])
def test_of_a_right_history_the_checker_says_nothing(history: History) -> None:
    assert check(history) == []


@pytest.mark.parametrize(("kind", "history"), WRONG.values(), ids=WRONG)
def test_the_checker_names_what_is_wrong_and_nothing_else(kind: Kind, history: History) -> None:
    assert {anomaly.kind for anomaly in check(history)} == {kind}
