from datetime import timedelta
from typing import Any

import pytest

from shared.events.directory import SkillNeed
from tests.matching.conftest import Caller, World
from tests.matching.world import PIANO, RUST, learner, programme, teacher, today

NEED = SkillNeed(skill_id=RUST, level=1, target_level=2)
RULES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"audience_units": ("D2",)}, {"unit_path": ("ROOT", "D2")}),
    ({"audience_sites": ("rome",)}, {"site_code": "rome"}),
    ({"audience_regions": ("EMEA", "APAC")}, {"region": "EMEA"}),
    ({"audience_jobs": ("dev",)}, {"job_code": "dev"}),
    ({"audience_skills": (PIANO,)}, {"needs": (NEED, SkillNeed(skill_id=PIANO, level=1, target_level=2))}),
    ({"tenure_min_months": 12}, {"hired_on": today() - timedelta(days=800)}),
    ({"tenure_max_months": 12}, {"hired_on": today() - timedelta(days=40)}),
]


@pytest.mark.parametrize(("rule", "fits"), RULES, ids=lambda value: next(iter(value)))
async def test_a_round_asks_only_those_whom_the_audience_rule_includes_now(
    rule: dict[str, Any], fits: dict[str, Any], world: World, call: Caller
) -> None:
    months = 3 if "tenure_min_months" in rule else 30
    outside = learner(hired_on=today() - timedelta(days=30 * months), site_code="berlin", job_code="clerk")
    inside = learner().model_copy(update={"hired_on": outside.hired_on, **fits})
    mentoring = programme(**rule)
    await world.hear(mentoring)
    await world.hear(outside, inside, teacher())
    body = {"programme_id": str(mentoring.programme_id), "dry_run": True}
    assert (await call("POST", "/v1/rounds", "programme-owner", json=body)).json()["asked"] == 1
    both = outside.model_copy(update={"version": 2, **fits})
    await world.hear(both)
    assert (await call("POST", "/v1/rounds", "programme-owner", json=body)).json()["asked"] == 2
