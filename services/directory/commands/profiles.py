"""What people change about themselves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.directory.commands.people import project, standing
from services.directory.domain.person import Person
from services.directory.domain.proficiency import Evidence
from services.directory.domain.profile import Profile, check, ready
from services.directory.domain.refusals import UnknownPerson
from services.directory.store import people as store
from services.directory.store import proficiency as proficiency_store
from shared.db import Connection
from shared.refusal import InvalidRequest, match_version


async def edit_profile(
    conn: Connection, person_id: UUID, changes: Mapping[str, object], expected: int | None, now: datetime
) -> Person:
    """Change the named fields; one set to None goes back to HR or to the default.

    Raises UnknownPerson, PreconditionRequired, PreconditionFailed, or InvalidRequest naming the field.
    """
    person = await store.lock_one(conn, person_id)
    if person is None:
        raise UnknownPerson("There is no such person.")
    match_version(person.public.version, expected)
    profile = Profile.model_validate({**person.profile.model_dump(), **changes})
    check(profile, person_id)
    if ready(profile) and not ready(person.profile):
        profile = profile.model_copy(update={"ready_since": now.date()})
    if profile.not_with and await store.missing(conn, profile.not_with):
        raise InvalidRequest.naming("not_with", "names somebody who is not here")
    await proficiency_store.state(conn, person_id, own_levels(profile, changes, now.date()), person_id)
    return await _derive(conn, person, profile, now)


async def agree_time(
    conn: Connection, person_id: UUID, manager_id: UUID | None, minutes: int | None, now: datetime
) -> Person:
    """Agree with a report how much of a month is for learning, at most; None takes that back.

    Raises UnknownPerson where the caller is not their manager now.
    """
    person = await store.lock_one(conn, person_id)
    if person is None or not person.here or manager_id is None or person.public.manager_id != manager_id:
        raise UnknownPerson("There is no such person.")
    agreed = {"agreed_minutes": minutes, "agreed_on": None if minutes is None else now.date()}
    return await _derive(conn, person, person.profile.model_copy(update=agreed), now)


async def _derive(conn: Connection, person: Person, profile: Profile, now: datetime) -> Person:
    edited = replace(person, profile=profile)
    records = await standing(conn, [person])
    people = await project(conn, {person.employee_number: edited}, records, {}, now)
    return people[person.employee_number]


def own_levels(profile: Profile, changes: Mapping[str, object], today: date) -> list[Evidence]:
    """What an edit says of one's own level: who offers or needs a skill says how well they know it."""
    said = {
        one.skill_id: one.level
        for name in ("needs", "offers")
        if changes.get(name) is not None
        for one in getattr(profile, name)
    }
    return [Evidence(skill_id, "self", level, today) for skill_id, level in said.items()]
