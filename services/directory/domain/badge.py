"""An Open Badge 3.0 credential of what somebody has contributed, as a signed token anybody can verify.

1EdTech Open Badges 3.0, sections 8.2 (JSON Web Token proof format) and appendix B (data models).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from joserfc import jwt
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
"""The one that every verifier of Open Badges must know."""
CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who awards badges; everything about them can be read below `url`."""

    url: str
    name: str

    @property
    def id(self) -> str:
        """Where the issuer's profile is."""
        return f"{self.url}/v1/badges/issuer"

    def key_id(self, key: RSAKey) -> str:
        """Where the key's public half is."""
        return f"{self.url}/v1/badges/keys/{key.thumbprint()}"

    def profile(self) -> dict[str, Any]:
        """The issuer as Open Badges describe one."""
        return {"id": self.id, "type": ["Profile"], "name": self.name, "url": self.url}


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill that peers have endorsed."""

    skill_id: str
    label: str
    level: int
    endorsements: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What somebody has given to others' learning."""

    sessions: int
    facilitated: int
    taught: int
    minutes: int
    contributions: int
    since: date | None
    skills: Sequence[Skill]
    trainings: Sequence[str]


def public_key(key: RSAKey) -> dict[str, Any]:
    """The public half, as a JSON Web Key."""
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def credential(issuer: Issuer, person_id: UUID, email: str, given: Contribution, now: datetime) -> dict[str, Any]:
    """The credential. It names nobody: the subject is an id, and whoever knows the address can check its hash."""
    salt = uuid5(person_id, "badge").hex
    subject = f"urn:uuid:{person_id}"
    content = f"{subject} {given} {now.date()}"
    hashed = hashlib.sha256(f"{email}{salt}".encode()).hexdigest()
    return {
        "@context": CONTEXT,
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, content)}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Contribution to peer learning",
        "issuer": issuer.profile(),
        "validFrom": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "credentialSubject": {
            "id": subject,
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": f"sha256${hashed}",
                    "identityType": "emailAddress",
                    "salt": salt,
                }
            ],
            "achievement": _achievement(issuer, given),
            "narrative": _narrative(given),
        },
    }


def sign(key: RSAKey, issuer: Issuer, badge: dict[str, Any]) -> str:
    """The credential as a compact JSON Web Token; the registered claims repeat what is in it."""
    claims = {
        **badge,
        "iss": badge["issuer"]["id"],
        "jti": badge["id"],
        "sub": badge["credentialSubject"]["id"],
        "nbf": int(datetime.fromisoformat(badge["validFrom"]).timestamp()),
    }
    public = key.as_dict(private=False)
    header = {
        "alg": ALGORITHM,
        "typ": "JWT",
        "kid": issuer.key_id(key),
        "jwk": {k: public[k] for k in ("kty", "n", "e")},
    }
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


def _achievement(issuer: Issuer, given: Contribution) -> dict[str, Any]:
    return {
        "id": f"{issuer.id}#peer-learning",
        "type": ["Achievement"],
        "achievementType": "CommunityService",
        "name": "Contribution to peer learning",
        "description": "Has given time and knowledge to colleagues' learning.",
        "criteria": {
            "narrative": "Attended sessions recorded by the organization; skills endorsed by those who were there."
        },
        "alignment": [
            {"type": ["Alignment"], "targetName": skill.label, "targetUrl": skill.skill_id}
            for skill in given.skills
            if "://" in skill.skill_id
        ],
    }


def _narrative(given: Contribution) -> str:
    skills = ", ".join(f"{skill.label} ({skill.endorsements})" for skill in given.skills)
    parts = [
        f"{given.sessions} sessions since {given.since}",
        f"{given.facilitated} facilitated",
        f"{given.taught} as a teacher, mentor, buddy or reviewer",
        f"{given.contributions} contributions",
        *([f"endorsed by peers for {skills}"] if skills else []),
        *([f"trained in {', '.join(given.trainings)}"] if given.trainings else []),
    ]
    return "; ".join(parts) + "."
