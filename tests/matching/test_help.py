"""Who can help with X: nearest first, wider in time, the first offer measured, nobody named who did not offer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain import help as domain
from services.matching.domain.help import HelpRequest
from services.matching.engine.round import VERSION
from services.matching.timers import TIMERS
from shared.events.directory import PersonChanged, PersonErased, SkillChanged
from shared.events.matching import HelpClosed, HelpOffered, HelpRequested
from shared.refusal import Refused
from tests.matching.conftest import Caller, World
from tests.matching.test_upkeep import changed
from tests.matching.world import PIANO, RUST, person, teacher, today

FAR: dict[str, Any] = {"unit_code": "U9", "unit_path": ("ROOT", "D9", "U9")}
NEAR: dict[str, Any] = {"unit_code": "U2", "unit_path": ("ROOT", "D1", "U2")}


async def known(world: World, *people: PersonChanged) -> None:
    await world.hear(SkillChanged(skill_id=RUST, version=1, label="Rust"))
    await world.hear(*people)


async def ask(call: Caller, asker: PersonChanged, **changes: object) -> dict[str, Any]:
    body = {"skill_id": RUST, "question": "Who owns this borrow?", "within_hours": 8, **changes}
    answer = await call("POST", "/v1/help-requests", person=asker.person_id, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def asked(world: World, request: dict[str, Any]) -> set[UUID]:
    rows = await world.fetch("SELECT person_id FROM help_asks WHERE request_id = $1", UUID(request["request_id"]))
    return {row["person_id"] for row in rows}


async def later(world: World) -> int:
    """The timer, after the circle's time is over."""
    await world.execute("UPDATE help_requests SET next_step_at = now() WHERE state = 'open'")
    timer = next(timer for timer in TIMERS if timer.name == "widen-help-requests")
    async with world.db.transaction() as conn:
        return await timer.run(conn)


async def test_the_nearest_are_asked_first_and_wider_circles_in_time(world: World, call: Caller) -> None:
    """P3."""
    asker, mate, near, far = person(), teacher(), teacher(**NEAR), teacher(**FAR)
    away, low, apart = teacher(status="leave"), teacher(level=0), teacher(not_with=(asker.person_id,))
    await known(world, asker, mate, near, far, away, low, apart, teacher(skill=PIANO))
    request = await ask(call, asker)
    assert (request["circle"], request["state"], request["asked"], request["skill"]) == ("unit", "open", 1, "Rust")
    assert request["engine"] == VERSION
    assert await asked(world, request) == {mate.person_id}
    assert await later(world) == 1
    assert await asked(world, request) == {mate.person_id, near.person_id}
    assert await later(world) == 1
    assert await asked(world, request) == {mate.person_id, near.person_id, far.person_id}
    path = f"/v1/help-requests/{request['request_id']}"
    assert (await call("GET", path, person=asker.person_id)).json()["circle"] == "everybody"
    assert await later(world) == 1
    assert len(await asked(world, request)) == 3
    timer = next(timer for timer in TIMERS if timer.name == "widen-help-requests")
    async with world.db.transaction() as conn:
        assert await timer.run(conn) == 0


async def test_the_first_offer_is_measured_and_names_nobody(world: World, call: Caller) -> None:
    """K17."""
    asker, one, other, third = person(), teacher(), teacher(), teacher()
    await known(world, asker, one, other, third)
    request = await ask(call, asker)
    path = f"/v1/help-requests/{request['request_id']}"
    seen = (await call("GET", path, person=one.person_id)).json()
    assert (seen["your_answer"], seen["asked"], seen["offers"]) == ("asked", None, [])
    assert (await call("POST", f"{path}/pass", person=third.person_id)).json()["your_answer"] == "passed"
    for helper in (one, other, one):
        assert (await call("POST", f"{path}/offer", person=helper.person_id)).json()["your_answer"] == "offered"
    (offered,) = await world.said(HelpOffered)
    assert (offered["circle"], offered["seconds"] >= 0) == ("unit", True)
    mine = (await call("GET", path, person=asker.person_id)).json()
    assert {offer["person_id"] for offer in mine["offers"]} == {str(one.person_id), str(other.person_id)}
    assert mine["asked"] == 3
    choice = {"person_id": str(one.person_id)}
    assert (await call("POST", f"{path}/accept", person=other.person_id, json=choice)).status_code == 404
    unoffered = {"person_id": str(third.person_id)}
    assert (await call("POST", f"{path}/accept", person=asker.person_id, json=unoffered)).status_code == 409
    done = (await call("POST", f"{path}/accept", person=asker.person_id, json=choice)).json()
    assert (done["state"], done["helper_id"]) == ("accepted", str(one.person_id))
    assert (await call("POST", f"{path}/accept", person=asker.person_id, json=choice)).status_code == 200
    (closed,) = await world.said(HelpClosed)
    assert (closed["outcome"], closed["seconds_to_first_offer"]) == ("accepted", offered["seconds"])
    late = await call("POST", f"{path}/pass", person=other.person_id)
    assert (late.status_code, late.json()["state"]) == (409, "accepted")
    assert (await call("GET", path, person=other.person_id)).json()["helper_id"] is None
    told = str([*await world.said(HelpRequested), offered, closed])
    assert not any(str(who.person_id) in told for who in (asker, one, other, third))


async def test_when_nobody_is_left_who_may_answer_others_are_asked_at_once(world: World, call: Caller) -> None:
    asker, mate, far = person(), teacher(), teacher(**FAR)
    await known(world, asker, mate, far)
    request = await ask(call, asker)
    path = f"/v1/help-requests/{request['request_id']}"
    await call("POST", f"{path}/pass", person=mate.person_id)
    assert await asked(world, request) == {mate.person_id, far.person_id}
    await call("POST", f"{path}/offer", person=far.person_id)
    body = {"person_id": str(far.person_id)}
    declined = await call("POST", f"{path}/decline", person=asker.person_id, json=body)
    assert (declined.json()["state"], declined.json()["offers"][0]["state"]) == ("open", "declined")
    again = await call("POST", f"{path}/offer", person=far.person_id)
    assert (again.status_code, again.json()["state"]) == (409, "declined")


async def test_the_board_is_for_those_who_know_the_skill(world: World, call: Caller) -> None:
    """P3."""
    asker = person()
    crowd = [teacher() for _ in range(4)]
    apart = teacher(not_with=(asker.person_id,))
    pianist = teacher(skill=PIANO)
    await known(world, asker, apart, pianist, *crowd)
    request = await ask(call, asker)
    first = await asked(world, request)
    (volunteer,) = (one for one in crowd if one.person_id not in first)
    path = f"/v1/help-requests/{request['request_id']}"
    board = "/v1/help-requests?view=board"
    assert (await call("GET", board, person=volunteer.person_id)).json()["items"] == []
    assert (await call("POST", f"{path}/offer", person=volunteer.person_id)).status_code == 404
    await world.execute("UPDATE help_requests SET circle = 'everybody'")
    (shown,) = (await call("GET", board, person=volunteer.person_id)).json()["items"]
    assert shown["request_id"] == request["request_id"]
    for who in (apart, pianist, asker):
        assert (await call("GET", board, person=who.person_id)).json()["items"] == []
        assert (await call("POST", f"{path}/offer", person=who.person_id)).status_code == 404
    assert (await call("POST", f"{path}/offer", person=volunteer.person_id)).status_code == 200
    assert (await call("GET", board, person=volunteer.person_id)).json()["items"] == []
    (mine,) = (await call("GET", "/v1/help-requests?view=asked", person=volunteer.person_id)).json()["items"]
    assert mine["your_answer"] == "offered"


async def test_a_request_expires_or_is_withdrawn(world: World, call: Caller) -> None:
    asker = person()
    await known(world, asker)
    first, second = await ask(call, asker), await ask(call, asker)
    assert (first["asked"], first["circle"]) == (0, "everybody")
    withdrawn = f"/v1/help-requests/{second['request_id']}/withdraw"
    for _ in range(2):
        assert (await call("POST", withdrawn, person=asker.person_id)).json()["state"] == "withdrawn"
    await world.execute("UPDATE help_requests SET expires_at = now()")
    assert await later(world) == 1
    assert [event["outcome"] for event in await world.said(HelpClosed)] == ["withdrawn", "expired"]
    states = (await call("GET", "/v1/help-requests?limit=1", person=asker.person_id)).json()
    assert [one["state"] for one in states["items"]] == ["withdrawn"]
    rest = (await call("GET", f"/v1/help-requests?cursor={states['next']}", person=asker.person_id)).json()
    assert [one["state"] for one in rest["items"]] == ["expired"]
    late = await call("POST", f"/v1/help-requests/{first['request_id']}/withdraw", person=asker.person_id)
    assert (late.status_code, late.json()["state"]) == (409, "expired")


async def test_who_leaves_or_is_erased_is_out_of_every_request(world: World, call: Caller) -> None:
    asker, mate, far, gone = person(), teacher(), teacher(**FAR), person()
    await known(world, asker, mate, far, gone)
    mine, theirs = await ask(call, asker), await ask(call, gone)
    await world.hear(changed(mate, status="leave"), changed(gone, status="left"))
    (closed,) = await world.said(HelpClosed)
    assert (closed["request_id"], closed["outcome"]) == (theirs["request_id"], "withdrawn")
    assert await later(world) == 1
    assert far.person_id in await asked(world, mine)
    await world.hear(PersonErased(person_id=far.person_id), PersonErased(person_id=gone.person_id))
    rows = await world.fetch("SELECT help_requests::text AS whole FROM help_requests")
    rows += await world.fetch("SELECT help_asks::text AS whole FROM help_asks")
    assert not any(str(who) in row["whole"] for row in rows for who in (far.person_id, gone.person_id))


async def test_impossible_requests_are_refused(world: World, call: Caller) -> None:
    asker, away = person(), person(status="leave")
    await known(world, asker, away)
    body = {"skill_id": RUST}
    unknown = await call("POST", "/v1/help-requests", person=asker.person_id, json={"skill_id": "skill/none"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "skill_id")
    assert (await call("POST", "/v1/help-requests", person=uuid4(), json=body)).status_code == 404
    assert (await call("POST", "/v1/help-requests", json=body)).status_code == 404
    refused = await call("POST", "/v1/help-requests", person=away.person_id, json=body)
    assert (refused.status_code, refused.json()["state"]) == (409, "leave")
    for _ in range(5):
        await ask(call, asker)
    many = await call("POST", "/v1/help-requests", person=asker.person_id, json=body)
    assert (many.status_code, many.json()["type"]) == (409, "/problems/too-many-open")


async def test_figures_are_of_enough_people_or_of_none(world: World, call: Caller) -> None:
    askers, helper = [person() for _ in range(6)], teacher(capacity=9)
    await known(world, *askers, helper)
    for number, asker in enumerate(askers[:5]):
        found = (await call("GET", "/v1/help-figures", "analyst")).json()
        assert (found["requests"], found["hours_to_first_offer"]) == (None, None), number
        request = await ask(call, asker)
        await call("POST", f"/v1/help-requests/{request['request_id']}/offer", person=helper.person_id)
    await world.execute(
        "UPDATE help_requests SET created_at = date_trunc('week', now(), 'UTC') - interval '1 day',"
        " first_offer_at = date_trunc('week', now(), 'UTC') - interval '22 hours'"
    )
    await ask(call, askers[5])
    found = (await call("GET", f"/v1/help-figures?skill_id={RUST}", "analyst")).json()
    assert (found["requests"], found["offered"], found["hours_to_first_offer"]) == (5, 5, {"p50": 2.0, "p90": 2.0})
    await world.execute("UPDATE help_requests SET created_at = created_at - interval '7 days'")
    found = (await call("GET", "/v1/help-figures?days=28", "analyst")).json()
    assert (found["requests"], found["offered"], found["accepted"], found["open"]) == (6, None, None, 6)
    assert (await call("GET", "/v1/help-figures?days=29", "analyst")).status_code == 422


def apart(asker: PersonChanged, *helpers: PersonChanged, by_asker: bool) -> list[PersonChanged]:
    if by_asker:
        return [changed(asker, not_with=tuple(one.person_id for one in helpers))]
    return [changed(one, not_with=(asker.person_id,)) for one in helpers]


async def offered(call: Caller, asker: PersonChanged, helper: PersonChanged) -> str:
    path = f"/v1/help-requests/{(await ask(call, asker))['request_id']}"
    assert (await call("POST", f"{path}/offer", person=helper.person_id)).status_code == 200
    return path


@pytest.mark.parametrize("by_asker", [True, False])
async def test_the_asker_finds_the_offer_of_who_is_kept_from_them_gone_as_any_other(
    world: World, call: Caller, by_asker: bool
) -> None:
    asker, leaving, wishing, far = person(), teacher(), teacher(**NEAR), teacher(**FAR)
    await known(world, asker, leaving)
    paths = [await offered(call, asker, leaving)]
    await world.hear(changed(leaving, status="leave"))
    await world.hear(wishing)
    paths.append(await offered(call, asker, wishing))
    assert len((await call("GET", paths[1], person=asker.person_id)).json()["offers"]) == 1
    await world.hear(*apart(asker, wishing, by_asker=by_asker))
    seen = [(await call("GET", path, person=asker.person_id)).json() for path in paths]
    assert [(one["state"], one["offers"], one["asked"], one["version"]) for one in seen] == [("open", [], 1, 4)] * 2
    for act in ("accept", "decline"):
        refused = [
            await call("POST", f"{path}/{act}", person=asker.person_id, json={"person_id": str(who.person_id)})
            for path, who in zip(paths, (leaving, wishing), strict=True)
        ]
        assert [(one.status_code, one.json()["state"]) for one in refused] == [(409, "released")] * 2
    await world.hear(far)
    timer = next(timer for timer in TIMERS if timer.name == "widen-help-requests")
    async with world.db.transaction() as conn:
        assert await timer.run(conn) == 2
    assert [(await call("GET", path, person=asker.person_id)).json()["asked"] for path in paths] == [
        2,
        2,
    ]  # others are asked at once


async def test_no_offer_of_who_is_kept_from_the_asker_is_shown(world: World, call: Caller) -> None:
    """A wish that came in while the offer did, so that neither saw the other."""
    asker, one = person(), teacher()
    await known(world, asker, one)
    path = await offered(call, asker, one)
    await world.execute("UPDATE people SET not_with = $2 WHERE person_id = $1", one.person_id, [asker.person_id])
    assert (await call("GET", path, person=asker.person_id)).json()["offers"] == []
    for act in ("accept", "decline"):
        answer = await call("POST", f"{path}/{act}", person=asker.person_id, json={"person_id": str(one.person_id)})
        assert (answer.status_code, answer.json()["state"]) == (409, "released")
    (seen,) = (await call("GET", f"{ASKED}&state=withdrawn", person=one.person_id)).json()["items"]
    assert (seen["state"], seen["your_answer"]) == ("withdrawn", "released")
    assert (await call("GET", f"{ASKED}&state=open", person=one.person_id)).json()["items"] == []


ASKED = "/v1/help-requests?view=asked"


@pytest.mark.parametrize("by_asker", [True, False])
async def test_who_is_kept_from_the_asker_finds_the_request_withdrawn_as_any_other(
    world: World, call: Caller, by_asker: bool
) -> None:
    asker, one, two, third, far = person(), teacher(), teacher(), teacher(), teacher(**FAR)
    await known(world, asker, one, two, third, far)
    wished, withdrawn = [f"/v1/help-requests/{(await ask(call, asker))['request_id']}" for _ in range(2)]
    for path in (wished, withdrawn):
        await call("POST", f"{path}/pass", person=two.person_id)
    assert (await call("POST", f"{withdrawn}/withdraw", person=asker.person_id)).status_code == 200
    await world.hear(*apart(asker, one, two, by_asker=by_asker))

    async def alike(who: PersonChanged, answer: str) -> None:
        seen = [(await call("GET", path, person=who.person_id)).json() for path in (wished, withdrawn)]
        times = "request_id", "created_at", "expires_at"
        assert len({str({**each, **dict.fromkeys(times)}) for each in seen}) == 1, seen
        assert (seen[0]["state"], seen[0]["your_answer"]) == ("withdrawn", answer)
        assert (await call("GET", f"{ASKED}&state=withdrawn", person=who.person_id)).json()["items"] == seen[::-1]
        for state in ("open", "accepted", "expired"):
            assert (await call("GET", f"{ASKED}&state={state}", person=who.person_id)).json()["items"] == []
        for act in ("offer", "pass"):
            answers = [await call("POST", f"{path}/{act}", person=who.person_id) for path in (wished, withdrawn)]
            assert len({(each.status_code, each.json().get("state")) for each in answers}) == 1, act

    await alike(one, "released")
    await alike(two, "passed")
    # What becomes of it is not theirs to see: it is asked of more people, offered, accepted.
    await call("POST", f"{wished}/pass", person=third.person_id)
    assert far.person_id in await asked(world, {"request_id": wished.rpartition("/")[2]})
    await call("POST", f"{wished}/offer", person=far.person_id)
    await alike(one, "released")
    body = {"person_id": str(far.person_id)}
    assert (await call("POST", f"{wished}/accept", person=asker.person_id, json=body)).json()["state"] == "accepted"
    await alike(one, "released")
    await alike(two, "passed")


async def test_a_wish_of_who_passed_changes_nothing_for_the_asker(world: World, call: Caller) -> None:
    asker, one, other = person(), teacher(), teacher()
    await known(world, asker, one, other)
    path = f"/v1/help-requests/{(await ask(call, asker))['request_id']}"
    await call("POST", f"{path}/pass", person=one.person_id)
    before = (await call("GET", path, person=asker.person_id)).json()
    await world.hear(*apart(asker, one, by_asker=False))
    assert (await call("GET", path, person=asker.person_id)).json() == before


async def test_what_was_over_before_a_wish_stays_as_it_was_seen(world: World, call: Caller) -> None:
    asker, one, other = person(), teacher(), teacher()
    await known(world, asker, one, other)
    path = await offered(call, asker, other)
    await call("POST", f"{path}/accept", person=asker.person_id, json={"person_id": str(other.person_id)})
    before = [(await call("GET", path, person=who.person_id)).json() for who in (asker, one, other)]
    await world.hear(*apart(asker, one, other, by_asker=True))
    assert [(await call("GET", path, person=who.person_id)).json() for who in (asker, one, other)] == before


async def test_whoever_would_not_be_asked_neither_sees_the_board_nor_offers(world: World, call: Caller) -> None:
    """P3."""
    asker = person(manager_id=(above := teacher()).person_id)
    low, speechless = teacher(level=2), teacher(languages=("xx",))
    paused, below = teacher(paused_until=today() + timedelta(days=1)), teacher(manager_id=asker.person_id)
    back = teacher(paused_until=today())
    await known(world, asker)
    request = await ask(call, asker, level=2)
    await known(world, above, low, speechless, paused, below, back)
    path, board = f"/v1/help-requests/{request['request_id']}", "/v1/help-requests?view=board"
    for who in (above, low, speechless, paused, below):
        assert (await call("GET", board, person=who.person_id)).json()["items"] == []
        assert (await call("GET", path, person=who.person_id)).status_code == 404
        assert (await call("POST", f"{path}/offer", person=who.person_id)).status_code == 404
    (shown,) = (await call("GET", board, person=back.person_id)).json()["items"]
    assert shown == (await call("GET", path, person=back.person_id)).json()
    assert (await call("POST", f"{path}/offer", person=back.person_id)).status_code == 200


@pytest.mark.parametrize("how", ["withdrawn", "expired", "apart"])
async def test_what_leaves_the_board_leaves_it_the_same_way(world: World, call: Caller, how: str) -> None:
    asker, one = person(), teacher()
    await known(world, asker)
    request = await ask(call, asker)
    await world.hear(one)
    path = f"/v1/help-requests/{request['request_id']}"
    assert (await call("GET", path, person=one.person_id)).status_code == 200
    if how == "apart":
        await world.hear(changed(asker, not_with=(one.person_id,)))
    elif how == "withdrawn":
        await call("POST", f"{path}/withdraw", person=asker.person_id)
    else:
        await world.execute("UPDATE help_requests SET expires_at = now()")
    assert (await call("GET", "/v1/help-requests?view=board", person=one.person_id)).json()["items"] == []
    assert (await call("GET", path, person=one.person_id)).status_code == 404
    assert (await call("POST", f"{path}/offer", person=one.person_id)).status_code == 404


PEOPLE = [UUID(int=number) for number in range(3)]
ACTS = st.lists(
    st.tuples(st.sampled_from(["offer", "pass", "accept", "decline"]), st.sampled_from(PEOPLE)), max_size=12
)


@given(ACTS)
def test_whatever_is_said_at_most_one_helps_and_nothing_follows_the_end(acts: list[tuple[str, UUID]]) -> None:
    now = datetime.now(UTC)
    soon = now + timedelta(hours=1)
    request = HelpRequest(
        UUID(int=9), 1, UUID(int=8), RUST, 0, None, "unit", "open", None, now, soon, soon, None,
        tuple(domain.Ask(one, "asked") for one in PEOPLE),
    )  # fmt: skip
    steps = {"offer": domain.offered, "pass": domain.passed, "accept": domain.chosen, "decline": domain.refused}
    for act, who in acts:
        before = request
        try:
            request = steps[act](request, who, now)
        except Refused:
            assert request is before
        if before.state == "accepted":
            assert request == before
        helping = [ask.person_id for ask in request.asks if ask.state == "accepted"]
        assert helping == ([request.helper_id] if request.state == "accepted" else [])
        assert request.first_offer_at == (before.first_offer_at or request.first_offer_at)
        assert request.state == "open" or not request.waiting
