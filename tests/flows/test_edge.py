"""What callers do wrongly: repeated requests, wrong tokens, wrong roles, other people's objects, unknown fields."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt

from deploy.local.issuer import Issuer
from tests.flows.conftest import ADMIN, OWNER, Company, employee

pytestmark = pytest.mark.real_broker
SOMETHING_TO_READ = {
    "directory": "/v1/people",
    "matching": "/v1/matches",
    "sessions": "/v1/sessions",
    "metrics": "/v1/goals",
}
DRAFT: dict[str, Any] = {
    "name": "Once",
    "format": "mentoring",
    "modality": "remote",
    "confidentiality": "closed",
    "audience_units": None,
    "skills": [],
    "group_size_min": 2,
    "group_size_max": 2,
    "cadence_days": 14,
    "session_minutes": 60,
    "starts_on": "2100-01-01",
    "ends_on": "2100-06-30",
    "goals": [],
}


async def post(
    company: Company, token: str, body: object = DRAFT, path: str = "/v1/programmes", **headers: str
) -> httpx.Response:
    """One request as it is, without any of the client's kindness."""
    url = f"{company.stack['services']['sessions']}{path}"
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, json=body, headers={"Authorization": token, **headers})


async def test_the_same_request_twice_has_one_effect_and_the_same_answer(company: Company) -> None:
    token = await company.services.token(OWNER)
    first, second = [await post(company, token, **{"Idempotency-Key": "once-and-no-more"}) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    programmes = await company.services.all(OWNER, "sessions", "/v1/programmes")
    assert [programme["name"] for programme in programmes].count("Once") == 1
    other = await post(company, token, DRAFT | {"name": "Twice"}, **{"Idempotency-Key": "once-and-no-more"})
    assert other.status_code == 422


def expired(company: Company) -> str:
    """A token of the stack's own issuer whose time is over."""
    issuer = Issuer(company.state, company.stack["issuer"])
    then = int(time.time()) - 7200
    claims = {
        "iss": issuer.url, "aud": "lateral", "sub": "late", "client_id": "late", "jti": "late", "iat": then,
        "exp": then + 60, "roles": ["admin"],
    }  # fmt: skip
    header = {"typ": "at+jwt", "alg": "RS256", "kid": issuer._key.kid}
    return jwt.encode(header, claims, issuer._key, algorithms=["RS256"])


async def test_a_token_that_does_not_count_is_401_everywhere(company: Company, tmp_path: Path) -> None:
    foreign = Issuer(tmp_path, company.stack["issuer"]).token(["admin"])
    elsewhere = Issuer(company.state, "https://elsewhere.example").token(["admin"])
    for token in ("", "Bearer", "Bearer nonsense", *(f"Bearer {t}" for t in (foreign, elsewhere, expired(company)))):
        async with httpx.AsyncClient(trust_env=False) as client:
            for service, path in SOMETHING_TO_READ.items():
                headers = {"Authorization": token} if token else {}
                answer = await client.get(f"{company.stack['services'][service]}{path}", headers=headers)
                assert (service, token[:20], answer.status_code) == (service, token[:20], 401)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert answer.headers["Content-Type"] == "application/problem+json"


async def test_the_wrong_role_is_403_and_an_unknown_field_is_named(company: Company) -> None:
    somebody = employee(await company.person("E100002"))
    assert (await post(company, await company.services.token(somebody))).status_code == 403
    unknown = await post(company, await company.services.token(OWNER), DRAFT | {"colour": "blue"})
    assert unknown.status_code == 422
    assert "colour" in str(unknown.json()["errors"])


async def test_somebody_elses_match_is_not_found(company: Company, buddies: str) -> None:
    worker = company.newcomer()
    company.publish(worker)
    match = await company.match_of(await company.person(worker.employee_number), "proposed", programme_id=buddies)
    members = {member["person_id"] for member in match["members"]}
    cards = await company.services.all(ADMIN, "directory", "/v1/people")
    stranger = employee(next(card["person_id"] for card in cards if card["person_id"] not in members))
    path = f"/v1/matches/{match['match_id']}"
    for method, of in (("GET", path), ("POST", f"{path}/accept")):
        answer = await company.services.send(stranger, "matching", method, of, refusals={404})
        assert answer.status_code == 404
