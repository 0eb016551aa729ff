"""The same pipeline on data nobody here made: ten thousand employees become people, pairs, sessions and numbers."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.audit_events import audit_at_rest
from deploy.local.postgres import Postgres
from deploy.local.processes import silent
from deploy.local.sample.publish import publish
from deploy.local.stack import Stack
from deploy.local.story.arrivals import Arrivals
from deploy.local.story.client import Caller, Lateral, eventually, published_round
from tests.fixtures import employees
from tests.local.conftest import free_ports

pytestmark = pytest.mark.real_broker
ADMIN, OWNER = Caller("admin"), Caller("programme-owner")
WITHIN = 240.0


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A stack of its own, on a broker of its own."""
    state = tmp_path / "state"
    environ = os.environ | free_ports() | {"LATERAL_STATE": str(state), "LATERAL_POSTGRES_FSYNC": "off"}
    async with Stack(silent, environ=environ) as running:
        yield running
    Postgres(state, 0).remove()


@pytest.mark.skipif(employees.absence() is not None, reason=str(employees.absence()))
async def test_ten_thousand_foreign_employees_are_people_who_learn_in_pairs(stack: Stack) -> None:
    info = stack.info.model_dump()
    feed = employees.read(history=False)
    numbers = {str(worker["employeeNumber"]): worker for worker in feed.workers}
    assert len(numbers) == 10_000
    publish(stack.info.kafka_bootstrap, feed.records())
    async with Lateral(info) as services:

        async def first(**query: Any) -> dict[str, Any] | None:
            page = await services.get(ADMIN, "directory", "/v1/people", limit=1, **query)
            return page["items"][0] if page["items"] else None

        await eventually("the last employee", lambda: first(employee_number=list(numbers)[-1]), WITHIN)

        async def everybody() -> list[dict[str, Any]] | None:
            found = await services.all(ADMIN, "directory", "/v1/people")
            return found if {person["employee_number"] for person in found} == numbers.keys() else None

        people = await eventually("every employee, from whichever partition", everybody, WITHIN)
        await Arrivals(info).of("directory", "directory.people", ("matching", "sessions", "metrics"))
        left = sum(worker["status"] == "left" for worker in numbers.values())
        assert sum(person["status"] == "left" for person in people) == left
        sponsor = next(person for person in people if person["status"] == "active" and person["manager_id"])
        programme = await published(services, sponsor)
        asked = await eventually("a round", lambda: matched(services, programme), WITHIN)
        result = await published_round(services, OWNER, asked["round_id"], WITHIN)
    assert result["matched"] + result["unmatched"] == result["asked"] > 100
    assert result["matched"] > result["asked"] / 2
    assert sum(result["unmatched_by_reason"].values()) == result["unmatched"]
    audit = await audit_at_rest(info)
    assert (audit.lost, audit.open_letters) == (0, 0)


async def published(services: Lateral, sponsor: dict[str, Any]) -> str:
    today = datetime.now(UTC).date()
    body = {
        "name": "Pairs",
        "objective": "To learn from each other",
        "sponsor_id": sponsor["person_id"],
        "format": "mentoring",
        "modality": "remote",
        "confidentiality": "closed",
        "audience_units": [sponsor["unit_code"]],
        "skills": [],
        "group_size_min": 2,
        "group_size_max": 2,
        "cadence_days": 14,
        "session_minutes": 30,
        "starts_on": str(today),
        "ends_on": str(today + timedelta(days=30)),
        "goals": [
            {"measure": "participation_rate", "baseline": 0, "target": 0.3, "due": str(today + timedelta(days=30))}
        ],
    }
    created = await services.do(OWNER, "sessions", "POST", "/v1/programmes", body)
    programme = str(created.json()["programme_id"])
    await services.do(OWNER, "sessions", "POST", f"/v1/programmes/{programme}/publish")
    return programme


async def matched(services: Lateral, programme: str) -> dict[str, Any] | None:
    body = {"programme_id": programme, "seed": 1}
    answer = await services.do(OWNER, "matching", "POST", "/v1/rounds", body, refusals={404, 409, 503})
    return dict(answer.json()) if answer.is_success else None
