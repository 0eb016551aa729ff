"""Goals that were renewed are measured from then on."""

from datetime import date

import httpx

from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, some_october
from tests.metrics.world import goal


async def test_a_renewed_goal_is_measured_from_the_day_it_was_renewed(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """C24: what October has shown does not count for what was aimed for from November on."""
    renewed = goal(baseline=1, target=2).model_copy(update={"since": date(2026, 11, 1), "due": date(2999, 12, 31)})
    await some_october(db, goals=(goal(), renewed))
    first, second = (await read(api, issuer, "/v1/goals"))["items"]
    assert (first["current"], first["status"]) == (1, "achieved")
    assert (second["current"], second["baseline"], second["expected"]) == (None, 1, 0)


async def test_a_goal_renewed_within_a_month_counts_from_the_next_and_none_counts_after_it_was_due(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """C24: the session of 14 October was before the renewal; what came after the due day is not the goal's."""
    later = goal(baseline=0, target=1).model_copy(update={"since": date(2026, 10, 20), "due": date(2999, 12, 31)})
    past = goal(baseline=0, target=1).model_copy(update={"due": date(2026, 9, 30)})
    await some_october(db, starts_on=date(2026, 8, 1), goals=(goal(), later, past))
    items = (await read(api, issuer, "/v1/goals"))["items"]
    assert [item["current"] for item in items] == [1, None, None]
