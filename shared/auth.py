"""Who is calling and what they may do: RFC 9068 access tokens in, a Principal out; one policy row per route."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from shared.refusal import Forbidden, Refused
from shared.settings import Settings

ROLES = frozenset(
    {"employee", "facilitator", "manager", "programme-owner", "analyst", "hr-system", "operator", "admin"}
)
ALGORITHMS = ("RS256", "ES256")
TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY = 60
LONGEST_TOKEN = 8192
TOKENS_KNOWN = 4096
REFETCH_SECONDS = 10.0
"""An unknown key id asks the issuer again, but not more often than this."""
FRESH_SECONDS = 600.0
"""Older keys still serve while they are fetched again: a withdrawn key is gone soon, a silent issuer does no harm."""

log = logging.getLogger(__name__)
JWK: TypeAlias = RSAKey | ECKey


class Unauthenticated(Refused):
    """The request carries no token, or one that does not count."""

    status = 401

    def __init__(self, detail: str, *, challenge: str = 'Bearer error="invalid_token"') -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": challenge}


class IssuerUnavailable(Refused):
    """No signing key was ever read: tokens cannot be judged yet."""

    status = 503


@dataclass(frozen=True)
class Principal:
    """The caller, as the issuer vouches for it."""

    subject: str
    person_id: UUID | None
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        """Whether the caller has any of these roles."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True)
class Allow:
    """The roles a route is open to; any one of them is enough."""

    roles: frozenset[str]


class Public:
    """A route that needs no token."""


PUBLIC = Public()
Policy: TypeAlias = Mapping[str, Allow | Public]
"""`METHOD /path/{param}` exactly as the route says it, to who may call it."""


def allow(*roles: str) -> Allow:
    """Open a route to roles. Raises ValueError for a role nobody knows, or none at all."""
    if not roles or not ROLES.issuperset(roles):
        message = f"no such role: {', '.join(sorted(set(roles) - ROLES)) or '(none given)'}"
        raise ValueError(message)
    return Allow(frozenset(roles))


class Keys:
    """The issuer's signing keys by id."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._known: dict[str, JWK] = {}
        self._lock = asyncio.Lock()
        self._refetch_at = clock()
        self._stale_at = clock()
        self._background: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> JWK | None:
        """The key of that id, asking the issuer when it is new. Raises IssuerUnavailable before the first answer."""
        if kid not in self._known:
            await self._fetch_once()
        elif self._clock() >= self._stale_at and (self._background is None or self._background.done()):
            self._background = asyncio.create_task(self._fetch_once())
        if not self._known:
            detail = "The token issuer has not answered yet."
            raise IssuerUnavailable(detail)
        return self._known.get(kid)

    async def _fetch_once(self) -> None:
        async with self._lock:
            if self._clock() < self._refetch_at:
                return
            try:
                self._known = await self._fetch()
                self._stale_at = self._clock() + FRESH_SECONDS
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError, AttributeError) as error:
                log.warning("signing keys not read", extra={"fields": {"error": type(error).__name__}})
            self._refetch_at = self._clock() + REFETCH_SECONDS

    async def _fetch(self) -> dict[str, JWK]:
        issuer = self._settings.issuer
        async with httpx.AsyncClient(timeout=3) as client:
            url = self._settings.jwks_url
            if url is None:
                found = await client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                document = found.raise_for_status().json()
                if document["issuer"] != issuer:
                    message = "the discovery document speaks for another issuer"
                    raise ValueError(message)
                url = document["jwks_uri"]
            published = (await client.get(url)).raise_for_status().json()["keys"]
        keys = {jwk["kid"]: key for jwk in published if (key := _signing_key(jwk)) is not None}
        if not keys:
            message = "the issuer publishes no usable key"
            raise ValueError(message)
        return keys


def _signing_key(jwk: dict[str, Any]) -> JWK | None:
    if not isinstance(jwk.get("kid"), str) or jwk.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None


class Known(NamedTuple):
    """A token that was judged: it counts until it ends, and only while the issuer publishes its key."""

    kid: str
    key: JWK
    ends: float
    principal: Principal


class Verifier:
    """Turns an Authorization header into a Principal, or refuses it without saying more than it must."""

    def __init__(self, settings: Settings, keys: Keys | None = None) -> None:
        self._settings = settings
        self._keys = keys or Keys(settings)
        self._known: dict[str, Known] = {}
        """Tokens that were judged before."""
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, headers: list[str]) -> Principal:
        """The caller behind the request's Authorization headers. Raises Unauthenticated or IssuerUnavailable."""
        if not headers:
            detail = "Send an access token: Authorization: Bearer ..."
            raise Unauthenticated(detail, challenge="Bearer")
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
            detail = "The Authorization header does not carry one bearer token."
            raise Unauthenticated(detail)
        known = self._known.get(token)
        if known and time.time() < known.ends and await self._keys.get(known.kid) is known.key:
            return known.principal
        try:
            return await self._judge(token)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            detail = "The access token is malformed, expired or not meant for this service."
            raise Unauthenticated(detail) from error

    async def _judge(self, token: str) -> Principal:
        header = jws.extract_compact(token.encode("ascii")).headers()
        kid, kind = header.get("kid"), header.get("typ")
        if not isinstance(kid, str) or str(kind).lower() not in TYPES:
            message = "header"
            raise ValueError(message)
        key = await self._keys.get(kid)
        if key is None:
            message = "kid"
            raise ValueError(message)
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        self._claims.validate(claims)
        principal = self._principal(claims)
        if len(self._known) >= TOKENS_KNOWN:
            self._known.clear()
        self._known[token] = Known(kid, key, claims["exp"] + LEEWAY, principal)
        return principal

    def _principal(self, claims: dict[str, Any]) -> Principal:
        roles, person = claims.get(self._settings.roles_claim, []), claims.get(self._settings.person_claim)
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            message = "roles"
            raise ValueError(message)
        if person is not None and str(UUID(person)) != person.lower():
            message = "person"
            raise ValueError(message)
        return Principal(claims["sub"], UUID(person) if person else None, ROLES.intersection(roles))


def authorize(rule: Allow, principal: Principal) -> None:
    """Raise Forbidden when the caller has none of the route's roles."""
    if not principal.has(*rule.roles):
        detail = f"This needs one of the roles {', '.join(sorted(rule.roles))}."
        raise Forbidden(detail)
