"""Processes, brokers, the database and the network fail under load: the checker finds nothing wrong afterwards.

One register runs for all, and its history is never begun anew: what one nemesis broke, a later test would find too.
"""

import pytest

from tests.faults.nemeses import QUICK, Nemesis, strike
from tests.faults.site import Site

pytestmark = pytest.mark.real_broker


@pytest.mark.parametrize("nemesis", QUICK, ids=[nemesis.__name__ for nemesis in QUICK])
async def test_nothing_is_lost_when(nemesis: Nemesis, site: Site) -> None:
    await strike(site, nemesis)
    assert site.rig.answers.keys() <= {0, 201, 503}
    assert await site.rig.anomalies() == []
