"""SCIM events: tokens pushed by other systems are taken, and subscribers poll ours (RFC 8935, 8936, 9967)."""

from contextlib import suppress
from datetime import UTC, datetime
from itertools import repeat
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from scim2_models import SCIMException

from services.directory.api import scim_asks
from services.directory.api.scim_service import DirectoryScim
from services.directory.api.scim_storage import DirectoryStorage, HeldException
from services.directory.commands.accounts import lock
from services.directory.commands.holds import hold_accounts
from services.directory.commands.security_events import poll, take_token, verify
from services.directory.domain.refusals import EventsNotConfigured
from services.directory.domain.security_event import (
    MEDIA_TYPE,
    TYPE,
    MalformedToken,
    asks,
    claims_of,
    is_verification,
    signed,
    signing_key,
    subject,
)
from services.directory.settings import Provisioning, provisioning
from shared.auth import ALGORITHMS, Keys
from shared.db import Connection
from shared.edge import Edge
from shared.idempotency import Reply

router = APIRouter(prefix="/scim/events", tags=["scim"])
MOST = 100
JTI = 256


def _ids(errors: dict[str, Any]) -> dict[str, Any]:
    for name in errors:
        try:
            UUID(name)
        except ValueError:
            raise ValueError("is by the ids of tokens") from None
    return errors


class PollRequest(BaseModel):
    """RFC 8936: which tokens are known, or could not be used, and how many more to send."""

    model_config = ConfigDict(populate_by_name=True)

    max_events: Annotated[int, Field(alias="maxEvents", ge=0, le=MOST)] = MOST
    return_immediately: Annotated[bool, Field(alias="returnImmediately")] = True
    """Accepted; the answer never waits."""
    ack: Annotated[list[UUID], Field(max_length=1000)] = []
    set_errs: Annotated[dict[str, Any], Field(alias="setErrs", max_length=1000), AfterValidator(_ids)] = {}
    """Only whose they are counts: why is the receiver's affair."""


class Verification(BaseModel):
    """What to find again in the token."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "4f1c9e"}]})

    state: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")] | None = None


class PollReply(BaseModel):
    """Tokens by id, the oldest first."""

    sets: dict[UUID, str]
    moreAvailable: bool  # noqa: N815 - the RFC's name


class TokenRefused(Exception):
    """A token that is not taken, by RFC 8935's code for the reason."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


@router.post(
    "",
    status_code=202,
    response_class=Response,
    responses={202: {"description": "Taken."}, 400: {"description": "Not taken: `err` says why (RFC 8935)."}},
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
    summary="Take a security event token",
)
async def receive_scim_event(edge: Edge) -> Response:
    """Signed by the issuer in the settings; the same token again has no further effect. Events become SCIM requests."""
    service: DirectoryScim = edge.request.app.state.scim
    try:
        claims = await _claims(edge.request, (await edge.request.body()).decode("ascii", "replace").strip())
        wanted = [] if is_verification(claims) else list(zip(repeat(subject(claims)), asks(claims), strict=False))

        async def work(conn: Connection) -> Reply:
            await lock(conn)
            if await take_token(conn, claims["iss"], claims["jti"]):
                storage = DirectoryStorage(conn, service.provider)
                for whom, ask in wanted:
                    with suppress(HeldException):  # taken all the same: it happens when it is approved
                        await scim_asks.apply(service, storage, whom, ask)
                if storage.held:
                    await hold_accounts(conn, storage.held, datetime.now(UTC))
            return Reply(202, b"")

        return await edge.write(work)
    except TokenRefused as refused:
        return _refusal(refused.code, str(refused))
    except MalformedToken as malformed:
        return _refusal("invalid_request", str(malformed))
    except SCIMException as refused:
        return _refusal("invalid_request", service.error_of(refused).detail or "")


@router.post("/poll", response_model=PollReply, summary="Ask for security event tokens")
async def poll_scim_events(body: PollRequest, edge: Edge) -> Response:
    """The first call subscribes; a token is sent until it is acknowledged."""
    key, issuer = _signing_key(), edge.request.app.state.settings.badge_issuer_url
    subscriber = edge.principal.subject

    async def work(conn: Connection) -> Reply:
        rows = await poll(conn, subscriber, [*body.ack, *map(UUID, body.set_errs)], body.max_events)
        sets = {
            str(row["jti"]): signed(key, claims_of(issuer, subscriber, dict(row))) for row in rows[: body.max_events]
        }
        return Reply(200, orjson.dumps({"sets": sets, "moreAvailable": len(rows) > body.max_events}))

    return await edge.write(work, body=body)


@router.post("/verify", status_code=204, response_model=None, summary="Ask for a token that shows they arrive")
async def verify_scim_events(body: Verification, edge: Edge) -> Response:
    """It waits for the caller like any other, pushed or polled; asked again, it takes the earlier one's place."""
    _signing_key()

    async def work(conn: Connection) -> None:
        await verify(conn, edge.principal.subject, body.state)

    return await edge.write(work, body=body)


@router.get("/jwks", summary="The key that signs our tokens")
async def get_scim_event_keys() -> dict[str, list[dict[str, Any]]]:
    """A JSON Web Key Set."""
    return {"keys": [{**_signing_key().as_dict(private=False), "use": "sig"}]}


async def _claims(request: Request, token: str) -> dict[str, Any]:
    """What a token says once its signature, type, issuer and audience are found to be right."""
    wanted = provisioning()
    if wanted.event_issuer is None:
        raise EventsNotConfigured("No issuer of security event tokens is set.")
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        if str(header.get("typ", "")).lower().removeprefix("application/") != TYPE:
            raise TokenRefused("invalid_request", f"typ must be {TYPE}")
        key = await _keys(request, wanted).get(str(header.get("kid")))
        if key is None:
            raise TokenRefused("invalid_key", "the issuer publishes no such key")
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TokenRefused("authentication_failed", "the signature does not hold") from error
    audience = claims.get("aud")
    if claims.get("iss") != wanted.event_issuer:
        raise TokenRefused("invalid_issuer", "another issuer is expected")
    if wanted.event_audience not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused("invalid_audience", "it is meant for somebody else")
    if (
        not isinstance(claims.get("jti"), str)
        or not 0 < len(claims["jti"]) <= JTI
        or not isinstance(claims.get("iat"), int)
    ):
        raise TokenRefused("invalid_request", "jti and iat are needed")
    return claims


def _keys(request: Request, wanted: Provisioning) -> Keys:
    state = request.app.state
    if getattr(state, "event_keys", None) is None:
        names = {"issuer": wanted.event_issuer, "jwks_url": wanted.event_jwks_url}
        state.event_keys = Keys(state.settings.model_copy(update=names))
    keys: Keys = state.event_keys
    return keys


def _signing_key() -> RSAKey | ECKey:
    key = provisioning().event_key
    if key is None:
        raise EventsNotConfigured("No key to sign security event tokens with is set.")
    return signing_key(key.get_secret_value())


def _refusal(code: str, description: str) -> Response:
    return Response(orjson.dumps({"err": code, "description": description}), 400, media_type="application/json")
