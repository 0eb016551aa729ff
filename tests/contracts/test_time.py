"""What a commitment costs somebody is the same in matching, which makes it, and in sessions, which plans it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.matching.domain.format import KINDS, PREPARATION
from services.matching.store.programmes import Cost
from services.sessions.domain.budget import Budgets, Limit
from services.sessions.domain.catalogue import ALL
from services.sessions.domain.formats import Format
from services.sessions.domain.hours import minute
from shared.events.matching import MatchKind, MemberRole

WHO = UUID(int=1)
ROLES: dict[MatchKind, tuple[MemberRole, ...]] = {
    "pair": ("learner", "teacher"),
    "buddy": ("newcomer", "buddy"),
    "circle": ("participant", "facilitator"),
}


@pytest.mark.parametrize("shape", [shape for shape in ALL if shape.name in KINDS], ids=lambda shape: str(shape.name))
def test_whoever_prepares_prepares_as_long_in_both(shape: Format) -> None:
    prepares = {role: shape.preparation_of(shape.roles[role]) for role in ROLES[KINDS[shape.name]]}
    minutes = PREPARATION.get(shape.name, 0)
    assert prepares == {role: minutes if role in {"teacher", "facilitator"} else 0 for role in prepares}


@pytest.mark.parametrize("cadence", [1, 5, 7, 10, 14, 21, 28, 45])
def test_sessions_has_room_for_a_month_of_what_matching_says_fits(cadence: int) -> None:
    """A month of thirty days, from its first day on."""
    count = max(1, 30 // cadence)
    cost = Cost(60, 60 * count)
    assert cost.fits(cost.month, first=False) == 1
    assert cost.fits(cost.month - 1, first=False) == 0
    assert (cost.fits(59, first=True), cost.fits(60, first=True)) == (0, 1)
    budgets = Budgets({WHO: Limit(cost.month)})
    begin = datetime(2026, 11, 1, 9, tzinfo=UTC)
    for number in range(count):
        start = minute(begin + timedelta(days=number * cadence))
        assert budgets.allow(WHO, start, 60)
        budgets.spend(WHO, start, 60)
    assert not budgets.allow(WHO, minute(begin), 1)
