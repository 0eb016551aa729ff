import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from shared.auth import (
    REFETCH_SECONDS,
    IssuerUnavailable,
    Keys,
    Principal,
    Unauthenticated,
    Verifier,
    allow,
    authorize,
)
from shared.refusal import Forbidden
from shared.settings import Settings
from tests.fixtures.issuer import EC, PERSON, RSA, Issuer

STRANGER = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
NEXT = RSAKey.generate_key(2048, {"kid": "next", "use": "sig"})


def settings_for(issuer: Issuer, **changes: Any) -> Settings:
    return Settings(service="metrics", database_url="postgresql://nowhere", issuer=issuer.url, **changes)


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(settings_for(issuer))


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(issuer: Issuer) -> str:
    return f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'rsa'})}.{part(issuer.claims())}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'rsa'})}.{part(issuer.claims())}"
    return f"{signed}.{part(hmac.digest(RSA.as_pem(private=False), signed.encode(), 'sha256'))}"


def with_other_claims(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{part(issuer.claims(roles=['admin']))}.{signature}"


def with_a_list_for_claims(_issuer: Issuer) -> str:
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "rsa"}
    return jws.serialize_compact(header, b"[1]", RSA, algorithms=["RS256"])


BAD: dict[str, Callable[[Issuer], str]] = {
    "no algorithm": unsigned,
    "HS256 with the public key": signed_with_the_public_key,
    "another algorithm": lambda issuer: issuer.token(header={"alg": "PS256"}),
    "changed claims": with_other_claims,
    "claims that are a list": with_a_list_for_claims,
    "a stranger's key under our id": lambda issuer: issuer.token(STRANGER),
    "an unknown key id": lambda issuer: issuer.token(NEXT),
    "no key id": lambda issuer: issuer.token(header={"kid": ...}),
    "a path for a key id": lambda issuer: issuer.token(header={"kid": "../../etc/passwd"}),
    "a number for a key id": lambda issuer: (
        f"{part({'alg': 'RS256', 'typ': 'at+jwt', 'kid': 1})}.{part(issuer.claims())}.{part(b'x')}"
    ),
    "the id of a key of another kind": lambda issuer: issuer.token(header={"kid": "ec"}),
    "an unknown critical header": lambda issuer: (
        f"{part({'alg': 'RS256', 'typ': 'at+jwt', 'kid': 'rsa', 'crit': ['x'], 'x': 1})}.{part(issuer.claims())}.eA"
    ),
    "an id token's type": lambda issuer: issuer.token(header={"typ": "JWT"}),
    "no type": lambda issuer: issuer.token(header={"typ": ...}),
    "another issuer": lambda issuer: issuer.token(iss="https://elsewhere.example"),
    "no issuer": lambda issuer: issuer.token(iss=...),
    "another audience": lambda issuer: issuer.token(aud="payroll"),
    "a list of other audiences": lambda issuer: issuer.token(aud=["payroll", "lateral-2"]),
    "no audience": lambda issuer: issuer.token(aud=...),
    "expired": lambda issuer: issuer.token(exp=-61),
    "no expiry": lambda issuer: issuer.token(exp=...),
    "an expiry in words": lambda issuer: issuer.token(exp="tomorrow"),
    "not yet valid": lambda issuer: issuer.token(nbf=600),
    "issued in the future": lambda issuer: issuer.token(iat=600),
    "no issue time": lambda issuer: issuer.token(iat=...),
    "no subject": lambda issuer: issuer.token(sub=...),
    "an empty subject": lambda issuer: issuer.token(sub=""),
    "a number for a subject": lambda issuer: issuer.token(sub=7),
    "roles in one string": lambda issuer: issuer.token(roles="admin"),
    "roles that are numbers": lambda issuer: issuer.token(roles=[1]),
    "roles that are null": lambda issuer: issuer.token(roles=None),
    "a person that is no UUID": lambda issuer: issuer.token(person_id="me"),
    "a person that is a number": lambda issuer: issuer.token(person_id=7),
    "a person in braces": lambda issuer: issuer.token(person_id="{" + PERSON + "}"),
    "an empty person": lambda issuer: issuer.token(person_id=""),
    "nothing": lambda _issuer: "",
    "garbage": lambda _issuer: "garbage",
    "two dots": lambda _issuer: "..",
    "not ASCII": lambda _issuer: "é.é.é",
    "deep JSON": lambda _issuer: f"{part(b'[' * 4000)}.e30.eA",
    "far too long": lambda issuer: issuer.token(note="x" * 9000),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_token_is_refused(case: str, issuer: Issuer, verifier: Verifier) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify([f"Bearer {BAD[case](issuer)}"])
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert "." not in refused.value.detail.rstrip(".")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dTpw", "Token x", "Bearer  ", "bearer,"])
async def test_another_kind_of_credential_is_refused(header: str, verifier: Verifier) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify([header])


async def test_two_authorization_headers_are_refused(issuer: Issuer, verifier: Verifier) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify([f"Bearer {issuer.token()}"] * 2)


async def test_a_request_without_a_token_is_asked_for_one(verifier: Verifier) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await verifier.verify([])
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
async def test_a_good_token_names_its_principal(key: RSAKey | ECKey, issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token(key, roles=["employee", "a role of another system"])
    principal = await verifier.verify([f"Bearer {token}"])
    assert (principal.subject, str(principal.person_id), principal.roles) == ("u-1", PERSON, frozenset({"employee"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": -30},
        {"nbf": 30},
        {"aud": ["payroll", "lateral"]},
        {"header": {"typ": "application/AT+JWT"}},
    ],
    ids=["just expired", "nearly valid", "several audiences", "long type"],
)
async def test_an_acceptable_token_is_accepted(changes: dict[str, Any], issuer: Issuer, verifier: Verifier) -> None:
    assert await verifier.verify([f"bearer {issuer.token(**changes)}"])


async def test_a_machine_has_no_person_and_without_the_claim_no_roles(issuer: Issuer, verifier: Verifier) -> None:
    principal = await verifier.verify([f"Bearer {issuer.token(person_id=..., roles=...)}"])
    assert principal == Principal("u-1", None, frozenset())


async def test_the_claims_to_read_are_settings(issuer: Issuer) -> None:
    verifier = Verifier(settings_for(issuer, person_claim="https://hr.example/id", roles_claim="groups"))
    person = uuid4()
    changes: dict[str, Any] = {"groups": ["analyst"], "https://hr.example/id": str(person)}
    token = issuer.token(**changes)
    assert await verifier.verify([f"Bearer {token}"]) == Principal("u-1", person, frozenset({"analyst"}))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_rotated_key_is_fetched_when_a_token_names_it(issuer: Issuer) -> None:
    clock = Clock()
    verifier = Verifier(settings_for(issuer), Keys(settings_for(issuer), clock))
    assert await verifier.verify([f"Bearer {issuer.token()}"])
    issuer.keys = [NEXT]
    clock.now += REFETCH_SECONDS
    assert await verifier.verify([f"Bearer {issuer.token(NEXT)}"])
    with pytest.raises(Unauthenticated):
        await verifier.verify([f"Bearer {issuer.token()}"])


async def test_unknown_key_ids_cannot_make_us_flood_the_issuer(issuer: Issuer) -> None:
    verifier = Verifier(settings_for(issuer), Keys(settings_for(issuer), Clock()))
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify([f"Bearer {issuer.token(header={'kid': str(uuid4())})}"])
    assert issuer.fetches == 1


async def test_known_keys_serve_while_the_issuer_is_down(issuer: Issuer) -> None:
    clock = Clock()
    verifier = Verifier(settings_for(issuer), Keys(settings_for(issuer), clock))
    assert await verifier.verify([f"Bearer {issuer.token()}"])
    issuer.down = True
    clock.now += 10_000
    with pytest.raises(Unauthenticated):
        await verifier.verify([f"Bearer {issuer.token(NEXT)}"])
    assert await verifier.verify([f"Bearer {issuer.token()}"])


async def test_a_withdrawn_key_is_forgotten_although_no_new_one_is_named(issuer: Issuer) -> None:
    clock = Clock()
    keys = Keys(settings_for(issuer), clock)
    assert await keys.get("rsa")
    issuer.keys = [EC]
    clock.now += 10_000
    assert await keys.get("rsa")
    assert keys._background
    await keys._background
    assert await keys.get("rsa") is None


async def test_a_token_that_was_good_is_refused_when_its_time_is_over_or_its_key_another(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(settings_for(issuer), Clock())
    verifier = Verifier(settings_for(issuer), keys)
    header = f"Bearer {issuer.token()}"
    assert await verifier.verify([header]) == await verifier.verify([header])
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr("time.time", lambda: now + 1000)
        with pytest.raises(Unauthenticated):
            await verifier.verify([header])
    assert await verifier.verify([header])
    keys._known = {**keys._known, "rsa": STRANGER}
    with pytest.raises(Unauthenticated):
        await verifier.verify([header])


async def test_without_any_key_yet_a_token_is_neither_good_nor_bad(issuer: Issuer, verifier: Verifier) -> None:
    issuer.down = True
    with pytest.raises(IssuerUnavailable):
        await verifier.verify([f"Bearer {issuer.token()}"])


async def test_a_discovery_document_of_another_issuer_is_not_believed(issuer: Issuer, verifier: Verifier) -> None:
    issuer.claimed = "https://elsewhere.example"
    with pytest.raises(IssuerUnavailable):
        await verifier.verify([f"Bearer {issuer.token()}"])


async def test_a_configured_key_set_needs_no_discovery(issuer: Issuer) -> None:
    issuer.claimed = "https://elsewhere.example"
    verifier = Verifier(settings_for(issuer, jwks_url=f"{issuer.url}/jwks"))
    assert await verifier.verify([f"Bearer {issuer.token()}"])


def test_a_role_must_be_one_we_know() -> None:
    with pytest.raises(ValueError, match="no such role: boss"):
        allow("employee", "boss")
    with pytest.raises(ValueError, match="none given"):
        allow()


def test_any_one_of_the_roles_is_enough_and_none_is_not() -> None:
    principal = Principal("u-1", None, frozenset({"analyst"}))
    authorize(allow("admin", "analyst"), principal)
    with pytest.raises(Forbidden):
        authorize(allow("admin"), principal)
