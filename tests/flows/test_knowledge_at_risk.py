"""From a leaving date in HR to the session in which what few know is passed on, through HTTP and Kafka."""

import asyncio
import os
import sys
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.sample.competence import Claim
from deploy.local.story.client import eventually
from tests.flows.conftest import ADMIN, OWNER, Company

pytestmark = pytest.mark.real_broker
LEAVES_IN = timedelta(days=120)
"""Too far ahead for sessions to see by itself: matching says it."""


async def look_for_risks(company: Company) -> None:
    """What matching does every five minutes, done now as an operator would."""
    there = {f"LATERAL_{name.upper()}_DATABASE_URL": url for name, url in company.stack["databases"].items()}
    command = (sys.executable, "-m", "services.matching", "timer", "find-knowledge-at-risk")
    child = await asyncio.create_subprocess_exec(*command, env=os.environ | there, stdout=asyncio.subprocess.DEVNULL)
    assert await child.wait() == 0


async def test_who_leaves_with_what_few_know_passes_it_on_in_a_session_that_was_proposed(company: Company) -> None:
    """P16, F26."""
    label = "Tuning the tape robot"
    skill = (await company.services.do(ADMIN, "directory", "POST", "/v1/skills", {"label": label})).json()["skill_id"]
    expert = company.newcomer("TEC", skills=(Claim(skill, 5),))
    company.publish(expert)
    holder = await company.person(expert.employee_number)
    rules: dict[str, Any] = {
        "format": "knowledge_sharing",
        "group_size_min": 3,
        "group_size_max": 6,
        "cadence_days": 28,
    }
    programme = await company.programme(**rules, session_minutes=45, skills=[skill], audience_skills=[skill])
    company.change(expert, termination_date=company.today + LEAVES_IN)

    async def proposed() -> dict[str, Any] | None:
        await look_for_risks(company)
        found = await company.services.all(OWNER, "sessions", "/v1/capture-proposals", state="proposed")
        return next((one for one in found if one["skill_id"] == skill), None)

    proposal = await eventually("a capture session proposed", proposed)
    assert (proposal["holders"], proposal["due_on"]) == (1, str(company.today + LEAVES_IN))
    learners = [company.newcomer("TEC", skills=(Claim(skill, 1, 4),)) for _ in range(2)]
    for learner in learners:
        company.publish(learner)
    wanting = {await company.person(learner.employee_number) for learner in learners}

    async def known() -> bool | None:
        path = f"/v1/programmes/{programme}/audience"
        there = {one["person_id"] for one in await company.services.all(OWNER, "sessions", path)}
        return there >= wanting or None

    await eventually("both learners in the audience", known)
    path = f"/v1/capture-proposals/{proposal['proposal_id']}/acceptance"
    capture = (await company.services.do(OWNER, "sessions", "POST", path, {})).json()
    assert (capture["state"], capture["holder_id"]) == ("planned", holder), capture
    (session,) = await company.sessions(capture["group_id"])
    there = {one["person_id"]: one["role"] for one in session["participants"]}
    assert there.keys() >= {holder, *wanting}
    assert there[holder] == "presenter"
    (settled,) = [
        one for one in await company.services.all(OWNER, "sessions", "/v1/capture-proposals", state="accepted")
        if one["skill_id"] == skill
    ]  # fmt: skip
    assert settled["capture_id"] == capture["capture_id"]
