"""People: cards for everybody, everything for the person, HR systems and administrators."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.directory.commands.profiles import edit_profile
from services.directory.domain.profile import Said
from services.directory.domain.refusals import UnknownPerson
from services.directory.queries import people as queries
from services.directory.settings import DirectorySettings
from shared import paging
from shared.auth import Principal
from shared.db import Connection, Record
from shared.edge import Edge
from shared.events.directory import PersonStatus, SkillNeed, SkillOffer
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import InvalidRequest
from shared.rendered import Rendered

router = APIRouter(tags=["people"])
Code = Annotated[str, Query(min_length=1, max_length=200)]


class Card(BaseModel):
    """What colleagues may know."""

    person_id: UUID
    display_name: str
    unit_code: str
    site_code: str
    region: str | None
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
    time_of_day: str | None
    group_size_min: int | None
    group_size_max: int | None
    experience: list[str]
    shares_contributions: bool
    hired_on: date
    leaves_on: date | None


class Experiences(BaseModel):
    """Tags for profiles."""

    items: list[str]


class ProfileEdit(Said):
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
    country: Annotated[str | None, Query(pattern=r"^[A-Z]{2}$")] = None,
    region: Code | None = None,
    experience: Code | None = None,
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """By name. `unit` includes its sub-units, `skill` finds who offers it, `experience` who has been through it."""

    async def work(conn: Connection) -> Rendered:
        rows = await queries.list_cards(
            conn,
            decode_cursor(cursor, str, UUID),
            limit,
            unit=unit,
            site=site,
            status=status,
            skill=skill,
            employee_number=employee_number,
            country=country,
            region=region,
            experience=experience,
        )
        shown = await _shown(conn, edge.principal, rows[:limit])
        return paging.rendered(rows, shown, limit, lambda row: (row["display_name"], row["person_id"]))

    return await edge.read(work)


@router.get("/v1/people/{person_id}", response_model=Person | Card, summary="Read a person")
async def get_person(person_id: UUID, edge: Edge) -> Response:
    """Colleagues see a card."""

    async def work(conn: Connection) -> Rendered | None:
        if _sees_all(edge.principal) or edge.principal.person_id == person_id:
            row = (await queries.shown_people(conn, [person_id], edge.principal.person_id)).get(person_id)
            return Rendered.of(row, row["version"]) if row else None
        card = await queries.get_card(conn, person_id)
        return Rendered.of(card) if card else None

    return await edge.read(work)


@router.patch(
    "/v1/people/{person_id}/profile", response_model=Person, summary="Change what a person says of themselves"
)
async def change_profile(person_id: UUID, body: ProfileEdit, edge: Edge) -> Response:
    """For oneself; administrators for anybody. Needs If-Match. What is set here wins over HR."""
    if edge.principal.person_id != person_id and not edge.principal.has("admin"):
        raise UnknownPerson("There is no such person.")
    listed: DirectorySettings = edge.request.app.state.settings
    if not set(body.experience or ()) <= set(listed.experiences):
        raise InvalidRequest.naming("experience", "names what is not listed by GET /v1/experiences")

    async def work(conn: Connection) -> Person | None:
        changes = body.model_dump(exclude_unset=True)
        await edit_profile(conn, person_id, changes, edge.if_match, datetime.now(UTC))
        row = (await queries.shown_people(conn, [person_id], edge.principal.person_id)).get(person_id)
        return Person.model_validate(dict(row)) if row else None

    return await edge.write(work, body=body)


@router.get("/v1/experiences", summary="What people may say they have been through")
async def list_experiences(edge: Edge) -> Experiences:
    """The organization's own tags, in alphabetical order: work, and nothing that tells of a protected attribute."""
    listed: DirectorySettings = edge.request.app.state.settings
    return Experiences(items=sorted(set(listed.experiences)))


def _sees_all(principal: Principal) -> bool:
    return principal.has("admin", "hr-system")


async def _shown(conn: Connection, principal: Principal, cards: Sequence[Record]) -> list[Record]:
    """Of each card what the caller may know: all of themselves, and of everybody where they look after the data."""
    ids = [card["person_id"] for card in cards]
    wanted = ids if _sees_all(principal) else [one for one in ids if one == principal.person_id]
    people = await queries.shown_people(conn, wanted, principal.person_id) if wanted else {}
    return [people.get(card["person_id"], card) for card in cards]
