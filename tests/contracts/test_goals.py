"""What programmes may aim at is what metrics counts by programme."""

from services.metrics.domain.measures import COUNTED
from services.metrics.queries.goals import is_by_programme
from shared.events import measures


def test_goals_may_aim_at_every_measure_that_is_counted_by_programme_and_at_no_other() -> None:
    counted = {name for name in COUNTED if is_by_programme(name)}
    assert counted == measures.AIMS
    assert len(measures.AIMS) == len(measures.MORE) + len(measures.LESS) + len(measures.EITHER)


def test_shares_are_the_ratios_but_for_those_that_may_be_more_than_one() -> None:
    ratios = {name for name in measures.AIMS if COUNTED[name].unit == "ratio"}
    assert ratios == measures.SHARES | measures.BEYOND_ONE
    assert not measures.SHARES & measures.BEYOND_ONE
