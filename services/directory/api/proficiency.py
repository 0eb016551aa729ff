"""What people can do: said by themselves, by peers they met, by their manager, by a test; and who knows about what."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.directory.commands.proficiency import record_assessment, state_level, withdraw_level
from services.directory.domain.proficiency import FADING_BELOW, trust_on
from services.directory.domain.refusals import UnknownPerson
from services.directory.domain.taxonomy import Name
from services.directory.queries import people as people_queries
from services.directory.queries import proficiency as queries
from services.directory.queries import skills as skills_queries
from shared import paging
from shared.auth import Principal
from shared.db import Connection, Record
from shared.edge import Edge
from shared.events.hr import Level
from shared.paging import Cursor, Limit, Page, decode_cursor
from shared.refusal import InvalidRequest

router = APIRouter(tags=["proficiency"])
MOST_SKILLS_OF_A_TOPIC = 300
Source = Literal["assessment", "manager", "hr", "peer", "self"]


class Statement(BaseModel):
    """How well somebody knows a skill."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"skill_id": "http://data.europa.eu/esco/skill/fd446407", "level": 4}]},
    )

    skill_id: Name
    level: Level


class Assessment(Statement):
    """A result of a test, or of another system that measures skills."""

    assessed_on: date


class Evidence(BaseModel):
    """One statement; who said it is told to the person themselves."""

    source: Source
    level: Level
    stated_on: date
    stated_by: UUID | None


class Proficiency(BaseModel):
    """A skill's level by all that is known. `trust` in percent halves every two years; `gap` is target minus level."""

    skill_id: str
    level: Level
    target_level: Level | None
    gap: int
    source: Source | None
    as_of: date | None
    trust: int
    fading: bool
    """So old that it should be said again."""
    evidence: list[Evidence]


class Proficiencies(BaseModel):
    """All skills with evidence or a target."""

    person_id: UUID
    version: int
    skills: list[Proficiency]


class KnownSkill(BaseModel):
    """What somebody knows of a topic."""

    skill_id: str
    label: str
    level: Level
    trust: int
    as_of: date
    endorsements: int
    taught: Annotated[int, Field(description="Sessions about it in which they gave something.")]


class Expert(BaseModel):
    """Somebody who knows; `score` is level times trust of what they know best."""

    person_id: UUID
    display_name: str
    unit_code: str
    site_code: str
    region: str | None
    job_title: str
    score: int
    paused: Annotated[bool, Field(description="Takes a pause at present.")]
    skills: list[KnownSkill]


@router.get("/v1/experts", response_model=Page[Expert], summary="Find who knows about something")
async def list_experts(
    edge: Edge,
    q: Annotated[str | None, Query(min_length=2, max_length=200, description="A topic in words.")] = None,
    skill_id: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    taught: Annotated[bool, Query(description="Only those who gave something in a session about it.")] = False,
    cursor: Cursor | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> Response:
    """Who offers the skill or a narrower one, or shares what they contribute, ranked by evidence."""
    if (q is None) is (skill_id is None):
        raise InvalidRequest.naming("q", "give either q or skill_id")

    async def work(conn: Connection) -> Page[Expert]:
        topic = await skills_queries.topic(conn, q, skill_id, MOST_SKILLS_OF_A_TOPIC)
        after = decode_cursor(cursor, int, UUID)
        rows = await queries.list_experts(conn, topic, datetime.now(UTC).date(), after, limit, taught=taught)
        return paging.page(rows, limit, _expert, lambda row: (row["score"], row["person_id"]))

    return await edge.read(work)


@router.get("/v1/people/{person_id}/skills", response_model=Proficiencies, summary="Read what somebody can do")
async def get_skills(person_id: UUID, edge: Edge) -> Response:
    """For the person themselves, their manager, administrators and HR systems."""

    async def work(conn: Connection) -> Proficiencies:
        return await _skills(conn, person_id, edge.principal)

    return await edge.read(work)


@router.post("/v1/people/{person_id}/skills", response_model=Proficiencies, summary="Say what somebody can do")
async def state(person_id: UUID, body: Statement, edge: Edge) -> Response:
    """Of oneself; of a report; of a peer one was in a session with. Said again, it takes the place of what was said."""

    async def work(conn: Connection) -> Proficiencies:
        caller = _caller(edge.principal)
        await state_level(conn, person_id, caller, body.skill_id, body.level, datetime.now(UTC))
        return await _skills(conn, person_id, edge.principal, only_own=True)

    return await edge.write(work, body=body)


@router.delete("/v1/people/{person_id}/skills", status_code=204, summary="Take back what one has said")
async def withdraw(
    person_id: UUID, edge: Edge, skill_id: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
) -> Response:
    """One's own statement of one skill."""

    async def work(conn: Connection) -> None:
        await withdraw_level(conn, person_id, _caller(edge.principal), skill_id, datetime.now(UTC))

    return await edge.write(work)


@router.post("/v1/people/{person_id}/assessments", response_model=Proficiencies, summary="Record an assessment")
async def assess(person_id: UUID, body: Assessment, edge: Edge) -> Response:
    """From a test or another system; of two of the same skill the newer counts."""

    async def work(conn: Connection) -> Proficiencies:
        await record_assessment(conn, person_id, body.skill_id, body.level, body.assessed_on, datetime.now(UTC))
        return await _skills(conn, person_id, edge.principal)

    return await edge.write(work, body=body)


def _caller(principal: Principal) -> UUID:
    if principal.person_id is None:
        raise UnknownPerson("The caller is nobody who could say so.")
    return principal.person_id


async def _skills(conn: Connection, person_id: UUID, principal: Principal, *, only_own: bool = False) -> Proficiencies:
    """Everything for those who may see it; to a peer who has just spoken, what they said and nothing else."""
    row = await people_queries.get_person(conn, person_id)
    everything = row and (
        principal.person_id in {person_id, row["manager_id"]} - {None} or principal.has("admin", "hr-system")
    )
    if row is None or not (everything or only_own):
        raise UnknownPerson("There is no such person.")
    evidence = await queries.list_evidence(conn, person_id)
    today = datetime.now(UTC).date()
    if not everything:
        said = [piece for piece in evidence if piece["stated_by"] == principal.person_id]
        shown = [_said(piece) for piece in said]
    else:
        named = principal.person_id == person_id
        shown = [_shown(one, evidence, today, named=named) for one in row["proficiencies"] or ()]
    return Proficiencies(person_id=person_id, version=row["version"], skills=shown)


def _shown(known: dict[str, Any], evidence: list[Record], today: date, *, named: bool) -> Proficiency:
    as_of = date.fromisoformat(known["as_of"]) if known["as_of"] else None
    trust = trust_on(known["trust"], as_of, today)
    return Proficiency(
        **{**known, "as_of": as_of, "trust": trust},
        gap=max(0, (known["target_level"] or 0) - known["level"]),
        fading=as_of is not None and trust < FADING_BELOW,
        evidence=[
            Evidence.model_validate({**piece, "stated_by": piece["stated_by"] if named else None})
            for piece in evidence
            if piece["skill_id"] == known["skill_id"]
        ],
    )


def _said(piece: Record) -> Proficiency:
    return Proficiency(
        skill_id=piece["skill_id"],
        level=piece["level"],
        target_level=None,
        gap=0,
        source=piece["source"],
        as_of=piece["stated_on"],
        trust=0,
        fading=False,
        evidence=[Evidence.model_validate(dict(piece))],
    )


def _expert(row: Record) -> Expert:
    return Expert.model_validate({**row, "paused": bool(row["paused"])})
