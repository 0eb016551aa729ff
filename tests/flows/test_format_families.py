"""The other formats, a family at a time: from programme to feedback and to the topic, through HTTP and Kafka alone."""

import asyncio
from datetime import datetime, timedelta

import pytest

from deploy.local.audit_broker import messages_on
from deploy.local.story.client import eventually
from services.sessions.domain.requirements import OF_ONE_SESSION
from shared.events.sessions import SessionHeld
from tests.flows.conftest import OWNER, Company, employee
from tests.flows.test_formats_live import attend, crew, do, found, give_feedback, state_of, workday

pytestmark = pytest.mark.real_broker
FAMILIES: dict[str, dict[str, tuple[str, ...]]] = {
    "circles": {
        "peer_discussion": ("participant",) * 3,
        "mentoring_circle": ("participant",) * 4,
        "critique_group": ("participant",) * 3,
        "practice_feedback_adjust": ("participant",) * 2,
        "group_reflection": ("participant",) * 3,
    },
    "pairs": {
        "mentoring": ("teacher", "learner"),
        "coaching": ("teacher", "learner"),
        "rotation": ("learner", "teacher"),
        "onboarding_buddy": ("buddy", "newcomer"),
        "newcomer_introductions": ("newcomer", "participant"),
    },
    "full_rooms": {
        "lunch_and_learn": ("participant",) * 3,
        "peer_workshop": ("teacher", *("participant",) * 3),
        "teach_one_thing": ("teacher", "participant"),
        "networking_event": ("participant",) * 6,
    },
    "standing_groups": {
        "online_workgroup": ("participant",) * 3,
        "discussion_forum": ("participant",) * 3,
        "study_group": ("participant",) * 3,
        "peer_authored_content": ("participant",) * 2,
        "peer_review": ("participant",) * 3,
        "cohort": ("participant",) * 4,
    },
}
"""Each format with the roles its people have in the match, who founds the group first."""
QUESTIONS = {"reaction": 3, "critique": 3, "debrief": 3, "pulse": 2, "none": 0}


async def supply(company: Company, group: str, session: str, people: list[str], kind: str) -> None:
    """Bring what a session still lacks."""
    content = {"content": f"The {kind.replace('_', ' ')}: https://wiki.example/{kind}"}
    if kind == "agreement":
        for one in people:
            await do(company, one, "POST", f"/v1/groups/{group}/acknowledgements", {"rules_version": 1})
    elif kind == "rooms":
        await do(company, people[0], "PUT", f"/v1/sessions/{session}/rooms", {"size": 3, "rounds": 2})
    elif kind == "certificate":
        await do(company, OWNER, "PUT", f"/v1/groups/{group}/artefacts/{kind}", content)
    elif kind in OF_ONE_SESSION:
        await do(company, people[0], "PUT", f"/v1/sessions/{session}/artefacts/{kind}", content)
    else:
        await do(company, people[0], "PUT", f"/v1/groups/{group}/artefacts/{kind}", content)


async def story(company: Company, format_: str, roles: tuple[str, ...], people: list[str], starts_at: datetime) -> str:
    """A programme of this format, a group, a session that took place, and feedback; returns the session."""
    formats = await company.services.all(employee(people[0]), "sessions", "/v1/formats")
    shape = next(one for one in formats if one["name"] == format_)
    rules = {name: shape[name] for name in ("group_size_min", "group_size_max", "session_minutes")}
    programme = await company.programme(format=format_, **rules)
    members = [{"person_id": one, "role": role} for one, role in zip(people[1:], roles[1:], strict=True)]
    group = await found(company, programme, people, role=roles[0], members=members)
    path = f"/v1/groups/{group['group_id']}/sessions"
    (session,) = (await do(company, people[0], "POST", path, {"starts_at": starts_at.isoformat()}))["session_ids"]
    lacking = await company.services.get(employee(people[0]), "sessions", f"/v1/sessions/{session}/requirements")
    expected = "scheduled" if lacking["missing"] else "held"
    assert await attend(company, session, people, group["facilitator_id"] or people[0]) == expected, format_
    for kind in lacking["missing"]:
        assert await state_of(company, session) == "scheduled", (format_, kind)
        await supply(company, group["group_id"], session, people, kind)
    assert await state_of(company, session) == "held", format_
    assert await give_feedback(company, session, people) == QUESTIONS[shape["feedback_form"]], format_
    return str(session)


def held_on_the_topic(company: Company) -> set[str]:
    """What an outside reader of the topic sees as held."""
    return {
        (message.key() or b"").decode()
        for message in messages_on(company.stack["kafka_bootstrap"], SessionHeld.topic)
        if ("ce_type", SessionHeld.event_type.encode()) in (message.headers() or [])
    }


@pytest.mark.usefixtures("buddies")  # hires are welcomed by the oldest programme: it must not be one of these
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_family_of_formats_goes_from_programme_to_feedback(family: str, company: Company) -> None:
    """F1, F3, F15, F17, F19, F20, F22."""
    crowd = [str(card["person_id"]) for card in await crew(company, 30)]
    offset = 6 * list(FAMILIES).index(family)
    held: set[str] = set()
    morning = datetime.fromisoformat(workday(company, -10)) - timedelta(hours=6)
    for number, (format_, roles) in enumerate(FAMILIES[family].items()):
        people, starts_at = crowd[offset : offset + len(roles)], morning + timedelta(hours=3 * number)
        held.add(await story(company, format_, roles, people, starts_at))

    async def told() -> bool | None:
        return held <= await asyncio.to_thread(held_on_the_topic, company) or None

    await eventually(f"{family} on the topic", told)
