"""Links for newcomers, ticked off by themselves; questions that courses leave open."""

from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.domain.onboarding import MOST_LINKS, TooManyLinks, UnknownLink, place_of
from services.sessions.domain.session import UnknownSession
from services.sessions.queries.onboarding import check_sees
from services.sessions.store import programmes
from shared import outbox, sql
from shared.db import Connection
from shared.events.follow_up import CourseGapCounted
from shared.events.knowledge import Stage
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "onboarding")


async def add_link(
    conn: Connection, programme_id: UUID, stage: Stage, title: str, url: str, place: int | None
) -> dict[str, Any]:
    """A link of a programme, the last of its stage unless a place is said. Raises UnknownProgramme, TooManyLinks."""
    await programmes.lock(conn, programme_id)
    there = await conn.fetchval(SQL.count_links, programme_id)
    if there >= MOST_LINKS:
        raise TooManyLinks(f"The programme has {MOST_LINKS} links.", state="full")
    stands = place_of(stage, there if place is None else place)
    link_id = uuid7()
    await conn.execute(SQL.insert_link, link_id, programme_id, stage, stands, title, url)
    return {"link_id": link_id, "stage": stage, "title": title, "url": url, "done": False}


async def remove_link(conn: Connection, link_id: UUID) -> None:
    """It is not needed any more. Raises UnknownLink."""
    if not await conn.fetchval(SQL.remove_link, link_id):
        raise UnknownLink("There is no such link.")


async def tick(conn: Connection, link_id: UUID, person_id: UUID, *, done: bool) -> None:
    """Done, or not after all; known to the newcomer alone. Raises UnknownLink."""
    programme_id = await conn.fetchval(SQL.programme_of, link_id)
    if programme_id is None:
        raise UnknownLink("There is no such link.")
    await check_sees(conn, programme_id, person_id, oversees=False)
    await conn.execute(SQL.tick if done else SQL.untick, link_id, person_id)


async def leave_question(conn: Connection, session_id: UUID, course: str, person_id: UUID, *, unresolved: bool) -> None:
    """A question a course has left open with somebody, or not any more. Raises UnknownSession, InvalidRequest."""
    beside = await conn.fetchval(SQL.lies_beside, session_id, course, person_id)
    if beside is None:
        raise UnknownSession("There is no such session, or you do not take part in it.")
    if unresolved and not beside:
        raise InvalidRequest.naming("uri", "is no course of this session")
    await conn.execute(SQL.leave_question if unresolved else SQL.settle_question, session_id, course, person_id)


async def count_gaps(conn: Connection) -> int:
    """Tell of courses that leave five more people with a question; returns of how many."""
    rows = await conn.fetch(SQL.count_gaps)
    events = [CourseGapCounted(**{name: row[name] for name in CourseGapCounted.model_fields}) for row in rows]
    await outbox.append_all(conn, [(event, None) for event in events])
    return len(events)
