"""Processes, brokers, the database and the network fail under load: the checker finds nothing wrong afterwards.

One register runs for all, and its history is never begun anew: what one nemesis broke, a later test would find too.
"""

import pytest

from tests.faults.campaigns import API_POINTS, WORKER_POINTS, Campaign, kill_round, stop_round
from tests.faults.nemeses import QUICK, Nemesis, strike
from tests.faults.site import Site

pytestmark = pytest.mark.real_broker


async def test_nothing_is_lost_when_processes_die_at_every_point(site: Site) -> None:
    """Rows 1, 2, 3, 4 and 5: as the campaign does, for a minute."""
    made = Campaign(site, seed=1)
    await kill_round(made, 30, site.rig.succeeded + 500)
    assert made.done.keys() == {*API_POINTS, *WORKER_POINTS}
    assert await site.rig.anomalies() == []


@pytest.mark.parametrize("hang", [False, True], ids=["brokers-up", "brokers-hanging"])
async def test_nothing_is_lost_when_many_are_told_to_stop(hang: bool, site: Site) -> None:
    """Row 32: a tenth of what the campaign does."""
    await stop_round(Campaign(site, seed=1), 6, hang=hang)
    assert await site.rig.anomalies() == []


@pytest.mark.parametrize("nemesis", QUICK, ids=[nemesis.__name__ for nemesis in QUICK])
async def test_nothing_is_lost_when(nemesis: Nemesis, site: Site) -> None:
    await strike(site, nemesis)
    assert site.rig.answers.keys() <= {0, 201, 503}
    assert await site.rig.anomalies() == []
