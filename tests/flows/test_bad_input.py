"""What HR sends wrongly is parked with its reason; what comes after goes on; an operator sees it and sends it again."""

import asyncio
import os
import re
import sys
from typing import Any

import pytest

from deploy.local.sample.publish import WORKER_UPSERTED, WORKERS, Record, publish, worker_record
from deploy.local.story.client import eventually
from tests.flows.conftest import Company

pytestmark = pytest.mark.real_broker


async def dead_letters(company: Company, *arguments: str) -> tuple[int, str]:
    """`python -m services.directory dead-letters ...`, as an operator runs it."""
    environ = os.environ | {
        "LATERAL_DIRECTORY_DATABASE_URL": company.stack["databases"]["directory"],
        "LATERAL_KAFKA_BOOTSTRAP": company.stack["kafka_bootstrap"],
        "LATERAL_ISSUER": company.stack["issuer"],
    }
    command = (sys.executable, "-m", "services.directory", "dead-letters", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def letter(company: Company, text: str, state: str = "open") -> str:
    """The number of the dead letter whose line holds the text, once it is listed."""

    async def look() -> str | None:
        code, output = await dead_letters(company, "list", "--state", state, "--limit", "1000")
        assert code == 0, output
        line = next((line for line in output.splitlines() if text in line), None)
        found = re.search(r"\d+", line) if line else None
        return found.group() if found else None

    return await eventually(f"a dead letter that says {text}", look)


def send(company: Company, data: Any, key: str) -> None:
    publish(company.stack["kafka_bootstrap"], [Record(WORKERS, WORKER_UPSERTED, key, data)])


async def test_a_broken_record_is_parked_the_next_goes_on_and_a_better_one_replaces_it(company: Company) -> None:
    broken, good = company.newcomer(), company.newcomer()
    data = dict(worker_record(broken).data)  # type: ignore[arg-type]
    send(company, data | {"workEmail": "nobody", "favouriteColour": "blue"}, broken.employee_number)
    company.publish(good)
    await company.person(good.employee_number)
    number = await letter(company, "workEmail")
    code, shown = await dead_letters(company, "show", number)
    assert code == 0
    assert '"reason": "undecodable"' in shown
    assert broken.work_email not in shown
    assert await company.find(broken.employee_number) is None
    code, output = await dead_letters(company, "replay", number)
    assert code == 1, output
    company.publish(broken)
    await company.person(broken.employee_number)
    assert await letter(company, "workEmail", "superseded") == number


async def test_bytes_that_are_no_json_are_parked(company: Company) -> None:
    worker = company.newcomer()
    send(company, "not an object", worker.employee_number)
    after = company.newcomer()
    company.publish(after)
    await company.person(after.employee_number)
    await letter(company, "should be an object")
    assert await company.find(worker.employee_number) is None


async def test_a_record_that_breaks_a_rule_is_replayed_when_the_rule_no_longer_speaks_against_it(
    company: Company,
) -> None:
    upper = company.newcomer()
    company.publish(upper)
    lower = company.newcomer(manager_employee_number=upper.employee_number)
    company.publish(lower)
    upper_id = await company.person(upper.employee_number)
    await company.person_like(lower.employee_number, manager_id=upper_id)
    company.change(upper, manager_employee_number=lower.employee_number)
    number = await letter(company, lower.employee_number)
    company.change(lower, manager_employee_number="E100001")
    await company.person_like(lower.employee_number, manager_id=await company.person("E100001"))
    code, output = await dead_letters(company, "replay", number)
    assert code == 0 or f"dead letter {number} is" in output  # replayed, not open: the worker may have been faster
    lower_id = await company.person(lower.employee_number)
    await company.person_like(upper.employee_number, manager_id=lower_id)
