from uuid import UUID, uuid4

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.population import build, euler
from tests.matching.world import engine_person


def bits(mask: int) -> set[int]:
    return {slot for slot in range(48) if mask >> slot & 1}


def test_working_hours_become_half_hours_in_utc() -> None:
    pop = build([engine_person(UUID(int=1), starts=540, ends=1020, utc_offset=60)], 0)
    assert bits(int(pop.hours[0])) == set(range(16, 32))


def test_hours_that_pass_midnight_come_in_again_on_the_other_side() -> None:
    pop = build([engine_person(UUID(int=1), starts=540, ends=1020, utc_offset=780)], 0)
    assert bits(int(pop.hours[0])) == {*range(40, 48), *range(8)}


def test_half_hours_only_partly_worked_do_not_count() -> None:
    pop = build([engine_person(UUID(int=1), starts=545, ends=1015, utc_offset=0)], 0)
    assert bits(int(pop.hours[0])) == set(range(19, 33))


def test_more_languages_than_a_word_has_bits_stay_apart() -> None:
    languages = [f"l{number:03d}" for number in range(130)]
    pop = build([engine_person(UUID(int=row + 1), languages=(one,)) for row, one in enumerate(languages)], 0)
    common = (pop.languages[:, None] & pop.languages[None, :]).any(-1)
    assert (common == np.eye(130, dtype=bool)).all()


@given(st.lists(st.integers(-1, 30), min_size=1, max_size=30))
def test_the_tour_knows_exactly_who_is_above_whom(managers: list[int]) -> None:
    size = len(managers)
    manager = np.array([boss if boss < row else -1 for row, boss in enumerate(managers)], np.int64)
    enters, leaves = euler(manager)
    for row in range(size):
        chain, boss = set(), int(manager[row])
        while boss >= 0:
            chain.add(boss)
            boss = int(manager[boss])
        above = {upper for upper in range(size) if enters[upper] < enters[row] <= leaves[upper]}
        assert above == chain


def test_a_circular_reporting_line_still_gives_everybody_a_place() -> None:
    enters, leaves = euler(np.array([1, 2, 0, -1], np.int64))
    assert sorted(enters.tolist()) == [0, 1, 2, 3]
    assert (leaves >= enters).all()


def test_lots_depend_on_the_seed_and_the_person() -> None:
    people = [engine_person(uuid4()) for _ in range(50)]
    one, other = build(people, 1), build(people, 2)
    assert len({*one.lots.tolist(), *other.lots.tolist()}) == 100
