"""What people give to others' learning: shared by choice, exported as an Open Badge that anybody can verify."""

import asyncio
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from joserfc.jwk import RSAKey
from pydantic import BaseModel

from services.directory.domain import badge
from services.directory.domain.refusals import (
    BadgesNotConfigured,
    ContributionsNotShared,
    NothingContributed,
    UnknownPerson,
)
from services.directory.queries import contributions as queries
from services.directory.queries import people as people_queries
from services.directory.settings import DirectorySettings, signing_key
from shared.db import Connection
from shared.edge import Edge
from shared.refusal import NotFound

router = APIRouter(tags=["contributions"])
VC_JWT = "application/vc+jwt"


class EndorsedSkill(BaseModel):
    """A skill that peers who were in a session with this person say they know."""

    skill_id: str
    label: str
    level: int
    endorsements: int


class Contributions(BaseModel):
    """What somebody has given; `shared` says whether colleagues may see it."""

    person_id: UUID
    shared: bool
    sessions: int
    facilitated: int
    taught: int
    minutes: int
    contributions: int
    since: date | None
    skills: list[EndorsedSkill]
    trainings: list[str]


class KeySet(BaseModel):
    """The public keys badges are signed with."""

    keys: list[dict[str, Any]]


class IssuerProfile(BaseModel):
    """Who awards badges."""

    id: str
    type: list[str]
    name: str
    url: str


@router.get("/v1/people/{person_id}/contributions", response_model=Contributions, summary="Read a contribution profile")
async def get_contributions(person_id: UUID, edge: Edge) -> Response:
    """One's own; a colleague's where they share it (`shares_contributions` in the profile)."""

    async def work(conn: Connection) -> Contributions:
        person = await people_queries.get_person(conn, person_id)
        shared = person is not None and bool(person["profile"].get("shares_contributions"))
        if person is None or not (shared or edge.principal.person_id == person_id):
            raise UnknownPerson("There is no such person, or they do not share what they contribute.")
        given = await queries.get_contribution(conn, person_id)
        return Contributions.model_validate({"person_id": person_id, "shared": shared, **asdict(given)})

    return await edge.read(work)


@router.get(
    "/v1/people/{person_id}/badge",
    response_class=Response,
    responses={
        200: {"description": "An Open Badge 3.0 credential.", "content": {VC_JWT: {"schema": {"type": "string"}}}}
    },
    summary="Export one's contributions as an Open Badge",
)
async def get_badge(person_id: UUID, edge: Edge) -> Response:
    """For oneself, who shares what they contribute: a signed credential to take along."""
    if edge.principal.person_id != person_id:
        raise UnknownPerson("There is no such person.")
    key, issuer = _signer(edge.request)

    async def work(conn: Connection) -> Response:
        person = await people_queries.get_person(conn, person_id)
        if person is None:
            raise UnknownPerson("There is no such person.")
        if not person["profile"].get("shares_contributions"):
            raise ContributionsNotShared("Share what you contribute first: `shares_contributions` in your profile.")
        given = await queries.get_contribution(conn, person_id)
        if not given.sessions:
            raise NothingContributed("You have not attended a session yet.")
        credential = badge.credential(issuer, person_id, person["email"], given, datetime.now(UTC))
        token = await asyncio.to_thread(badge.sign, key, issuer, credential)
        return Response(token, media_type=VC_JWT)

    return await edge.read(work)


@router.get("/v1/badges/issuer", response_model=IssuerProfile, summary="Read who awards badges")
async def get_issuer(request: Request) -> dict[str, Any]:
    """The profile that badges name as their issuer. Open to everybody."""
    _, issuer = _signer(request)
    return issuer.profile()


@router.get("/v1/badges/jwks", summary="Read the keys of badges")
async def get_keys(request: Request) -> KeySet:
    """A JSON Web Key Set. Open to everybody."""
    key, _ = _signer(request)
    return KeySet(keys=[badge.public_key(key)])


@router.get("/v1/badges/keys/{kid}", summary="Read a key of badges")
async def get_key(kid: str, request: Request) -> dict[str, Any]:
    """The JSON Web Key that a badge's `kid` leads to. Open to everybody."""
    key, _ = _signer(request)
    if kid != key.thumbprint():
        raise NotFound("No badge is signed with such a key.")
    return badge.public_key(key)


def _signer(request: Request) -> tuple[RSAKey, badge.Issuer]:
    settings: DirectorySettings = request.app.state.settings
    if settings.badge_key is None:
        raise BadgesNotConfigured("No key to sign badges with is set.")
    return signing_key(settings.badge_key), badge.Issuer(settings.badge_issuer_url, settings.badge_issuer_name)
