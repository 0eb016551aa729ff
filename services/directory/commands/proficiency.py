"""What is said of people's skills, what jobs ask for, and what follows for everybody."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.directory.commands.people import project, standing
from services.directory.domain.endorsement import check_endorsement, limited_since, met_since, relation
from services.directory.domain.person import Person
from services.directory.domain.proficiency import Evidence
from services.directory.domain.refusals import NothingStated, UnknownPerson
from services.directory.store import people as people_store
from services.directory.store import proficiency as store
from services.directory.store import skills as skills_store
from shared.db import Connection
from shared.refusal import InvalidRequest


async def state_level(
    conn: Connection, person_id: UUID, caller: UUID, skill_id: str, level: int, now: datetime
) -> None:
    """Say of oneself, of a report or of a peer how well they know a skill; who speaks decides what it counts as.

    Raises UnknownPerson, NotMet, TooManyEndorsements, or InvalidRequest naming the field.
    """
    people = await people_store.lock_ids(conn, {person_id, caller})
    if not all(one in people and people[one].here for one in (person_id, caller)):
        raise UnknownPerson("There is no such person.")
    person = people[person_id]
    await _refuse_unusable(conn, skill_id)
    today = now.date()
    source = relation(person_id, person.public.manager_id, caller)
    if source == "peer":
        given, here, repeated = await store.endorsements_since(conn, caller, person_id, skill_id, limited_since(today))
        met = await store.have_met(conn, caller, person_id, met_since(today))
        check_endorsement(level, given, here, met=met, repeated=repeated)
    await store.state(conn, person_id, [Evidence(skill_id, source, level, today)], caller)
    await _derive(conn, person, now)


async def record_assessment(
    conn: Connection, person_id: UUID, skill_id: str, level: int, assessed_on: date, now: datetime
) -> None:
    """Keep the result of a test or of another system; the newest of a skill counts. Raises UnknownPerson."""
    person = await _lock(conn, person_id)
    if assessed_on > now.date():
        raise InvalidRequest.naming("assessed_on", "is still to come")
    await _refuse_unusable(conn, skill_id)
    await store.state(conn, person_id, [Evidence(skill_id, "assessment", level, assessed_on)], None)
    await _derive(conn, person, now)


async def withdraw_level(conn: Connection, person_id: UUID, caller: UUID, skill_id: str, now: datetime) -> None:
    """Take back what one has said of somebody's skill. Raises UnknownPerson or NothingStated."""
    person = await _lock(conn, person_id)
    if not await store.withdraw(conn, person_id, skill_id, caller):
        raise NothingStated("You have said nothing of this skill.")
    await _derive(conn, person, now)


async def _lock(conn: Connection, person_id: UUID) -> Person:
    person = await people_store.lock_one(conn, person_id)
    if person is None or not person.here:
        raise UnknownPerson("There is no such person.")
    return person


async def _refuse_unusable(conn: Connection, skill_id: str) -> None:
    refused = await unusable(conn, [skill_id])
    if refused:
        raise InvalidRequest.naming("skill_id", refused[skill_id])


async def unusable(conn: Connection, skill_ids: Sequence[str]) -> dict[str, str]:
    """Those of these skills that nobody may state any more, with the reason; merged ones may, and count as the new."""
    known = await skills_store.states(conn, skill_ids)
    return {
        skill_id: "is out of use" if skill_id in known else "is not in the taxonomy"
        for skill_id in skill_ids
        if skill_id not in known or (known[skill_id].deprecated and known[skill_id].replaced_by is None)
    }


async def _derive(conn: Connection, person: Person, now: datetime) -> None:
    records = await standing(conn, [person])
    await project(conn, {person.employee_number: person}, records, {}, now)
