from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.db import Database
from shared.events.follow_up import FormItem, PairedAnswer, SurveyPaired
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.world import PROGRAMME, goal, held, part, people, person, programme, unit

REVIEW = {
    "programme_id": str(PROGRAMME),
    "measure": "attendance_rate",
    "finding": "Many stay away on Fridays.",
    "change": "Sessions move to Tuesday.",
    "changed_on": "2026-09-10",
    "measure_on": "2026-10-31",
}


async def sessions(db: Database, month: int, came: int, away: int) -> None:
    start, session, crowd = datetime(2026, month, 14, 9, tzinfo=UTC), uuid4(), people(came + away)
    await store(db, *(person(one) for one in crowd), held(session, starts_at=start))
    facts = [part(session, one, session_starts_at=start) for one in crowd[:came]]
    missed = [part(session, one, session_starts_at=start, state="no_show", minutes=0) for one in crowd[came:]]
    await store(db, *facts, *missed)


async def begin(api: httpx.AsyncClient, issuer: Issuer, **changes: Any) -> httpx.Response:
    return await api.post("/v1/reviews", json=REVIEW | changes, headers=issuer.bearer("programme-owner"))


async def test_a_cycle_compares_the_months_before_the_change_with_those_after(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """K9."""
    await store(db, unit("org", "Org"), unit("sales", "Sales", "org"), programme(starts_on=date(2026, 6, 1)))
    await sessions(db, 7, 0, 20)
    await sessions(db, 8, 10, 10)
    await sessions(db, 9, 0, 20)
    await sessions(db, 10, 15, 5)
    begun = await begin(api, issuer)
    assert begun.status_code == 201, begun.text
    (review,) = (await read(api, issuer, "/v1/reviews", programme_id=str(PROGRAMME)))["items"]
    assert review == begun.json()
    assert (review["before"]["value"], review["after"]["value"], review["difference"]) == (0.5, 0.75, 0.25)
    assert (review["state"], review["claim"]) == ("due", "no causal claim")
    path, owner = f"/v1/reviews/{review['review_id']}", issuer.bearer("programme-owner")
    body = {"conclusion": "It stays on Tuesday."}
    assert (await api.patch(path, json=body, headers=owner)).status_code == 428
    done = await api.patch(path, json=body, headers={**owner, "If-Match": begun.headers["etag"]})
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (200, "concluded", 2)
    async with db.acquire() as conn:  # counted again from nothing, and of other facts
        await conn.execute("DELETE FROM releases; DELETE FROM editions")
    await sessions(db, 10, 0, 20)
    (kept,) = (await read(api, issuer, "/v1/reviews"))["items"]
    assert kept == done.json()
    again = await api.patch(path, json=body, headers={**owner, "If-Match": done.headers["etag"]})
    assert (again.status_code, again.json()["state"]) == (409, "concluded")


async def test_a_number_about_few_is_hidden_in_a_review_too(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, unit("org", "Org"), unit("sales", "Sales", "org"), programme(starts_on=date(2026, 6, 1)))
    await sessions(db, 8, 2, 1)
    await sessions(db, 10, 8, 2)
    review = (await begin(api, issuer)).json()
    assert (review["before"]["suppressed"], review["before"]["value"], review["before"]["n"]) == (True, None, None)
    assert (review["after"]["value"], review["difference"]) == (0.8, None)


async def test_before_its_day_a_cycle_has_no_second_number_and_no_conclusion(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    await store(db, programme())
    day = datetime.now(UTC).date()
    begun = await begin(api, issuer, changed_on=str(day), measure_on=str(day + timedelta(days=63)))
    assert (begun.json()["state"], begun.json()["after"]) == ("planned", None)
    reply = await api.patch(
        f"/v1/reviews/{begun.json()['review_id']}",
        json={"conclusion": "Too early."},
        headers={**issuer.bearer("admin"), "If-Match": begun.headers["etag"]},
    )
    assert (reply.status_code, reply.json()["state"]) == (409, "planned")


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"measure": "wishes"}, 422, "measure"),
        ({"measure": "freshness_seconds"}, 422, "measure"),
        ({"measure": "newcomer_ties_30"}, 422, "measure"),
        ({"measure_on": "2026-09-30"}, 422, "measure_on"),
        ({"measure_on": "2026-10-30"}, 422, "measure_on"),
        ({"measure_on": "2036-09-30"}, 422, "measure_on"),
        ({"finding": ""}, 422, "finding"),
        ({"programme_id": str(uuid4())}, 422, "programme_id"),
    ],
)
async def test_a_wrong_cycle_is_refused_with_the_field(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, changes: dict[str, str], status: int, words: str
) -> None:
    await store(db, programme())
    reply = await begin(api, issuer, **changes)
    assert reply.status_code == status, reply.text
    assert words in reply.text


def survey(arm: str, before: int, *after: int, survey_id: UUID = PROGRAMME) -> SurveyPaired:
    """Twelve pairs of one item, from one survey."""
    return SurveyPaired(
        survey_id=survey_id,
        programme_id=PROGRAMME,
        arm=arm,
        released_on=date(2026, 10, 31),
        items=(FormItem(code="shares", reverse=False),),
        asked=20,
        before=12,
        after=12,
        pairs=tuple(PairedAnswer(before=(before,), after=(score,)) for score in after),
    )


async def test_a_goal_claims_a_cause_only_beside_a_control_group(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    goals = (goal("behaviour_change", target=2), goal())
    await store(db, programme(goals=goals), survey("participants", 2, *(4, 3) * 6))
    for each in (await read(api, issuer, "/v1/goals"))["items"]:
        assert (each["effect"], each["claim"]) == (None, "no causal claim")
    await store(db, survey("waitlist", 2, *(3, 2) * 6))
    change, attendance = (await read(api, issuer, "/v1/goals"))["items"]
    assert (change["current"], change["effect"]) == (1.5, 1.0)
    assert change["claim"] == "difference in differences, waitlist as control group"
    assert attendance["claim"] == "no causal claim"


async def test_a_survey_is_no_control_group_of_another(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await store(db, programme(goals=(goal("behaviour_change", target=2),)), survey("participants", 1, *(4, 5) * 6))
    other = {"survey_id": uuid4()}
    await store(db, survey("participants", 2, *(2, 3) * 6, **other), survey("waitlist", 2, *(2, 3) * 6, **other))
    (change,) = (await read(api, issuer, "/v1/goals"))["items"]
    assert (change["current"], change["effect"]) == (2, 0)
