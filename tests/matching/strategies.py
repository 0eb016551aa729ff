"""Small organizations of every kind, for properties of the engine.

What can be drawn is laid out once: a choice among many is quicker to draw than many choices.
"""

from itertools import combinations, product
from random import Random
from uuid import UUID

from hypothesis import strategies as st

from services.matching.engine.people import Heard, Person, Problem
from services.matching.engine.received import CLASSES
from services.matching.engine.rules import WEIGHTS, Rules
from tests.matching.world import engine_person

SKILLS = ("a", "b", "c")


def two_of(levels: range) -> list[dict[str, int]]:
    """None, one or two skills, at every level."""
    drawn = product(("", *SKILLS), levels, ("", *SKILLS), levels)
    return [{skill: level for skill, level in ((one, low), (other, high)) if skill} for one, low, other, high in drawn]


TRAITS = st.fixed_dictionaries(
    {
        "available": st.integers(0, 9).map(bool),
        "unit": st.sampled_from("UVW"),
        "site": st.sampled_from("XY"),
        "function": st.sampled_from(("F", "G", "")),
        "level": st.integers(1, 6),
        "tenure_days": st.sampled_from((-5, 3, 200, 4000)),
        "starts": st.sampled_from((0, 475, 540, 720)),
        "ends": st.sampled_from((721, 1020, 1200, 1440)),
        "utc_offset": st.sampled_from((-480, 0, 60, 330, 345, 840)),
        "days": st.sampled_from(((1, 2, 3, 4, 5), (6, 7), (7, 1, 2))),
        "languages": st.sampled_from([some for many in (1, 2, 3) for some in combinations(("de", "en", "es"), many)]),
        "offers": st.sampled_from([tuple(held.items()) for held in two_of(range(6))]),
        "needs": st.sampled_from(
            [tuple((skill, level, level + 1) for skill, level in held.items()) for held in two_of(range(5))]
        ),
        "slots": st.integers(0, 3),
        "places": st.sampled_from((0, 1, 1, 2, 3, 99)),
        "load": st.integers(0, 2),
        "facilitator_ready": st.booleans(),
        "facilitating": st.integers(0, 2),
        "waited": st.integers(0, 4),
        "likes": st.sampled_from(("", "", "morning", "afternoon")),
        "experience": st.sampled_from(((), ("moved",), ("returned",), ("moved", "returned"))),
    }
)


def heard(draw: Random) -> tuple[Heard, ...]:
    """What was said of pairs of some classes, much or little of it."""
    told = sorted(draw.sample(sorted(CLASSES), draw.randint(1, len(CLASSES))))
    counts = [(likeness, draw.choice((10, 20, 300))) for likeness in told]
    return tuple(Heard("mentoring", likeness, many, draw.randint(many, 5 * many)) for likeness, many in counts)


SAID = st.sampled_from([(), *(heard(Random(number)) for number in range(20))])
AVOIDS = st.integers(0, 99)
MANAGED = st.integers(0, 999)


@st.composite
def persons(draw: st.DrawFn, row: int, size: int) -> Person:
    traits, managed, avoids = draw(TRAITS), draw(MANAGED), draw(AVOIDS)
    manager = managed % (2 * row + 1)  # half of them have none
    avoided = avoids % (2 * size + 1)
    return engine_person(
        UUID(int=row + 1),
        manager=UUID(int=manager) if 0 < manager <= row else None,
        not_with=(UUID(int=avoided),) if 0 < avoided <= size and avoided != row + 1 else (),
        **traits,
    )


@st.composite
def problems(draw: st.DrawFn, most: int = 10) -> Problem:
    size = draw(st.integers(1, most))
    modality = draw(st.sampled_from(("in_person", "hybrid", "remote")))
    people = tuple(draw(persons(row, size)) for row in range(size))
    ids = [person.id for person in people]
    couples = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda pair: pair[0] < pair[1])
    return Problem(
        people=people,
        asked=frozenset(draw(st.sets(st.sampled_from(ids)))),
        rules=Rules(
            candidates=draw(st.sampled_from((1, 2, 40))),
            min_functions=draw(st.sampled_from((1, 2))),
            weights={**WEIGHTS, "well_received": draw(st.sampled_from((5, 5, 60)))},
        ),
        seed=draw(st.integers(0, 2**63 - 1)),
        recent=frozenset(draw(st.sets(couples, max_size=3))) if size > 1 else frozenset(),
        skills=frozenset(draw(st.sets(st.sampled_from(SKILLS), max_size=2))),
        in_person=modality != "remote",
        only_in_person=modality == "in_person",
        size_min=draw(st.integers(2, 3)),
        size_max=draw(st.integers(3, 5)),
        heard=draw(SAID),
    )
