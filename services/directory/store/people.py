"""People in the database: locked in order of id, read and written many at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.directory.domain.person import Person
from services.directory.domain.proficiency import need_of, offer, proficiency
from services.directory.domain.profile import NOTHING_SAID, Profile
from shared import sql
from shared.db import Connection, Record
from shared.events.directory import ContactChanged, PastState, PersonChanged, Proficiency

SQL = sql.load("services.directory", "people")
CHART = 7_310_001
CONTACT = tuple(ContactChanged.model_fields)
PARTS = frozenset({"offers", "needs", "proficiencies"})
"""Columns of JSON lists of small values."""
LISTS = ("unit_path", "work_days", "languages", "not_with", "formats", "modalities", "experience")
PUBLIC = tuple(PersonChanged.model_fields)


async def lock_chart(conn: Connection) -> None:
    """One transaction at a time may change who reports to whom and which unit lies where."""
    await conn.execute(SQL.lock_chart, CHART)


async def lock(conn: Connection, numbers: Iterable[str]) -> dict[str, Person]:
    """Those of these workers who are known, by employee number."""
    return _by_number(await conn.fetch(SQL.lock_people, list(numbers)))


async def lock_stale(conn: Connection, limit: int) -> dict[str, Person]:
    """Some of those who wait to be derived anew, by employee number."""
    return _by_number(await conn.fetch(SQL.lock_stale_people, limit))


async def lock_after(conn: Connection, person_id: UUID | None, limit: int) -> list[Person]:
    """People in order of id, behind one of them."""
    return [_person(row) for row in await conn.fetch(SQL.lock_people_after, person_id, limit)]


async def lock_one(conn: Connection, person_id: UUID) -> Person | None:
    """One person."""
    row = await conn.fetchrow(SQL.lock_person, person_id)
    return _person(row) if row else None


async def lock_ids(conn: Connection, person_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Those of these people who are known."""
    rows = await conn.fetch(SQL.lock_people_by_id, list(person_ids))
    return {row["person_id"]: _person(row) for row in rows}


async def save(conn: Connection, people: Mapping[str, Person], known: Mapping[str, Person]) -> None:
    """Write them, by employee number: those not `known` by COPY, of the others what is new, in one statement."""
    new = [_row(person) for number, person in people.items() if number not in known]
    if new:
        await conn.copy_records_to_table("people", records=[tuple(row.values()) for row in new], columns=list(new[0]))
    changed = [(person, known[number]) for number, person in people.items() if number in known]
    if changed:
        ids = [person.public.person_id for person, _ in changed]
        await conn.execute(SQL.overwrite_people, ids, [_news(person, before) for person, before in changed])


async def managers(conn: Connection, numbers: Iterable[str]) -> dict[str, UUID]:
    """Ids of those who are here to be reported to, by employee number."""
    rows = await conn.fetch(SQL.managers, list(numbers))
    return {row["employee_number"]: row["person_id"] for row in rows}


async def lines_above(conn: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Manager by worker, for these workers and all above them, as far as they are here."""
    rows = await conn.fetch(SQL.lines_above, list(numbers))
    return {row["employee_number"]: row["manager_employee_number"] for row in rows}


async def any_stale(conn: Connection) -> bool:
    """Whether anybody waits to be derived anew."""
    return bool(await conn.fetchval(SQL.any_stale))


async def mark_reports_stale(conn: Connection, managers_: Iterable[str], but: Iterable[str]) -> None:
    """Have those who report to these derived anew, `but` for some."""
    await conn.execute(SQL.mark_reports_stale, list(managers_), list(but))


async def forget_managers(conn: Connection, numbers: Sequence[str]) -> None:
    """Nobody names these as their manager any more."""
    await conn.execute(SQL.forget_managers, numbers)


async def mark_units_stale(conn: Connection, codes: Iterable[str]) -> None:
    """Have the people of these units derived anew."""
    await conn.execute(SQL.mark_units_stale, list(codes))


async def mark_resolvable_stale(conn: Connection) -> int:
    """Have those derived anew whose manager or unit has come to be known; returns how many."""
    return int((await conn.execute(SQL.mark_resolvable_stale)).split()[-1])


async def forget_blocks(conn: Connection, person_ids: Sequence[UUID]) -> None:
    """Take people out of everybody's `not_with`."""
    await conn.execute(SQL.forget_blocks, person_ids)


async def delete(conn: Connection, person_ids: Sequence[UUID]) -> None:
    """Delete people."""
    await conn.execute(SQL.delete_people, person_ids)


async def missing(conn: Connection, person_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these ids that are nobody's."""
    return [row["person_id"] for row in await conn.fetch(SQL.missing_people, person_ids)]


def _by_number(rows: Iterable[Record]) -> dict[str, Person]:
    return {row["employee_number"]: _person(row) for row in rows}


def _person(row: Record) -> Person:
    values: dict[str, Any] = dict(row)
    return Person(
        employee_number=values["employee_number"],
        record=(values["record_effective_at"], values["record_sequence"]),
        manager_employee_number=values["manager_employee_number"],
        given_name=values["given_name"],
        family_name=values["family_name"],
        job_title=values["job_title"],
        employment_type=values["employment_type"],
        profile=Profile.model_validate(values["profile"]) if values["profile"] else NOTHING_SAID,
        public=PersonChanged.trusted(_public(values)),
        contact=ContactChanged.trusted(
            {name: values["contact_version" if name == "version" else name] for name in CONTACT}
        ),
    )


def _public(row: dict[str, Any]) -> dict[str, Any]:
    """As it was when it was written; rows from before a list's column have none there."""
    values = {name: row.get(name) for name in PUBLIC}
    for name in LISTS:
        values[name] = tuple(row[name] or ())
    values["offers"] = tuple([offer(one["skill_id"], one["level"]) for one in row["offers"]])
    values["needs"] = tuple([need_of(one["skill_id"], one["level"], one["target_level"]) for one in row["needs"]])
    values["proficiencies"] = tuple([_proficiency(one) for one in row["proficiencies"] or ()])
    values["history"] = tuple([PastState.model_validate(past) for past in row["history"] or ()])
    values["reasons"] = ()
    return values


def _proficiency(said: dict[str, Any]) -> Proficiency:
    as_of = said["as_of"] and _day(said["as_of"])
    return proficiency(said["skill_id"], said["level"], said["target_level"], said["source"], said["trust"], as_of)


_day = lru_cache(1000)(date.fromisoformat)


def _row(person: Person) -> dict[str, object]:
    """By column; the models' values have been validated, and are written as they are."""
    return {
        **person.contact.__dict__,
        **_told(person.public.__dict__),
        **_said(person),
        "employee_number": person.employee_number,
        "contact_version": person.contact.version,
        "created_at": datetime.now(UTC),
    }


def _news(person: Person, before: Person) -> dict[str, object]:
    """By column, what is not as it was; the profile is, whoever has edited it."""
    then = before.public.__dict__
    news = _told({name: value for name, value in person.public.__dict__.items() if value != then[name]})
    if person.contact is not before.contact:
        contact = {"contact_version": person.contact.version, "version": person.public.version}
        news = {**person.contact.__dict__, **news, **contact}
    return {**news, **_said(person)}


def _said(person: Person) -> dict[str, object]:
    """What HR and they themselves say, and that they wait for nothing."""
    effective_at, sequence = person.record
    return {
        "record_effective_at": effective_at,
        "record_sequence": sequence,
        "manager_employee_number": person.manager_employee_number,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "job_title": person.job_title,
        "employment_type": person.employment_type,
        "profile": {} if person.profile is NOTHING_SAID else person.profile.model_dump(mode="json", exclude_none=True),
        "stale": False,
        "changed_at": datetime.now(UTC),
    }


def _told(values: Mapping[str, Any]) -> dict[str, object]:
    """Published fields as columns; why somebody was published is not kept."""
    row = dict(values)
    row.pop("reasons", None)
    for name in PARTS & row.keys():
        row[name] = [one.__dict__ for one in row[name]]
    if "history" in row:
        row["history"] = [past.__dict__ for past in row["history"]] or None
    return row
