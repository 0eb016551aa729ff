"""What people leave for others, as tests need it."""

from typing import Any
from uuid import UUID

from shared.events.directory import SkillChanged
from tests.sessions.conftest import PAST, World
from tests.sessions.events import circle

SKILL, OTHER = "skill:migration", "skill:speaking"
RESOURCE = {"kind": "resource", "title": "How to migrate", "text": "Step by step", "link": "https://wiki.example/m"}
CHALLENGE = {
    "kind": "challenge", "title": "Slow bills", "text": "They take a week", "context": "Two systems",
    "desired_result": "A day",
}  # fmt: skip
SKILLS = (
    SkillChanged(skill_id=SKILL, version=1, label="Database migration"),
    SkillChanged(skill_id=OTHER, version=1, label="Speaking in public"),
)


async def leave(world: World, who: UUID, body: Any, **changes: Any) -> dict[str, Any]:
    reply = await world.call("POST", "/v1/knowledge", {**body, **changes}, who=who)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def search(world: World, who: UUID, query: str = "") -> list[str]:
    reply = await world.call("GET", f"/v1/knowledge?{query}", who=who)
    assert reply.status_code == 200, reply.text
    return [item["title"] for item in reply.json()["items"]]


async def run(world: World, timer: Any) -> int:
    async with world.db.transaction() as conn:
        return int(await timer(conn))


async def attended(world: World, level: str) -> tuple[UUID, list[UUID], UUID]:
    """A session of a programme that is so confidential, its people and its group."""
    people = await world.people(4)
    programme = await world.programme(**PAST, confidentiality=level, group_size_min=4, group_size_max=8)
    await world.hear(circle(programme, people, None))
    ((session, group),) = await world.fetch(
        "SELECT session_id, group_id FROM sessions WHERE programme_id = $1 LIMIT 1", programme
    )
    return session, people, group
