"""What people change about themselves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.directory.commands.people import project
from services.directory.domain.person import Person
from services.directory.domain.profile import Profile, check
from services.directory.domain.refusals import UnknownPerson
from services.directory.store import people as store
from services.directory.store import records as records_store
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
    if profile.not_with and await store.missing(conn, profile.not_with):
        raise InvalidRequest.naming("not_with", "names somebody who is not here")
    edited = replace(person, profile=profile)
    records = await records_store.applied(conn, [person])
    people = await project(conn, {person.employee_number: edited}, records, {}, now)
    return people[person.employee_number]
