"""A tenth of the figures: processes, brokers, the database and the network fail, and the checker finds nothing wrong.

One register runs for all, and its history is never begun anew: what was broken once, a later test would find too.
"""

import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults import harm
from tests.faults.nemeses import (
    NEMESES,
    Nemesis,
    all_brokers_are_killed,
    all_brokers_are_stopped,
    all_brokers_hang,
    database_crashes,
    many_are_told_to_stop,
    many_are_told_to_stop_while_the_brokers_are_stopped,
    many_are_told_to_stop_while_the_brokers_hang,
    processes_die_at_every_point,
    readers_come_and_go,
    standby_is_promoted,
    strike,
)
from tests.faults.rig import Rig
from tests.faults.site import Site
from tests.faults.soak import deck, soak

pytestmark = pytest.mark.real_broker
MINUTES = 5.0
REST = 0.2
"""Seconds a client rests: beside other tests, and to write ten thousand in a quarter of an hour."""


@pytest.fixture(scope="module")
def drawn() -> Iterator[Nemesis]:
    """One deck for all of these tests: every nemesis comes before any comes again."""
    return deck(random.Random(1))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_nothing_is_lost_in_five_minutes_of_faults_drawn_by_a_seed(
    number: int, site: Site, drawn: Iterator[Nemesis]
) -> None:
    site.rig.rest = REST
    site.rig.draw.seed(number)
    assert await soak(site, drawn, MINUTES) == []


@pytest.mark.parametrize(
    ("nemesis", "figure", "enough"),
    [
        (processes_die_at_every_point, harm.killings, 50),
        (processes_die_at_every_point, lambda rig: rig.succeeded, 10_000),
        (all_brokers_are_killed, lambda rig: rig.harm["all brokers killed"], 1),
        (all_brokers_are_stopped, lambda rig: rig.harm["all brokers stopped"], 1),
        (all_brokers_hang, lambda rig: rig.harm[harm.HUNG], 1),
        (database_crashes, lambda rig: rig.harm["database crashed"], 2),
        (standby_is_promoted, lambda rig: rig.harm["standby promoted"], 1),
        (readers_come_and_go, lambda rig: sum(rig.harm[name] for name in harm.READERS), 20),
        (many_are_told_to_stop, lambda rig: rig.harm["told to stop, brokers up"], 5),
        (many_are_told_to_stop_while_the_brokers_hang, lambda rig: rig.harm["told to stop, brokers hanging"], 3),
        (many_are_told_to_stop_while_the_brokers_are_stopped, lambda rig: rig.harm["told to stop, brokers stopped"], 3),
    ],
    ids=[
        "kills",
        "writes",
        "killed",
        "stopped",
        "hung",
        "crashes",
        "promoted",
        "readers",
        "told",
        "told-hanging",
        "told-stopped",
    ],
)
async def test_a_tenth_of_each_figure_is_reached(
    nemesis: Nemesis, figure: Callable[[Rig], int], enough: int, site: Site
) -> None:
    """What the draw has left short is done now."""
    while figure(site.rig) < enough:
        assert await strike(site, nemesis) == []
        site.rig.struck[nemesis.__name__] += 1


async def test_brokers_away_for_half_a_minute_lose_nothing(site: Site) -> None:
    """Rows 9 and 10: a tenth of the five minutes."""

    async def away(site: Site) -> None:
        await harm.lose_brokers(site, politely=True, seconds=30)

    assert await strike(site, away) == []


@pytest.mark.parametrize("nemesis", NEMESES, ids=lambda nemesis: nemesis.__name__)
async def test_every_kind_of_fault_has_struck(nemesis: Nemesis, site: Site) -> None:
    """Those that no draw and no figure has brought strike now."""
    if not site.rig.struck[nemesis.__name__]:
        assert await strike(site, nemesis) == []
