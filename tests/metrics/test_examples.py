"""Every measure has a value that was worked out on paper, and so has every numeric example of the specification.

All are fed as events and read by the door all numbers leave by.
"""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.metrics.commands.learnings import count_learnings, take_statements
from services.metrics.domain import apart, engagement, evenness, facilitation
from services.metrics.domain.measures import MEASURES
from services.metrics.queries.goals import list_goals
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from services.metrics.queries.tallies import count
from shared.db import Connection
from tests.conftest import Standing, undone
from tests.matching import test_figures
from tests.metrics import (
    test_api,
    test_declared,
    test_networks,
    test_pipeline,
    test_rebuild,
    test_skills,
    test_told,
)
from tests.metrics.world import PROGRAMME, deliver
from tests.metrics.year import GOALS, RECENT, SIZES, YEAR, learnt, year

WHOLE = Window(date(YEAR, 1, 1), date(YEAR + 1, 1, 1))
BY_MONTH: dict[str, dict[int, float | None]] = {
    # 1. Ten of twenty-five came, k of them in one of three units: fifteen times, two stayed away, one cancelled late.
    "participation_rate": {1: 0.4},
    "attendance_rate": {1: 0.83},
    "no_show_rate": {1: 0.12},
    "learning_hours": {1: 15},
    "fill_rate": {1: 0.75},
    "waitlist_pressure": {1: 0.15},
    "frequency": {1: 1.5},
    "repeat_rate": {1: 0.5},
    "retention": {2: 0.5},
    "reciprocity": {1: 0.5},
    "reach": {1: 0.33},
    "sessions_held": {1: 2},
    "cancellation_rate": {1: 0.33},
    "newcomer_days_to_first": {9: 6},
    # 2. A = C = 1, a third of what was asked was answered, and the month ended 15 days later: 35 + 30 + 5 + 20 * .79.
    "engagement_index": {1: 86},
    # 3. [1,1,1,1], [0,0,0,4], [1,2,3,4], [5,3,2,0,0], nobody says a word, [5,3,2].
    "unevenness": {2: 0, 3: 0.75, 4: 0.25, 5: 0.52, 6: None, 7: 0.2},
    "evenness": {2: 1, 3: 0, 4: 0.67, 5: 0.35, 6: None, 7: 0.7},
    "top_share": {12: 0.29},  # 25 of 85: whoever is in two groups is one of the fifty
    # 4. P = .5, D = .2 of 100 answers.
    "usefulness": {1: 4.2},
    "relevance": {1: 4.2},
    "engagement": {1: 4.2},
    "satisfied": {1: 0.8},
    "response_rate": {1: 0.33},
    "own_questions": {1: 3.5},
    "nps": {1: 30},
    # 5. From 3 to 4 of 5 is half of what could be gained, as from 60 to 80 of 100.
    "normalised_gain": {9: 0.5},
    "teacher_gain": {9: 0.55},
    "retained_30": {9: 0.86},
    "confidence_change": {9: 0.6},
    "commitment_change": {9: -0.2},
    "trainings_completed": {1: 6},
    "resources_used": {1: 5},
    # 6. Of twenty-four who were asked eighteen answered, and thirteen had used it.
    "transfer_30": {1: 0.75},
    "transfer_60": {1: 0.8},
    "transfer_90": {1: 0.6},
    "transfer_low": {1: 0.54},
    "transfer_high": {1: 0.79},
    "scrap": {1: 0.28},
    "transfer_depth": {1: 0.36},
    "days_to_first_use": {1: 9},
    "minutes_saved": {1: 30},
    # 7. Ten of twenty answer one higher, of those who waited three of twelve.
    "behaviour_change": {10: 0.5},
    "behaviour_effect": {10: 0.97},
    "behaviour_did": {10: 0.25},
    "behaviour_attrition": {10: 0.2},
    "help_offers": {1: 0.5},
    "cross_unit_sessions": {1: 0.5},
    "time_to_first_help": {1: 25},
    "time_to_first_help_p90": {1: 45},
    "help_taken": {1: 0.8},
    "knowledge_uses": {1: 19},
    "knowledge_used": {1: 2},
    # 11. 1, 2, 3, 4 hours twice, as much again to prepare, in 52/12 weeks.
    "hosting_hours": {11: 1.2},
    "hosting_unevenness": {11: 0.25},
    "hosting_overload": {11: 0.5},
    # 12. [4,4,5,4,3] agree by .75.
    "conflicts_of_interest": {1: 1},
    "ground_rules_rate": {1: 0.5},
    "on_time_start": {1: 0.5},
    "safety": {1: 4},
    "safety_agreement": {1: 0.75},
    "belonging": {1: 3.8},
    # 15.
    "acceptance_rate": {8: 0.75},
    "days_to_answer_p50": {8: 15},
    "days_to_answer_p90": {8: 27},
    "met_in_14_days": {8: 0.5},
    "survival": {8: 0.33},
    "repeat_pairs": {8: 0, 12: 0.5},
    "unmatched_rate": {8: 0.15},
    # MISSION K19, K20
    "skills_met": {1: 1.5},
    "roles_met": {1: 1.5},
    "units_met": {1: 1},
    "newcomer_ties_30": {9: 2},
    "newcomer_ties_90": {9: 2.3},
}
"""Per measure and month of the year: what the specification's formula gives."""
INTERVALS = {"nps": 15.3}
BY_PROGRAMME: dict[str, dict[UUID, float]] = {"facilitator_quality": {PROGRAMME: 3.53}}
"""12. Two hundred answers of 3.5 where all answers have a mean of 4.2; five of 5 are told to who leads, in sessions."""


@pytest.fixture(scope="module")
async def told(standing: Standing) -> AsyncIterator[Connection]:
    """The year in a transaction that is rolled back."""
    async with undone(await standing("metrics")) as conn:
        for event, at in year():
            await deliver(conn, [event], at)
        staff = await conn.fetch("SELECT person_id FROM spans WHERE unit_path = '{org,sales}' ORDER BY 1 LIMIT 5")
        await take_statements(conn, learnt([row["person_id"] for row in staff]))
        await count_learnings(conn, 5)
        yield conn


async def cells(conn: Connection, name: str, scope: Scope) -> dict[str, Cell]:
    return {cell.group: cell for cell in await Release(conn, 5).cells(MEASURES[name], scope)}


@pytest.mark.parametrize("name", BY_MONTH)
async def test_a_measure_is_what_it_is_on_paper(told: Connection, name: str) -> None:
    found = await cells(told, name, Scope(WHOLE, "month"))
    for month, value in BY_MONTH[name].items():
        cell = found[f"{YEAR}-{month:02}"]
        assert (cell.value, cell.suppressed) == (value, False), (name, month, cell.reason)
        assert name not in INTERVALS or cell.half_interval == INTERVALS[name]


@pytest.mark.parametrize("name", BY_PROGRAMME)
async def test_a_measure_by_programme_is_what_it_is_on_paper(told: Connection, name: str) -> None:
    found = await cells(told, name, Scope(WHOLE, "programme"))
    assert {programme: found[str(programme)].value for programme in BY_PROGRAMME[name]} == BY_PROGRAMME[name]


@pytest.mark.parametrize("name", BY_MONTH)
async def test_a_measure_says_what_it_cannot_be_told_apart_by_and_nothing_else(told: Connection, name: str) -> None:
    measure = MEASURES[name]
    for by in ("unit", "programme", "format"):
        why = apart.why_not(measure, by, None, of_programme=False)
        found = [tally for tally in await count(told, measure, Scope(WHOLE, by)) if tally.cell or by == "unit"]
        assert bool(found) == (why is None), by


@pytest.mark.parametrize(("days", "index"), [(45, 45), (90, 40)])
async def test_engagement_fades_by_half_in_45_days(told: Connection, days: int, index: int) -> None:
    """K25: of those who came each month and said nothing 35 are for coming, and of 20 a half, or a quarter."""
    found = await cells(told, "engagement_index", Scope(Window(*RECENT[days][:2])))
    assert found[""].value == index


async def test_where_an_organization_weighs_engagement_otherwise_it_is_another_definition(
    told: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K25: weights are configuration, and told with every number; what was counted by others is not shown."""
    scope = Scope(Window(*RECENT[45][:2]))
    before = (await cells(told, "engagement_index", scope))[""].value
    monkeypatch.setenv("LATERAL_METRICS_ENGAGEMENT_ATTENDANCE", "0.15")
    monkeypatch.setenv("LATERAL_METRICS_ENGAGEMENT_RECENCY", "0.4")
    weights = engagement.EngagementWeights()
    monkeypatch.setattr(engagement, "WEIGHTS", weights)
    measure = engagement.defined(weights)
    assert measure.definition_version == (
        "engagement_index/2?attendance=0.15&contribution=0.3&feedback=0.15&recency=0.4"
    )
    (after,) = await Release(told, 5).cells(measure, scope)
    assert (before, after.value) == (45, 35)
    monkeypatch.setenv("LATERAL_METRICS_ENGAGEMENT_RECENCY", "0.5")
    with pytest.raises(ValueError, match="sum to 1"):
        engagement.EngagementWeights()


async def test_what_has_to_be_known_of_a_number_stands_beside_it(told: Connection) -> None:
    """R3: an expert's hour is uneven by design; and where there is no shared view a mean is nobody's."""
    found = await cells(told, "evenness", Scope(WHOLE, "format"))
    assert found["mentoring"].note == "Within 0.5 to 1, where this format is meant to be."
    assert evenness.note("lightning_talks", 0.8) == "Outside 0 to 0.7, where this format is meant to be."
    safety = await cells(told, "safety", Scope(WHOLE, "month"))
    notes = {month: (cell.value, cell.note) for month, cell in safety.items()}
    assert notes == {f"{YEAR}-01": (4, None), f"{YEAR}-02": (3.4, facilitation.NO_SHARED_VIEW)}


@pytest.mark.parametrize("number", range(1, len(SIZES) + 1))
async def test_few_and_what_would_tell_them_are_hidden(told: Connection, number: int) -> None:
    sizes, hidden = list(SIZES.items())[number - 1]
    month = Window(date(YEAR - 1, number, 1), date(YEAR - 1, number + 1, 1))
    table = await get_measure(told, Release(told, 5), MEASURES["learning_hours"], Scope(month, "programme"))
    kept = {cell.label.split()[0] for cell in table.cells if cell.suppressed}
    assert (len(table.cells), kept) == (len(sizes), {str(size) for size in hidden})
    assert [cell.value for cell in table.cells if not cell.suppressed] == [size for size in sizes if size not in hidden]


async def test_progress_goes_up_or_down(told: Connection) -> None:
    """K1: from 100 to 150 and now at 120 is two fifths of the way; from 30 % down to 5 %, now at 20 %, too."""
    ((_, found),) = await list_goals(told, Release(told, 5), GOALS)
    assert {goal.measure: (goal.current, goal.progress) for goal in found} == {
        "learning_hours": (120, 0.4), "no_show_rate": (0.2, 0.4),
    }  # fmt: skip


ELSEWHERE: dict[Any, tuple[str, ...]] = {
    test_told.test_barriers_are_ranked_and_few_look_like_none: ("barriers",),
    test_told.test_culture_is_a_trend_of_what_is_shown: ("culture_index",),
    test_declared.test_what_is_declared_is_shown_with_what_it_rests_on: ("goal_kpi", "cost_avoided"),
    test_networks.test_ties_are_counted_unit_by_unit: (
        "tie_density", "ei_index", "ei_over_expected", "cross_unit_share", "new_tie_rate", "exposure", "isolates",
        "largest_component",
    ),
    test_networks.test_who_bridges_divisions_is_a_share_of_many_or_not_told: ("brokers",),
    test_skills.test_supply_and_demand_are_told_by_skill: ("skill_gap", "gap_closure", "skill_supply"),
    test_skills.test_gaps_are_closed_against_the_first_targets: ("target_drift",),
    test_skills.test_what_rests_on_few_is_told_in_bands: ("knowledge_at_risk",),
    test_api.test_completeness_compares_produced_and_ingested: ("completeness",),
    test_pipeline.test_nineteen_of_twenty_events_are_as_fresh_as_it_says: ("freshness_seconds",),
    test_pipeline.test_what_waits_what_is_parked_and_what_came_twice_are_counted: (
        "outbox_age", "dead_letters", "duplicates", "schema_rejects",
    ),
    test_rebuild.test_a_rebuilt_store_says_what_the_live_one_says: ("rebuild_equality",),
    test_figures.test_the_ratio_is_the_lowest_share_by_the_highest: ("coverage_parity",),
    test_progress_goes_up_or_down: ("goal_progress",),
}  # fmt: skip
"""The tests of what no window of a year has: each is read where everybody reads it."""


def test_every_measure_has_a_value_that_was_worked_out_on_paper() -> None:
    elsewhere = {name for names in ELSEWHERE.values() for name in names}
    assert {*BY_MONTH, *BY_PROGRAMME, *elsewhere} == set(MEASURES)
