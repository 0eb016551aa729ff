"""What flows wait for before they look at numbers: a look at half of them would stand."""

import asyncio
import os
import signal

import pytest

from deploy.local.story.client import eventually
from deploy.local.story.figures import settled
from tests.flows.conftest import ANALYST, Company

pytestmark = pytest.mark.real_broker
COUNTS = 3


async def test_metrics_has_not_settled_while_a_relay_still_has_something_to_tell(company: Company) -> None:
    worker = company.pid("sessions-worker")
    os.killpg(worker, signal.SIGSTOP)
    try:
        programme_id = await company.programme(name="Untold", format="mentoring")
        waiting = asyncio.create_task(settled(company.services, company.stack))
        counts: set[str] = set()

        async def counted_again_and_again() -> bool | None:
            rows = await company.services.get(ANALYST, "metrics", "/v1/completeness")
            counts.add(max(row["as_of"] or "" for row in rows["items"]))
            return len(counts) > COUNTS or None

        await eventually("counts", counted_again_and_again)
        assert not waiting.done()
    finally:
        os.killpg(worker, signal.SIGCONT)
    await waiting
    query = {"programme_id": programme_id}
    assert await company.services.get(ANALYST, "metrics", "/v1/measures/participation_rate", **query)
