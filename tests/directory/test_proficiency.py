"""What evidence comes to: weighed by source and age, fading in trust and never by itself in level."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.directory.domain.proficiency import HALF_LIFE_DAYS, WEIGHT, Evidence, Source, trust_on, weigh
from shared.events.directory import Proficiency

DAY = date(2026, 1, 1)
OLD = DAY - timedelta(days=HALF_LIFE_DAYS)


def one(*pieces: tuple[Source, int, date], target: int | None = None) -> Proficiency:
    aims = {} if target is None else {"s": target}
    (found,) = weigh([Evidence("s", *piece) for piece in pieces], aims, {})
    return found


def test_a_single_statement_is_the_level_and_its_source_the_trust() -> None:
    found = one(("self", 4, DAY))
    assert (found.level, found.source, found.trust, found.as_of) == (4, "self", 30, DAY)
    assert one(("assessment", 2, DAY)).trust == 100


def test_an_assessment_outweighs_what_one_thinks_of_oneself() -> None:
    assert one(("self", 5, DAY), ("assessment", 2, DAY)).level == 3
    assert one(("self", 5, OLD - timedelta(days=3 * HALF_LIFE_DAYS)), ("assessment", 2, DAY)).level == 2


def test_new_evidence_outweighs_old() -> None:
    assert one(("manager", 1, OLD), ("manager", 4, DAY)).level == 3
    assert one(("manager", 4, OLD), ("manager", 1, DAY)).level == 2


def test_a_crowd_of_peers_weighs_less_than_one_assessment() -> None:
    crowd: list[tuple[Source, int, date]] = [("peer", 5, DAY)] * 50
    found = one(*crowd, ("assessment", 1, DAY))
    assert (found.source, found.level) == ("assessment", 3)
    assert one(*crowd).trust == 80


def test_a_target_alone_is_a_gap_from_nothing() -> None:
    found = one(target=3)
    assert (found.level, found.target_level, found.source, found.trust, found.as_of) == (0, 3, None, 0, None)


def test_merged_skills_count_as_one_with_the_higher_target() -> None:
    pieces = [Evidence("old", "self", 2, DAY), Evidence("new", "manager", 4, DAY)]
    (found,) = weigh(pieces, {"old": 5, "new": 3}, {"old": "new"})
    assert (found.skill_id, found.level, found.target_level) == ("new", 3, 5)


def test_trust_halves_every_two_years() -> None:
    assert trust_on(80, OLD, DAY) == 40
    assert trust_on(80, DAY, DAY) == 80
    assert trust_on(80, DAY, OLD) == 80
    assert trust_on(0, None, DAY) == 0


sources = st.sampled_from(sorted(WEIGHT))
statements = st.lists(st.tuples(sources, st.integers(0, 5), st.dates(date(2015, 1, 1), DAY)), min_size=1, max_size=12)


@given(statements, st.integers(0, 4000), st.randoms(use_true_random=False))
def test_a_level_lies_between_what_was_said_and_time_alone_never_moves_it(
    said: list[tuple[Source, int, date]], later: int, order: object
) -> None:
    found = one(*said)
    levels = [level for _, level, _ in said]
    assert min(levels) <= found.level <= max(levels)
    moved = one(*[(source, level, day - timedelta(days=later)) for source, level, day in said])
    assert moved.level == found.level
    assert 0 <= found.trust <= 100
    shuffled = sorted(said, key=repr)
    assert one(*shuffled).level == found.level
