import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.metrics.domain.measures import COUNTED, MEASURES
from services.metrics.policy import POLICY
from shared.auth import ROLES, Allow
from shared.db import Database
from shared.events.base import Event
from shared.events.delivery import TopicReconciled
from tests.fixtures.issuer import Issuer
from tests.metrics.world import PROGRAMME, deliver, goal, held, part, people, person, programme, unit

NOBODYS = "00000000-0000-4000-8000-00000000dead"
OCTOBER = {"starts_on": "2026-10-01", "ends_on": "2026-10-31"}


async def store(db: Database, *events: Event, at: datetime | None = None) -> None:
    async with db.transaction() as conn:
        await deliver(conn, events, at)


async def some_october(db: Database, **changes: Any) -> None:
    crowd, session = people(20), uuid4()
    await store(db, unit("org", "Organization"), unit("sales", "Sales", "org"), programme(**changes))
    await store(db, held(session), *(person(one) for one in crowd))
    await store(db, *(part(session, one) for one in crowd[:15]))


async def read(api: httpx.AsyncClient, issuer: Issuer, path: str, *roles: str, **query: Any) -> Any:
    reply = await api.get(path, params=query, headers=issuer.bearer(*roles or ("analyst",)))
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize(
    "row", [row for row, rule in POLICY.items() if isinstance(rule, Allow) and row.startswith("GET ")]
)
async def test_a_route_is_open_to_its_roles_and_to_no_other(row: str, api: httpx.AsyncClient, issuer: Issuer) -> None:
    path = row.removeprefix("GET ").replace("{name}", "attendance_rate?by=unit")
    path = re.sub(r"\{\w+_id\}", str(PROGRAMME), path)
    rule = POLICY[row]
    assert isinstance(rule, Allow)
    for role in sorted(ROLES):
        reply = await api.get(path, headers=issuer.bearer(role))
        assert reply.status_code in ({200, 404} if role in rule.roles else {403}), role
    assert (await api.get(path)).status_code in {401, 303}


async def test_the_catalogue_defines_every_measure(api: httpx.AsyncClient, issuer: Issuer) -> None:
    items = (await read(api, issuer, "/v1/measures", "employee"))["items"]
    assert {item["name"] for item in items} == set(MEASURES)
    assert all(item["formula"] and item["definition_version"] for item in items)


async def test_every_measure_can_be_read_in_every_way(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await some_october(db)
    for name, measure in COUNTED.items():
        ways = ("none",) if name == "freshness_seconds" else ("none", "unit", "programme", "format", "month")
        for by in ways:
            table = await read(api, issuer, f"/v1/measures/{name}", by=by, **OCTOBER)
            assert (table["measure"], table["by"], table["definition_version"]) == (
                name,
                by,
                measure.definition_version,
            )
            for cell in table["cells"]:
                # Newcomers count when a whole month of them has been here so long.
                counted = cell["window"]["end"] if name.startswith("newcomer") else "2026-11-01"
                assert cell["window"] == {"start": "2026-10-01", "end": counted}
                assert cell["as_of"]
                assert cell["suppressed"] == (name == "top_share"), name  # a tenth of twenty is two people


async def test_a_measure_that_is_read_elsewhere_says_where(api: httpx.AsyncClient, issuer: Issuer) -> None:
    reply = await api.get("/v1/measures/skill_gap", headers=issuer.bearer("analyst"))
    assert (reply.status_code, reply.json()["shown_at"]) == (409, "GET /v1/skills")


async def test_a_cell_carries_its_value_and_what_it_rests_on(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await some_october(db)
    (cell,) = (await read(api, issuer, "/v1/measures/participation_rate", by="unit", **OCTOBER))["cells"]
    assert (cell["group"], cell["label"]) == ("sales", "Sales")
    assert (cell["value"], cell["n"], cell["denominator"], cell["reason"]) == (0.75, 20, 20, None)


async def test_a_manager_reads_by_unit_only(api: httpx.AsyncClient, issuer: Issuer) -> None:
    """R8."""
    path, manager = "/v1/measures/attendance_rate", issuer.bearer("manager")
    assert (await api.get(path, params={"by": "unit"}, headers=manager)).status_code == 200
    assert (await api.get(path, headers=manager)).status_code == 403
    both = issuer.bearer("manager", "analyst")
    assert (await api.get(path, headers=both)).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "person"}, "by"),
        ({"programme_id": "me"}, "programme_id"),
        ({"colour": "red"}, "colour"),
        ({"starts_on": "soon"}, "starts_on"),
        ({"starts_on": "2026-10-02", "ends_on": "2026-10-01"}, "ends_on"),
        ({"starts_on": "1950-01-01", "ends_on": "2026-10-01"}, "starts_on"),
        ({"unit": ""}, "unit"),
        ({"unit": "saels"}, "unit"),
        ({"programme_id": NOBODYS}, "programme_id"),
        ({"starts_on": "2222-01-01", "ends_on": "2222-02-01"}, "starts_on"),
    ],
)
async def test_a_wrong_selection_is_named(
    query: dict[str, str], field: str, api: httpx.AsyncClient, issuer: Issuer
) -> None:
    reply = await api.get("/v1/measures/attendance_rate", params=query, headers=issuer.bearer("analyst"))
    assert reply.status_code == 422
    assert [error["field"] for error in reply.json()["errors"]] == [field]


async def test_an_unknown_measure_is_not_found(api: httpx.AsyncClient, issuer: Issuer) -> None:
    reply = await api.get("/v1/measures/happiness", headers=issuer.bearer("analyst"))
    assert reply.status_code == 404
    assert reply.json()["type"] == "/problems/unknown-measure"


async def test_a_goal_shows_how_far_it_is(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """K1."""
    goals = (
        goal("attendance_rate", 0.5, 1),
        goal("participation_rate", 0.5, 1),
        goal("happiness"),
        goal("sessions_held", 0, 4),
        goal("usefulness", 3, 4),
        goal("learning_hours", 5, 5),
    )
    await some_october(db, goals=goals)
    items = (await read(api, issuer, "/v1/goals", programme_id=str(PROGRAMME)))["items"]
    found = {item["measure"]: (item["current"], item["progress"], item["status"]) for item in items}
    assert found == {
        "attendance_rate": (1, 1, "achieved"),
        "participation_rate": (0.75, 0.5, "off_track"),
        "sessions_held": (1, 0.25, "off_track"),
        "usefulness": (None, None, None),
        "learning_hours": (15, None, None),
    }
    reasons = {item["measure"]: item["reason"] for item in items}
    assert "measured" in reasons["usefulness"]
    assert "same" in reasons["learning_hours"]


async def test_a_goal_of_a_few_people_is_not_shown(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await store(db, programme(goals=(goal(),)), *(part(uuid4(), one) for one in people(4)))
    (item,) = (await read(api, issuer, "/v1/goals"))["items"]
    assert (item["suppressed"], item["current"], item["progress"]) == (True, None, None)
    assert "Fewer than 5" in item["reason"]


async def test_goals_are_paged_by_programme(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await store(db, *(programme(one, goals=(goal(), goal("happiness"))) for one in people(3)))
    await store(db, programme(uuid4(), goals=(goal("happiness"),)), programme(uuid4(), status="draft", goals=(goal(),)))
    seen: list[str] = []
    cursor: dict[str, str | None] = {}
    for _ in range(4):
        page = await read(api, issuer, "/v1/goals", limit=1, **cursor)
        seen += [item["programme_id"] for item in page["items"]]
        cursor = {"cursor": page["next"]}
    assert len(set(seen)) == len(seen) == 3
    assert page["next"] is None
    reply = await api.get("/v1/goals", params={"cursor": "nonsense"}, headers=issuer.bearer("analyst"))
    assert reply.status_code == 422


async def test_freshness_is_the_lag_of_the_last_day(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    nothing = await read(api, issuer, "/v1/freshness", "employee")
    assert nothing == {
        "visible_at": None,
        "last_event_at": None,
        "lag_seconds": {"p50": None, "p95": None, "p99": None},
        "events": 0,
    }
    await store(db, *(person(one) for one in people(98)))
    await store(db, *(person(one) for one in people(2)), at=datetime.now(UTC) - timedelta(hours=2))
    found = await read(api, issuer, "/v1/freshness", "employee")
    assert found["events"] == 100
    assert found["lag_seconds"]["p50"] < 60
    assert 7000 < found["lag_seconds"]["p99"] < 9000
    (cell,) = (await read(api, issuer, "/v1/measures/freshness_seconds"))["cells"]
    assert cell["n"] == 100


async def test_completeness_compares_produced_and_ingested(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    async with db.transaction() as conn:
        for table, records in (("produced", (5, 4)), ("ingested", (5, 3))):
            for topic, count in zip(("directory.people", "sessions.sessions"), records, strict=True):
                await conn.execute(
                    f"INSERT INTO {table} (consumer, topic, day, records) VALUES ('metrics', $1, '2026-10-14', $2)",
                    topic,
                    count,
                )
    first = await read(api, issuer, "/v1/completeness", "operator", limit=1)
    second = await read(api, issuer, "/v1/completeness", "operator", limit=1, cursor=first["next"])
    found = [
        (item["topic"], item["produced"], item["ingested"], item["complete"])
        for item in (*first["items"], *second["items"])
    ]
    assert found == [("directory.people", 5, 5, True), ("sessions.sessions", 4, 3, False)]
    assert second["next"] is None


async def test_reconciliation_says_what_was_looked_for_and_what_was_nowhere(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    said = [("metrics", "sessions.sessions", 9, 1, 8), ("matching", "directory.people", 5, 0, 8)]
    older = ("metrics", "sessions.sessions", 3, 0, 7)
    for service, topic, checked, missing, hour in (*said, older):
        at = datetime(2026, 3, 2, hour, tzinfo=UTC)
        event = TopicReconciled(service=service, topic_name=topic, checked=checked, missing=missing, at=at)
        await store(db, event)
    first = await read(api, issuer, "/v1/reconciliation", "operator", limit=1)
    second = await read(api, issuer, "/v1/reconciliation", "operator", limit=1, cursor=first["next"])
    columns = ("service", "topic", "checked", "missing")
    found = [tuple(item[name] for name in columns) for item in (*first["items"], *second["items"])]
    assert found == [("matching", "directory.people", 5, 0), ("metrics", "sessions.sessions", 9, 1)]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/v1/goals", {"programme_id": NOBODYS}, 422),
        ("/v1/reviews", {"programme_id": NOBODYS}, 422),
        ("/v1/course-gaps", {"programme_id": NOBODYS}, 422),
        (f"/v1/programmes/{NOBODYS}/figures", {}, 404),
    ],
)
async def test_a_programme_nobody_knows_is_not_one_without_anything(
    api: httpx.AsyncClient, issuer: Issuer, path: str, asked: dict[str, str], status: int
) -> None:
    reply = await api.get(path, params=asked, headers=issuer.bearer("analyst"))
    assert reply.status_code == status
    assert [error["field"] for error in reply.json().get("errors", [])] == list(asked)


async def test_a_format_no_programme_has_is_not_one_nobody_came_to(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    path, headers = "/v1/measures/attendance_rate", issuer.bearer("analyst")
    reply = await api.get(path, params={"format": "mentoring"}, headers=headers)
    assert reply.json()["errors"] == [{"field": "format", "message": "is not a format that a programme has"}]
    await store(db, programme(format="job_shadowing", further_formats=("office_hours",)))
    await store(db, programme(version=2, format="mentoring"))
    for known in ("mentoring", "job_shadowing", "office_hours"):
        cell = (await read(api, issuer, path, "analyst", format=known))["cells"][0]
        assert (cell["value"], cell["suppressed"]) == (None, False), known
    reply = await api.get(path, params={"format": "Mentoring"}, headers=headers)
    assert reply.status_code == 422
    there = "is not a format that a programme has: there are job_shadowing, mentoring, office_hours"
    assert reply.json()["errors"] == [{"field": "format", "message": there}]


async def test_whether_anybody_came_does_not_make_a_format_known(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, *(part(uuid4(), somebody, format="duet") for somebody in people(2)))
    reply = await api.get("/v1/measures/attendance_rate", params={"format": "duet"}, headers=issuer.bearer("analyst"))
    assert reply.status_code == 422
