"""The read models of every service, made anew from the topics of a living company, are the live ones."""

import asyncio
import os
import sys

import pytest

from deploy.local.audit_events import audit_at_rest
from shared.events.topics import SERVICES
from tests.conftest import NewDatabase
from tests.flows.conftest import Company

pytestmark = pytest.mark.real_broker


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_rebuilt_from_its_topics_says_the_same(
    service: str, company: Company, buddies: str, new_database: NewDatabase
) -> None:
    """Row 31."""
    assert (await audit_at_rest(company.stack)).lost == 0
    env = os.environ | {
        f"LATERAL_{service.upper()}_DATABASE_URL": company.stack["databases"][service],
        "LATERAL_KAFKA_BOOTSTRAP": company.stack["kafka_bootstrap"],
        "LATERAL_REBUILD_DATABASE_URL": await new_database(service),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}", "rebuild", env=env, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
