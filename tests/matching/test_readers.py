"""Which kinds of matches a rule says something to: what the engine reads of it, and no more."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.matching.domain.rules import READERS
from services.matching.engine.people import Problem
from services.matching.engine.round import SOLVERS
from services.matching.engine.rules import WEIGHTS, Rules
from shared.events.matching import MatchKind
from tests.matching.strategies import problems
from tests.matching.world import engine_person

NOT_OF_THE_ENGINE = {"cool_off_days", "rest_days", "expires_days", "part_people", "seconds", "megabytes"}
"""Read by whoever asks it, before or after."""
READ_BY_ALL = ({*WEIGHTS, *(knob.name for knob in fields(Rules))} - READERS.keys()) - {"weights"}


def reading(read: set[str], rules: Rules) -> Rules:
    """The same rules, which write down what of them is read."""

    class Weights(dict[str, int]):
        def __getitem__(self, name: str) -> int:
            read.add(name)
            return super().__getitem__(name)

    class Reading(Rules):
        def __getattribute__(self, name: str) -> Any:
            read.add(name)
            return super().__getattribute__(name)

    return Reading(**rules.stored() | {"weights": Weights(rules.weights)})


@pytest.mark.parametrize("kind", ["pair", "buddy", "circle"])
def test_an_engine_reads_what_is_said_to_its_kind(kind: MatchKind) -> None:
    read: set[str] = set()

    @given(problems(14))
    @settings(deadline=None, max_examples=40, database=None, suppress_health_check=[HealthCheck.too_slow])
    def solved(problem: Problem) -> None:
        banded = replace(problem.rules, levels="banded") if kind == "circle" else problem.rules
        SOLVERS[kind](replace(problem, rules=reading(read, banded)))

    solved()
    said = {name for name, kinds in READERS.items() if kind in kinds} | READ_BY_ALL
    assert read & {*WEIGHTS, *(knob.name for knob in fields(Rules))} - {"weights"} == said - NOT_OF_THE_ENGINE


def test_load_leaves_no_place_empty_however_dear_it_is() -> None:
    weights = {**dict.fromkeys(WEIGHTS, 0), "need_met": 40, "teacher_load": 1000}
    people = (engine_person(offers=(("a", 5),), slots=3), *(engine_person(needs=(("a", 1, 3),)) for _ in range(3)))
    asked = frozenset(person.id for person in people[1:])
    found = SOLVERS["pair"](Problem(people, asked, replace(Rules(), weights=weights), 1))
    assert sorted(match.score for match in found.matches) == [1, 1, 40]
    assert found.value <= found.bound
