from dataclasses import replace
from uuid import UUID

import pytest

from services.matching.engine import groups
from services.matching.engine.facilitators import find
from services.matching.engine.people import Person, Problem
from services.matching.engine.rules import Rules
from tests.matching.world import engine_person


def leader(number: int, **changes: object) -> Person:
    return engine_person(UUID(int=number), facilitator_ready=True, **changes)


def choose(people: list[Person], *circles: list[Person]) -> list[UUID | None]:
    problem = Problem(tuple(people), frozenset(), Rules(), 1)
    return [led and led.person for led in find(problem, [[one.id for one in circle] for circle in circles])]


def test_nobody_far_above_a_member_facilitates_and_somebody_below_may() -> None:
    top = leader(1)
    middle = engine_person(UUID(int=2), manager=top.id)
    member = engine_person(UUID(int=3), manager=middle.id)
    below = leader(4, manager=member.id)
    circle = [member, engine_person(UUID(int=5))]
    assert choose([top, middle, *circle], circle) == [None]
    assert choose([top, middle, below, *circle], circle) == [below.id]


def test_a_member_does_not_facilitate_their_own_circle() -> None:
    circle = [leader(1), engine_person(UUID(int=2))]
    assert choose(circle, circle) == [None]


def test_a_facilitator_speaks_the_members_language_works_their_hours_and_avoids_nobody() -> None:
    circle = [engine_person(UUID(int=row), languages=("de", "en")) for row in (1, 2)]
    foreign = leader(3, languages=("es",))
    night = leader(4, utc_offset=780)
    wary = leader(5, not_with=(circle[0].id,))
    full = leader(6, facilitating=2)
    good = leader(7, languages=("de",))
    assert choose([*circle, foreign, night, wary, full], circle) == [None]
    assert choose([*circle, foreign, night, wary, full, good], circle) == [good.id]


def test_no_circles_have_no_facilitators() -> None:
    assert choose([leader(1)]) == []


def test_circles_are_spread_over_the_facilitators_there_are() -> None:
    circles = [[engine_person(UUID(int=row)), engine_person(UUID(int=row + 1))] for row in (10, 20, 30, 40)]
    leaders = [leader(1), leader(2), leader(3), leader(4, facilitating=1)]
    people = [*leaders, *(one for circle in circles for one in circle)]
    chosen = choose(people, *circles)
    assert None not in chosen
    assert all(chosen.count(one.id) >= 1 for one in leaders[:3])


def test_who_agreed_to_more_time_leads_more_and_who_is_new_starts_at_the_mean() -> None:
    circles = [[engine_person(UUID(int=row)), engine_person(UUID(int=row + 1))] for row in (20, 30, 40)]
    generous = leader(1, agreed_minutes=240)
    brief = leader(2, agreed_minutes=60)
    chosen = choose([generous, brief, *(one for circle in circles for one in circle)], *circles)
    assert chosen.count(generous.id) == 2
    busy = leader(3, hosted=2, facilitating=0)
    fresh = leader(4, new_host=True)
    idle = leader(5)
    assert choose([busy, fresh, idle, *circles[0]], circles[0]) == [idle.id]


@pytest.mark.parametrize(("circles", "fresh"), [(2, 300), (20, 300), (60, 45), (100, 80)])
def test_nobody_leads_again_while_somebody_has_led_nothing(circles: int, fresh: int) -> None:
    """However many more are ready than are listed for a circle, and wherever in the organization they are."""
    led = [leader(1000 + row, hosted=0 if row < fresh else 1, level=row % 7) for row in range(400)]
    formed = [[engine_person(UUID(int=2 * row + 1)), engine_person(UUID(int=2 * row + 2))] for row in range(circles)]
    chosen = choose([*led, *(one for circle in formed for one in circle)], *formed)
    new = {one.id for one in led[:fresh]}
    assert None not in chosen
    assert len(new.intersection(chosen)) == min(fresh, circles)


def test_who_has_led_least_of_those_at_a_circle_s_hours_leads_it() -> None:
    """Those elsewhere have led nothing, and are many."""
    away = [leader(3000 + row, utc_offset=780) for row in range(300)]
    led = [leader(1000 + row, hosted=1, level=row % 7) for row in range(300)]
    fresh = [leader(2000 + row) for row in range(30)]
    formed = [[engine_person(UUID(int=2 * row + 1)), engine_person(UUID(int=2 * row + 2))] for row in range(30)]
    chosen = choose([*away, *led, *fresh, *(one for circle in formed for one in circle)], *formed)
    assert set(chosen) == {one.id for one in fresh}


@pytest.mark.parametrize("size", [4, 5])
def test_who_alone_may_lead_a_circle_is_no_member_of_it(size: int) -> None:
    """Whoever was drawn: one more takes the place, or nobody where the circle is large enough without."""
    people = tuple(leader(1) if row == 1 else engine_person(UUID(int=row)) for row in range(1, 6))
    problem = Problem(people, frozenset(one.id for one in people), Rules(), 0, size_min=4, size_max=size)
    for seed in range(10):
        (match,) = groups.solve(replace(problem, seed=seed)).matches
        assert dict(match.members)[people[0].id] == "facilitator"
        assert len(match.members) == 5
