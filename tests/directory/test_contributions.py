"""What people give is shown by choice, and taken along as a badge that anybody can verify."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from joserfc.jws import JWSRegistry
from openbadgeslib.ob3.verifier import OB3VerificationError, OB3Verifier

from services.directory.app import create_app
from services.directory.settings import DirectorySettings
from shared.db import Database
from shared.settings import WrongSettings, load
from tests.directory.hr import person_id, tell, worker
from tests.directory.test_evidence import meet, say
from tests.directory.test_skills import bring_in, line
from tests.fixtures.issuer import Issuer

KEY = RSAKey.generate_key(2048)
PEM = KEY.as_pem(private=True).decode()
LONG_HEADERS = JWSRegistry(algorithms=["RS256"])
LONG_HEADERS.max_header_length = 2048  # the key travels in the header
URI = "http://data.europa.eu/esco/skill/1"


@pytest.fixture
async def settings(settings: DirectorySettings) -> DirectorySettings:
    """With a key, and a public address that is the one the tests reach."""
    return load(
        DirectorySettings,
        "directory",
        database_url=settings.database_url,
        issuer=settings.issuer,
        badge_key=PEM.replace("\n", "\\n"),
        badge_issuer_url="http://api",
        badge_issuer_name="Aurora",
    )


@pytest.fixture(autouse=True)
async def people(api: httpx.AsyncClient, api_db: Database, issuer: Issuer) -> dict[str, str]:
    """A has facilitated a session with P and Q, and both endorse her."""
    await bring_in(api, issuer, line(URI, "Coaching"))
    async with api_db.transaction() as conn:
        await tell(conn, *(worker(number) for number in "APQ"))
        found = {number: await person_id(conn, number) for number in "APQ"}
    await meet(api_db, *found.values(), role="facilitator", taught=2)
    await meet(api_db, found["A"], state="no_show")
    for peer in "PQ":
        await say(api, issuer, found["A"], found[peer], URI)
    return found


async def share(api: httpx.AsyncClient, issuer: Issuer, who: str) -> None:
    me = issuer.bearer("employee", person_id=who)
    version = (await api.get(f"/v1/people/{who}", headers=me)).headers["etag"]
    body = {"shares_contributions": True}
    answer = await api.patch(f"/v1/people/{who}/profile", json=body, headers={**me, "If-Match": version})
    assert (answer.status_code, answer.json()["shares_contributions"]) == (200, True)


async def test_contributions_are_ones_own_until_they_are_shared(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """P14."""
    url = f"/v1/people/{people['A']}/contributions"
    mine = (await api.get(url, headers=issuer.bearer("employee", person_id=people["A"]))).json()
    assert (mine["sessions"], mine["facilitated"], mine["contributions"], mine["shared"]) == (1, 1, 5, False)
    assert [(one["label"], one["endorsements"]) for one in mine["skills"]] == [("Coaching", 2)]
    for role in ("employee", "manager", "admin", "analyst"):
        assert (await api.get(url, headers=issuer.bearer(role, person_id=people["P"]))).status_code == 404
    await share(api, issuer, people["A"])
    shown = await api.get(url, headers=issuer.bearer("employee", person_id=people["P"]))
    assert (shown.status_code, shown.json()["shared"]) == (200, True)


async def badge(api: httpx.AsyncClient, issuer: Issuer, who: str) -> httpx.Response:
    return await api.get(f"/v1/people/{who}/badge", headers=issuer.bearer("employee", person_id=who))


async def test_a_badge_is_verified_by_what_it_names_alone(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """P14."""
    await share(api, issuer, people["A"])
    answer = await badge(api, issuer, people["A"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
    header = json.loads(_decoded(answer.text.split(".")[0]))
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    public = (await api.get(header["kid"])).json()
    assert (public in (await api.get("/v1/badges/jwks")).json()["keys"], "d" in public) == (True, False)
    assert {name: public[name] for name in ("kty", "n", "e")} == header["jwk"]
    token = jwt.decode(answer.text, JWKRegistry.import_key(public), registry=LONG_HEADERS)
    body: dict[str, Any] = token.claims
    assert (await api.get(body["iss"])).json() == body["issuer"]
    subject = body["credentialSubject"]
    assert (body["jti"], body["sub"]) == (body["id"], subject["id"])
    assert body["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert body["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert subject["achievement"]["alignment"] == [{"type": ["Alignment"], "targetName": "Coaching", "targetUrl": URI}]
    (identifier,) = subject["identifier"]
    digest = hashlib.sha256(f"A@aurora.example{identifier['salt']}".encode()).hexdigest()
    assert identifier["identityHash"] == f"sha256${digest}"
    assert "aurora.example" not in json.dumps(body)
    head, payload, signature = answer.text.split(".")
    forged = f"{head}.{payload[:-4]}AAAA.{signature}"
    with pytest.raises(BadSignatureError):
        jwt.decode(forged, JWKRegistry.import_key(public), registry=LONG_HEADERS)


async def test_another_implementation_of_open_badges_reads_it_and_sees_a_forgery(
    api: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    """P14."""
    await share(api, issuer, people["A"])
    token = (await badge(api, issuer, people["A"])).text
    verifier = OB3Verifier(KEY.as_pem(private=False))
    found = verifier.verify(token, expected_recipient=f"urn:uuid:{people['A']}")
    assert (found.issuer.name, found.issuer.url) == ("Aurora", "http://api")
    assert [(one.target_name, one.target_url) for one in found.achievement.alignments] == [("Coaching", URI)]
    assert [one.identity_type for one in found.identifiers] == ["emailAddress"]
    head, payload, signature = token.split(".")
    for forged in (f"{head}.{payload[:-4]}AAAA.{signature}", f"{head}.{payload}."):
        with pytest.raises(OB3VerificationError):
            verifier.verify(forged)
    with pytest.raises(OB3VerificationError):
        verifier.verify(token, expected_recipient=f"urn:uuid:{people['P']}")


async def test_a_badge_needs_consent_and_something_to_say_and_is_nobody_elses(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer, people: dict[str, str]
) -> None:
    refused = await badge(api, issuer, people["A"])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/contributions-not-shared")
    async with api_db.transaction() as conn:
        await conn.execute("DELETE FROM attendances WHERE person_id = $1", people["P"])
    await share(api, issuer, people["P"])
    assert (await badge(api, issuer, people["P"])).json()["type"] == "/problems/nothing-contributed"
    other = issuer.bearer("admin", person_id=people["P"])
    assert (await api.get(f"/v1/people/{people['A']}/badge", headers=other)).status_code == 404
    assert (await api.get("/v1/badges/keys/another")).status_code == 404


@pytest.fixture
async def keyless(settings: DirectorySettings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings.model_copy(update={"badge_key": None}))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield client


async def test_without_a_key_there_are_no_badges(
    keyless: httpx.AsyncClient, issuer: Issuer, people: dict[str, str]
) -> None:
    assert (await badge(keyless, issuer, people["A"])).json()["type"] == "/problems/badges-not-configured"
    for path in ("issuer", "jwks", "keys/x"):
        assert (await keyless.get(f"/v1/badges/{path}")).status_code == 409


def short_key() -> str:
    key = rsa.generate_private_key(65537, 1024)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "wrong",
    [
        "no key",
        KEY.as_pem(private=False).decode(),
        short_key(),
        ECKey.generate_key("P-256").as_pem(private=True).decode(),
    ],
)
def test_a_wrong_key_is_told_before_anything_starts_and_never_shown(wrong: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        load(DirectorySettings, "directory", database_url="postgresql://unused", badge_key=wrong)
    assert "LATERAL_DIRECTORY_BADGE_KEY" in str(refused.value)
    assert wrong[-60:] not in str(refused.value)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
