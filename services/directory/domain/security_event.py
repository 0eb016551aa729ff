"""Security event tokens about accounts (RFC 8417, RFC 9967): which SCIM request each event stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, Literal

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey, import_key

from services.directory.domain.account import ENTERPRISE

PROVISIONED = "urn:ietf:params:scim:event:prov:"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
TYPE = "secevent+jwt"
MEDIA_TYPE = f"application/{TYPE}"
WAITS = tuple(timedelta(minutes=minutes) for minutes in (0.1, 1, 5, 30, 120, 300, 600))
FEED = "urn:ietf:params:scim:event:feed:"
URIS = {
    "create": f"{PROVISIONED}create:notice",
    "patch": f"{PROVISIONED}patch:notice",
    "put": f"{PROVISIONED}put:notice",
    "activate": f"{PROVISIONED}activate",
    "deactivate": f"{PROVISIONED}deactivate",
    "delete": f"{PROVISIONED}delete",
    "feed_add": f"{FEED}add",
    "feed_remove": f"{FEED}remove",
}
NOTICES = frozenset({"create", "patch", "put"})
TOLD = tuple(URIS.values())
METHODS: Mapping[str, Literal["POST", "PUT", "PATCH"]] = {"create": "POST", "put": "PUT", "patch": "PATCH"}
LONGEST_ID = 300
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
"""OpenID's Shared Signals Framework 1.0, section 8.1.4: it is about the stream itself."""
TAKEN = (
    *(f"{PROVISIONED}{what}:{how}" for what in METHODS for how in ("full", "notice")),
    *(f"{PROVISIONED}{what}" for what in ("delete", "activate", "deactivate")),
    *(f"{FEED}{what}" for what in ("add", "remove")),
)
NOTICED = ("active", "displayName", "emails", "locale", "name", "timezone", "title", "userName", ENTERPRISE)
NOTICED_OF_GROUPS = ("displayName", "members")


class MalformedToken(ValueError):
    """The claims are not those of an event about an account."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One event as the SCIM request it stands for; a notice, and joining or leaving a feed, stand for none."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token speaks of: under the sender's id and the name both sides know."""

    kind: str
    resource_id: str
    external_id: str


def is_verification(claims: Mapping[str, Any]) -> bool:
    """Whether a token only shows that tokens arrive. Raises MalformedToken."""
    events = claims.get("events")
    if not isinstance(events, dict) or list(events) != [VERIFICATION]:
        return False
    said = events[VERIFICATION]
    if not isinstance(said, dict) or not isinstance(said.get("state", ""), str):
        raise MalformedToken("state must be a text")
    return True


def subject(claims: Mapping[str, Any]) -> Subject:
    """The account of a token. Raises MalformedToken."""
    named = claims.get("sub_id")
    if not isinstance(named, dict) or named.get("format") != "scim" or "sub" in claims:
        raise MalformedToken("sub_id must have the format scim, and sub must be absent")
    kind, _, resource_id = str(named.get("uri", "")).strip("/").rpartition("/")
    if kind not in {"Users", "Groups"} or not 0 < len(resource_id) <= LONGEST_ID or not resource_id.isprintable():
        raise MalformedToken("sub_id.uri must name a user or a group")
    return Subject(kind, resource_id, str(named.get("externalId") or resource_id))


def asks(claims: Mapping[str, Any]) -> list[Ask]:
    """The requests a token's events stand for, in order. Raises MalformedToken."""
    events = claims.get("events")
    if not isinstance(events, dict) or not events:
        raise MalformedToken("events must name at least one event")
    found = (_ask(uri, payload) for uri, payload in events.items())
    return [ask for ask in found if ask is not None]


def _ask(uri: str, payload: object) -> Ask | None:
    if not isinstance(payload, dict):
        raise MalformedToken(f"{uri} must be an object")
    match uri.removeprefix(PROVISIONED).split(":"):
        case ["activate" | "deactivate" as what]:
            value = {"op": "replace", "path": "active", "value": what == "activate"}
            return Ask("PATCH", {"schemas": [PATCH_OP], "Operations": [value]})
        case ["delete"]:
            return Ask("DELETE")
        case ["create" | "put" | "patch" as what, "full"]:
            data = payload.get("data")
            if not isinstance(data, dict) or "attributes" in payload:
                raise MalformedToken(f"{uri} must carry data, and nothing else")
            method: Literal["POST", "PUT", "PATCH"] = (
                "PUT" if what == "put" else "POST" if what == "create" else "PATCH"
            )
            return Ask(method, data)
        case ["create" | "put" | "patch", "notice"]:
            if not isinstance(payload.get("attributes"), list) or "data" in payload:
                raise MalformedToken(f"{uri} must carry attributes, and nothing else")
            return None
        case _:
            return None


def claims_of(issuer: str, audience: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The claims by which a subscriber is told of what is kept for it."""
    kind = event["kind"]
    if kind == "verification":
        about = {"format": "opaque", "id": audience}
        told = {VERIFICATION: {} if event["state"] is None else {"state": event["state"]}}
    else:
        group = event["group_id"]
        about = {"format": "scim", "uri": f"/Groups/{group}" if group else f"/Users/{event['person_id']}"}
        changed = NOTICED_OF_GROUPS if group else NOTICED
        told = {URIS[kind]: {"attributes": list(changed)} if kind in NOTICES else {}}
    return {
        "iss": issuer,
        "aud": audience,
        "iat": int(event["at"].timestamp()),
        "jti": str(event["jti"]),
        "txn": str(event["jti"]),
        "sub_id": about,
        "events": told,
    }


def signing_key(text: str) -> RSAKey | ECKey:
    """A private key from its JWK, with an id made of its thumbprint where it has none."""
    key = import_key(orjson.loads(text))
    assert isinstance(key, RSAKey | ECKey)
    key.ensure_kid()
    return key


def signed(key: RSAKey | ECKey, claims: dict[str, Any]) -> str:
    """The token in compact form."""
    algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
    header = {"typ": TYPE, "alg": algorithm, "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=[algorithm], default_type=None)


def next_push(failures: int, asked: float | None, now: datetime) -> datetime | None:
    """When to try again after so many failures in a row, with a fifth of jitter; None after the last."""
    if failures > len(WAITS):
        return None
    wait = WAITS[failures - 1].total_seconds() * SystemRandom().uniform(0.8, 1.2)
    return now + timedelta(seconds=max(wait, asked or 0))
