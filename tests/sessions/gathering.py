"""Groups that people found, as tests need them."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from tests.sessions.conftest import TODAY, World

MANY = 9000
"""Minutes: so much that no budget stands in the way."""


def workday(offset: int, hour: int = 12) -> datetime:
    """That hour (UTC) of a working day at least so many days ahead."""
    day = TODAY + timedelta(days=offset)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(hour), UTC)


async def found(world: World, founder: UUID, programme: UUID, **changes: Any) -> dict[str, Any]:
    """A group somebody founded."""
    body = {"programme_id": str(programme), "name": "A group", **changes}
    reply = await world.call("POST", "/v1/groups", body, who=founder)
    assert reply.status_code == 201, reply.text
    return reply.json()  # type: ignore[no-any-return]


async def add(world: World, leader: UUID, group: dict[str, Any], starts_at: datetime, **changes: Any) -> UUID:
    """A session of a group, at a time."""
    body = {"starts_at": starts_at.isoformat(), **changes}
    reply = await world.call("POST", f"/v1/groups/{group['group_id']}/sessions", body, who=leader)
    assert reply.status_code == 201, reply.text
    (made,) = reply.json()["session_ids"]
    return UUID(made)


async def fill(world: World, group: dict[str, Any], count: int) -> list[UUID]:
    """So many more people join an open group: its format's least number, say."""
    people = await world.people(count)
    for one in people:
        joined = await world.call("POST", f"/v1/groups/{group['group_id']}/members", who=one)
        assert joined.status_code == 201, joined.text
    return people


async def begin(world: World, session: UUID) -> None:
    """As if it had begun two hours ago."""
    await world.execute(
        "UPDATE sessions SET starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'"
        " WHERE session_id = $1",
        session,
    )


async def attend(world: World, session: UUID, who: list[UUID], by: UUID) -> dict[str, Any]:
    """Everybody was there."""
    entries = [{"person_id": str(one), "state": "attended", "minutes": 30} for one in who]
    reply = await world.call("PUT", f"/v1/sessions/{session}/attendance", {"entries": entries}, who=by)
    assert reply.status_code == 200, reply.text
    return reply.json()  # type: ignore[no-any-return]
