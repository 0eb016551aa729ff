"""People: cards for everybody, everything for the person, HR systems and administrators."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.directory.commands.profiles import edit_profile
from services.directory.domain.profile import Profile
from services.directory.domain.refusals import UnknownPerson
from services.directory.queries import people as queries
from shared import paging
from shared.auth import Principal
from shared.db import Connection, Record
from shared.edge import Edge
from shared.events.directory import PersonStatus, SkillNeed, SkillOffer
from shared.paging import Cursor, Limit, Page, decode_cursor

router = APIRouter(tags=["people"])
Code = Annotated[str, Query(min_length=1, max_length=200)]


class Card(BaseModel):
    """What colleagues may know."""

    person_id: UUID
    display_name: str
    unit_code: str
    site_code: str
    job_title: str
    status: PersonStatus
    offers: list[SkillOffer]


class Person(Card):
    """Everything the directory knows of somebody now."""

    version: int
    effective_at: date
    employee_number: str
    given_name: str
    family_name: str
    email: str
    locale: str
    employment_type: str
    unit_path: list[str]
    manager_id: UUID | None
    job_code: str
    job_level: int
    job_function: str | None
    country: str
    time_zone: str
    work_starts: int
    work_ends: int
    work_days: list[int]
    languages: list[str]
    needs: list[SkillNeed]
    capacity: int
    time_budget_minutes: int
    facilitator_ready: bool
    opted_in: bool
    paused_until: date | None
    not_with: list[UUID] | None
    """Confidential: null for everybody but the person."""
    formats: list[str] | None
    modalities: list[str] | None
    pace: str | None
    group_size_min: int | None
    group_size_max: int | None
    shares_contributions: bool
    hired_on: date
    leaves_on: date | None


class ProfileEdit(Profile):
    """The fields to change. An absent one stays; null gives it back to HR or to the default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "offers": [{"skill_id": "http://data.europa.eu/esco/skill/fd446407", "level": 4}],
                    "work_starts": 480,
                    "work_ends": 960,
                    "paused_until": None,
                }
            ]
        }
    )


@router.get("/v1/people", response_model=Page[Person | Card], summary="Find people")
async def list_people(
    edge: Edge,
    unit: Code | None = None,
    site: Code | None = None,
    status: PersonStatus | None = None,
    skill: Code | None = None,
    employee_number: Code | None = None,
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """By name. `unit` includes its sub-units; `skill` finds those who offer it."""

    async def work(conn: Connection) -> Page[Person | Card]:
        rows = await queries.list_people(
            conn,
            decode_cursor(cursor, str, UUID),
            limit,
            unit=unit,
            site=site,
            status=status,
            skill=skill,
            employee_number=employee_number,
        )
        found = paging.page(
            rows, limit, lambda row: _shown(row, edge.principal), lambda row: (row["display_name"], row["person_id"])
        )
        # Of the declared type, so that nothing is validated twice.
        return Page[Person | Card].model_construct(items=found.items, next=found.next)

    return await edge.read(work)


@router.get("/v1/people/{person_id}", response_model=Person | Card, summary="Read a person")
async def get_person(person_id: UUID, edge: Edge) -> Response:
    """Colleagues see a card."""

    async def work(conn: Connection) -> Person | Card | None:
        row = await queries.get_person(conn, person_id)
        return _shown(row, edge.principal) if row else None

    return await edge.read(work)


@router.patch(
    "/v1/people/{person_id}/profile", response_model=Person, summary="Change what a person says of themselves"
)
async def change_profile(person_id: UUID, body: ProfileEdit, edge: Edge) -> Response:
    """For oneself; administrators for anybody. Needs If-Match. What is set here wins over HR."""
    if edge.principal.person_id != person_id and not edge.principal.has("admin"):
        raise UnknownPerson("There is no such person.")

    async def work(conn: Connection) -> Person | None:
        changes = body.model_dump(exclude_unset=True)
        await edit_profile(conn, person_id, changes, edge.if_match, datetime.now(UTC))
        row = await queries.get_person(conn, person_id)
        return _person(row, edge.principal) if row else None

    return await edge.write(work, body=body)


def _shown(row: Record, principal: Principal) -> Person | Card:
    if principal.person_id == row["person_id"] or principal.has("admin", "hr-system"):
        return _person(row, principal)
    return Card.model_validate(dict(row))


def _person(row: Record, principal: Principal) -> Person:
    shown = {**row, "shares_contributions": bool(row["profile"].get("shares_contributions"))}
    if principal.person_id != row["person_id"]:
        shown["not_with"] = None
    return Person.model_validate(shown)
