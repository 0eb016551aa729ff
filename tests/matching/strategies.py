"""Small organizations of every kind, for properties of the engine."""

from uuid import UUID

from hypothesis import strategies as st

from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules
from tests.matching.world import engine_person

SKILLS = ("a", "b", "c")
LEVELS = st.integers(0, 5)


@st.composite
def persons(draw: st.DrawFn, row: int, size: int) -> Person:
    offers = draw(st.dictionaries(st.sampled_from(SKILLS), LEVELS, max_size=2))
    needs = draw(st.dictionaries(st.sampled_from(SKILLS), st.integers(0, 4), max_size=2))
    others = [UUID(int=other + 1) for other in range(size) if other != row]
    return engine_person(
        UUID(int=row + 1),
        available=draw(st.integers(0, 9)) > 0,
        manager=UUID(int=draw(st.integers(0, row - 1)) + 1) if row and draw(st.booleans()) else None,
        unit=draw(st.sampled_from("UVW")),
        site=draw(st.sampled_from("XY")),
        function=draw(st.sampled_from("FG")),
        level=draw(st.integers(1, 6)),
        tenure_days=draw(st.sampled_from((-5, 3, 200, 4000))),
        starts=draw(st.sampled_from((0, 475, 540, 720))),
        ends=draw(st.sampled_from((721, 1020, 1200, 1440))),
        utc_offset=draw(st.sampled_from((-480, 0, 60, 330, 345, 840))),
        days=draw(st.sampled_from(((1, 2, 3, 4, 5), (6, 7), (7, 1, 2)))),
        languages=tuple(draw(st.sets(st.sampled_from(("de", "en", "es")), min_size=1))),
        offers=tuple(offers.items()),
        needs=tuple((skill, level, level + 1) for skill, level in needs.items()),
        slots=draw(st.integers(0, 3)),
        load=draw(st.integers(0, 2)),
        facilitator_ready=draw(st.booleans()),
        facilitating=draw(st.integers(0, 2)),
        waited=draw(st.integers(0, 4)),
        not_with=tuple(draw(st.sets(st.sampled_from(others), max_size=1))) if others else (),
    )


@st.composite
def problems(draw: st.DrawFn, most: int = 10) -> Problem:
    size = draw(st.integers(1, most))
    people = tuple(draw(persons(row, size)) for row in range(size))
    ids = [person.id for person in people]
    couples = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda pair: pair[0] < pair[1])
    return Problem(
        people=people,
        asked=frozenset(draw(st.sets(st.sampled_from(ids)))),
        rules=Rules(candidates=draw(st.sampled_from((1, 2, 40))), min_functions=draw(st.sampled_from((1, 2)))),
        seed=draw(st.integers(0, 2**63 - 1)),
        recent=frozenset(draw(st.sets(couples, max_size=3))) if size > 1 else frozenset(),
        skills=frozenset(draw(st.sets(st.sampled_from(SKILLS), max_size=2))),
        in_person=draw(st.booleans()),
        size_min=draw(st.integers(2, 3)),
        size_max=draw(st.integers(3, 5)),
    )
