"""What was asked can be read by those it was asked about, and nothing about one person can be asked."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.metrics.app import create_app
from services.metrics.commands.reports import claim, queue_reports
from services.metrics.settings import MetricsSettings
from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, some_october
from tests.metrics.world import PROGRAMME

PEOPLE_TABLES = {"participations", "membership", "spans", "matches", "sessions", "person_skills", "erased_people"}
"""The only tables with a person in them; none of them is what a route reads rows from."""


async def test_what_is_asked_is_written_down_with_its_purpose(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await some_october(db)
    await read(api, issuer, "/v1/measures/attendance_rate", by="unit", purpose="Yearly review", **OCTOBER)
    assert (await api.get("/", headers=issuer.bearer("admin"))).status_code == 200
    page, query = (await read(api, issuer, "/v1/query-log", "employee"))["items"]
    assert (page["what"], page["roles"], page["purpose"]) == ("page /", ["admin"], "not stated")
    assert (query["what"], query["roles"], query["purpose"]) == ("attendance_rate", ["analyst"], "Yearly review")
    assert query["selection"] == {"by": "unit", **OCTOBER}
    first = await read(api, issuer, "/v1/query-log", "employee", limit=1)
    rest = await read(api, issuer, "/v1/query-log", "employee", limit=1, cursor=first["next"])
    assert (first["items"], rest["items"], rest["next"]) == ([page], [query], None)


async def test_goals_reviews_and_declared_figures_are_noted_too(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await some_october(db)
    of = {"programme_id": str(PROGRAMME)}
    await read(api, issuer, "/v1/goals", **of)
    await read(api, issuer, "/v1/reviews")
    await read(api, issuer, f"/v1/programmes/{PROGRAMME}/figures")
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO report_subscriptions (subscription_id, subscriber, email, cadence, next_at, ends_on) "
            "VALUES (gen_random_uuid(), 'me', 'me@example.com', 'weekly', now(), current_date + 9)"
        )
        assert await queue_reports(conn) == 1
        assert len(await claim(conn, 5)) == 1
    noted = (await read(api, issuer, "/v1/query-log", "employee"))["items"]
    assert [(each["what"], each["selection"]) for each in noted] == [
        ("report by mail", {}),
        ("declared figures", of),
        ("reviews", {}),
        ("goals", of),
    ]


def test_no_answer_and_no_question_has_a_place_for_a_person(settings: MetricsSettings) -> None:
    described: Any = create_app(settings).openapi()
    names = {
        *(
            name
            for schema_name, schema in described["components"]["schemas"].items()
            if schema_name not in OWN
            for name in schema.get("properties", ())
        ),
        *(
            parameter["name"]
            for path in described["paths"].values()
            for operation in path.values()
            for parameter in operation.get("parameters", ())
        ),
    }
    assert {"programme_id", "unit", "value"} <= names
    assert not [name for name in names if any(word in name for word in ("person", "member", "email", "employee"))]


OWN = {"NewSubscription", "SubscriptionOut", "Page_SubscriptionOut_"}
"""Where somebody gives their own address for a report, and reads it again: nobody else's is there."""
PATHS = (
    "/v1/measures/attendance_rate", "/v1/goals", "/v1/networks", "/v1/reviews", "/v1/skills", "/v1/knowledge-at-risk",
)  # fmt: skip


@pytest.mark.parametrize("wish", ["person_id", "person", "manager_id", "facilitator_id"])
async def test_a_question_about_one_person_cannot_be_put(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, wish: str
) -> None:
    await some_october(db)
    analyst = issuer.bearer("analyst", "admin")
    for query in ({wish: str(uuid4())}, {"by": wish}):
        for path in (
            "/v1/measures/attendance_rate",
            "/v1/goals",
            "/v1/networks",
            "/v1/reviews",
            "/v1/skills",
            "/v1/knowledge-at-risk",
        ):
            reply = await api.get(path, params=query, headers=analyst)
            assert reply.status_code == 422, (path, query)


async def test_no_table_beside_the_facts_has_a_column_for_a_person(db: Database) -> None:
    async with db.acquire() as conn:
        found = await conn.fetch(
            "SELECT DISTINCT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND column_name ~ '(person|member|facilitator)_ids?$'"
        )
    tables = {row["table_name"] for row in found if not row["table_name"].startswith("participations_")}
    assert tables >= PEOPLE_TABLES
    for told in (
        "releases",
        "networks",
        "network_cells",
        "skill_cells",
        "reviews",
        "feedback",
        "check_ins",
        "query_log",
    ):
        assert told not in tables
