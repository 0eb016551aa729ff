"""One stack of real processes for all flows, with a small company in it; asked through HTTP and told through Kafka."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.local.postgres import Postgres
from deploy.local.processes import silent
from deploy.local.sample.organization import Organization, Worker
from deploy.local.sample.publish import publish_organization, publish_worker
from deploy.local.stack import Stack
from deploy.local.story.client import Caller, Lateral, eventually
from tests.local.conftest import free_ports

PEOPLE = 150
ADMIN, OWNER, ANALYST = Caller("admin"), Caller("programme-owner"), Caller("analyst")
numbers = count(1)


def employee(person_id: str) -> Caller:
    return Caller("employee", person_id)


@dataclass(frozen=True)
class Company:
    """A running stack and the company it serves."""

    services: Lateral
    stack: Mapping[str, Any]
    state: Path
    organization: Organization
    pid: Callable[[str], int]
    """The process of `sessions-worker`, and of its like."""

    @property
    def today(self) -> date:
        return self.organization.today

    def newcomer(self, unit: str | None = None, **changes: Any) -> Worker:
        """Somebody new to the company, who started three weeks ago in a team of the unit."""
        while True:
            worker = self.organization.newcomer(f"N{next(numbers):05d}")
            if unit is None or worker.unit_code.split("-")[0] == unit:
                break
        started = self.today - timedelta(days=21)
        return replace(worker, hire_date=started, effective_at=started, **changes)

    def worker(self, number: str) -> Worker:
        """A worker as HR has them today."""
        known = [worker for worker in self.organization.workers() if worker.employee_number == number]
        return max((worker for worker in known if worker.effective_at <= self.today), key=lambda found: found.sequence)

    def publish(self, worker: Worker) -> None:
        """Tell Kafka about a worker, with a producer that is none of ours."""
        publish_worker(self.stack["kafka_bootstrap"], worker)

    def change(self, worker: Worker, **changes: Any) -> Worker:
        """Tell Kafka that something of a worker has changed today."""
        changed = replace(worker, effective_at=self.today, sequence=worker.sequence + 10, **changes)
        self.publish(changed)
        return changed

    async def find(self, number: str) -> dict[str, Any] | None:
        """The person with an employee number, as an administrator sees them."""
        people = await self.services.all(ADMIN, "directory", "/v1/people", employee_number=number)
        return people[0] if people else None

    async def person(self, number: str) -> str:
        """The person id behind an employee number, once the directory knows it."""
        found = await eventually(f"{number} in the directory", lambda: self.find(number))
        return str(found["person_id"])

    async def person_like(self, number: str, **expected: object) -> dict[str, Any]:
        """The person with an employee number, once these fields are as expected."""

        async def look() -> dict[str, Any] | None:
            found = await self.find(number)
            return found if found and expected.items() <= found.items() else None

        return await eventually(f"{number} with {expected}", look)

    async def match_of(self, person_id: str, *states: str, **filters: str) -> dict[str, Any]:
        """Somebody's match in one of these states, once there is one."""

        async def look() -> dict[str, Any] | None:
            found = await self.services.all(OWNER, "matching", "/v1/matches", person_id=person_id, **filters)
            return next((match for match in found if match["state"] in states), None)

        return await eventually(f"a match of {person_id} that is {' or '.join(states)}", look)

    async def group_of(self, match_id: str, programme_id: str, *states: str) -> dict[str, Any]:
        """The group of a match in one of these states, once there is one."""

        async def look() -> dict[str, Any] | None:
            groups = self.services.items(OWNER, "sessions", "/v1/groups", programme_id=programme_id)
            found = [group async for group in groups if group["match_id"] == match_id]
            return found[0] if found and found[0]["state"] in states else None

        return await eventually(f"a group of {match_id} that is {' or '.join(states)}", look)

    async def sessions(self, group_id: str) -> list[dict[str, Any]]:
        """A group's sessions in order of time."""
        return await self.services.all(OWNER, "sessions", "/v1/sessions", group_id=group_id)

    async def programme(self, **fields: Any) -> str:
        """A published programme; what is not said is the usual."""
        usual = {
            "name": f"Programme {next(numbers)}",
            "objective": "To learn from each other",
            "sponsor_id": await self.person("E100001"),
            "modality": "remote",
            "confidentiality": "closed",
            "audience_units": [],
            "skills": [],
            "group_size_min": 2,
            "group_size_max": 2,
            "cadence_days": 7,
            "session_minutes": 30,
            "starts_on": str(self.today - timedelta(days=28)),
            "ends_on": str(self.today + timedelta(days=28)),
            "backfill": True,
            "goals": [
                {"measure": "usefulness", "baseline": 3, "target": 4, "due": str(self.today + timedelta(days=28))}
            ],
        }
        created = await self.services.do(OWNER, "sessions", "POST", "/v1/programmes", usual | fields)
        programme_id = str(created.json()["programme_id"])
        await self.services.do(OWNER, "sessions", "POST", f"/v1/programmes/{programme_id}/publish")
        return programme_id

    async def round(self, programme_id: str, **options: Any) -> dict[str, Any]:
        """A round, once matching has heard of the programme."""

        async def run() -> dict[str, Any] | None:
            body = {"programme_id": programme_id, "seed": next(numbers), **options}
            answer = await self.services.do(OWNER, "matching", "POST", "/v1/rounds", body, refusals={404, 409})
            return dict(answer.json()) if answer.is_success else None

        return await eventually(f"a round of {programme_id}", run)


@pytest.fixture(scope="package")
async def company(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    """The whole stack, once for all flows, when the directory knows everybody."""
    state = tmp_path_factory.mktemp("flows") / "state"
    environ = (
        os.environ
        | free_ports()
        | {
            "LATERAL_STATE": str(state),
            "LATERAL_POSTGRES_FSYNC": "off",
            "LATERAL_LOCAL_PROCESSES": "two",
        }
    )
    organization = Organization(datetime.now(UTC).date() - timedelta(days=1), PEOPLE)  # begun at every site
    async with Stack(silent, environ=environ) as stack, Lateral(stack.info.model_dump()) as services:
        found = Company(services, stack.info.model_dump(), state, organization, stack.pid)
        publish_organization(stack.info.kafka_bootstrap, organization)
        workers = {worker.employee_number for worker in organization.workers()}

        async def everybody() -> bool | None:
            known = await services.all(ADMIN, "directory", "/v1/people")
            return {person["employee_number"] for person in known if person["manager_id"]} >= workers - {
                "E100001"
            } or None

        await eventually("everybody in the directory", everybody)
        yield found
    Postgres(state, 0).remove()


@pytest.fixture(scope="package")
async def buddies(company: Company) -> str:
    """A buddy programme for everybody, that has run for four weeks."""
    return await company.programme(name="Buddies", format="onboarding_buddy")
