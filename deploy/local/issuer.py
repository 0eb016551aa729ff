"""A token issuer for development only: it gives any role to whoever asks on this machine."""

import hmac
import json
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field

from deploy.local.postgres import write_private

AUDIENCE = "lateral"
LIFETIME = 12 * 60 * 60
ROLES = ("employee", "facilitator", "manager", "programme-owner", "analyst", "hr-system", "operator", "admin")
CLIENTS = {role: f"{role}-development-secret" for role in ROLES}
"""Client id (the role it is given) and secret. Public on purpose: /dev/token asks for no secret at all."""
ABOUT = "Development only. Loopback only. Never point a deployment that holds real people's data at this issuer."


class TokenRequest(BaseModel):
    """Whom a development token speaks for."""

    model_config = ConfigDict(extra="forbid")

    roles: Annotated[list[str], Field(examples=[["employee"]])]
    person_id: uuid.UUID | None = None
    subject: Annotated[str, Field(min_length=1)] | None = None


class Token(BaseModel):
    """A token as RFC 6749 answers it."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int = LIFETIME


class Issuer:
    """Signs RFC 9068 access tokens with a key that is kept under `state`, so that tokens survive a restart."""

    def __init__(self, state: Path, url: str) -> None:
        self.url = url
        self._key = _key(state / "issuer.key.json")

    @property
    def jwks(self) -> dict[str, Any]:
        """The public key, as a set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def token(
        self,
        roles: Iterable[str],
        *,
        person_id: str | None = None,
        subject: str | None = None,
        client_id: str = "development",
    ) -> str:
        """An access token for these roles, valid for twelve hours."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject or person_id or "developer",
            "client_id": client_id,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": str(uuid.uuid4()),
            "roles": sorted(roles),
        }
        if person_id is not None:
            claims["person_id"] = person_id
        header = {"typ": "at+jwt", "alg": "RS256", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=["RS256"])

    def client_token(self, client_id: str) -> str:
        """The access token of a client of the development table, which acts for itself."""
        return self.token([client_id], subject=client_id, client_id=client_id)


def create_app(issuer: Issuer) -> FastAPI:
    """The issuer's endpoints."""
    app = FastAPI(title="Lateral development issuer", description=ABOUT, version="1")

    @app.get("/.well-known/openid-configuration", summary="Discovery")
    @app.get("/.well-known/oauth-authorization-server", include_in_schema=False)
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer.url,
            "jwks_uri": f"{issuer.url}/jwks",
            "token_endpoint": f"{issuer.url}/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "service_documentation": ABOUT,
        }

    @app.get("/jwks", summary="The public key")
    async def jwks() -> dict[str, Any]:
        return issuer.jwks

    @app.post("/token", response_model=Token, summary="A token for a client of the development table")
    async def client_credentials(request: Request) -> Token | JSONResponse:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if not hmac.compare_digest(CLIENTS.get(client_id, "").encode(), secret.encode()) or client_id not in CLIENTS:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        return Token(access_token=issuer.client_token(client_id))

    @app.post("/dev/token", summary="A token for any roles and any person")
    async def development_token(body: Annotated[TokenRequest, Body()]) -> Token:
        person_id = str(body.person_id) if body.person_id else None
        return Token(access_token=issuer.token(body.roles, person_id=person_id, subject=body.subject))

    return app


def _key(path: Path) -> RSAKey:
    if path.exists():
        return RSAKey.import_key(json.loads(path.read_text("utf-8")))
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    write_private(path, json.dumps(key.as_dict(private=True)))
    return key
