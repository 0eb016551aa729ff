"""The trail says what changed without a value, and auditors check its seal over HTTP."""

import json
from typing import Any

import httpx

from shared.audit import matches, seal, verify
from shared.db import Database
from tests.directory.hr import person_id, tell, worker
from tests.fixtures.issuer import Issuer
from tests.shared.test_audit import tamper

WHERE = "/v1/audit/verification"


async def test_an_edit_is_told_by_field_and_version_and_a_tampered_row_is_named(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"))
        who = await person_id(conn, "E1")
    me = issuer.bearer("employee", person_id=who) | {"If-Match": '"v1"'}
    states = []
    for _ in range(3):
        edit = {"paused_until": "2999-07-01", "languages": ["fr"]}
        answer = await api.patch(f"/v1/people/{who}/profile", json=edit, headers=me)
        assert answer.status_code == 200, answer.text
        me["If-Match"] = answer.headers["ETag"]
        states.append(answer.content)
    async with api_db.acquire() as conn:
        line, second, third = [dict(row) for row in await conn.fetch("SELECT * FROM audit ORDER BY id")]
        told = [
            await matches(conn, line["id"], state) for state in (states[0], json.dumps(json.loads(states[0])).encode())
        ]
        assert (told, await matches(conn, second["id"], states[0])) == ([True, True], states[0] == states[1])
    assert (line["fields"], line["before"], line["after"][:5]) == (["languages", "paused_until"], '"v1"', '"v2" ')
    assert (second["before"], third["before"]) == (line["after"], second["after"])
    assert not {"2999", "fr"} & set(str(line).replace("-", " ").replace("'", " ").split())

    async def asked(**params: Any) -> dict[str, Any]:
        answer = await api.get(WHERE, params=params, headers=issuer.bearer("operator"))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async with api_db.transaction() as conn:
        assert await seal(conn) == 3
    whole = {"holds": True, "after": 0, "until": 3, "length": 3, "broken": None, "audit_id": None}
    assert await asked() == whole
    assert await asked(limit=2) == whole | {"until": 2}
    await tamper(api_db, f"UPDATE audit SET after = '\"v8\"' WHERE id = {line['id'] + 1}")
    assert await asked() == whole | {"holds": False, "until": 2, "broken": 2, "audit_id": line["id"] + 1}
    assert (await asked(after=2))["holds"]
    assert (await api.get(WHERE, headers=issuer.bearer("employee"))).status_code == 403
    for wrong in ({"after": -1}, {"limit": 0}, {"limit": 10**9}):
        assert (await api.get(WHERE, params=wrong, headers=issuer.bearer("admin"))).status_code == 422


async def test_a_digest_says_nothing_once_whom_it_is_about_was_erased(
    api: httpx.AsyncClient, api_db: Database, issuer: Issuer
) -> None:
    """What somebody has said can be compared with the trail, and not be guessed by trying when they are gone."""
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"), worker("E2"))
        who, other = await person_id(conn, "E1"), await person_id(conn, "E2")
    states = {}
    for one, blocked in ((who, other), (other, who)):
        headers = issuer.bearer("employee", person_id=one) | {"If-Match": '"v1"'}
        answer = await api.patch(f"/v1/people/{one}/profile", json={"not_with": [blocked]}, headers=headers)
        states[one] = answer.content
    async with api_db.acquire() as conn:
        first, second = [row[0] for row in await conn.fetch("SELECT id FROM audit ORDER BY id")]
        assert [await matches(conn, first, states[who]), await matches(conn, second, states[who])] == [True, False]
    await api.post(f"/v1/people/{who}/erasure", headers=issuer.bearer("admin"))
    async with api_db.transaction() as conn:
        await seal(conn)
        # The other one's state named them.
        assert [await matches(conn, line, states[who]) for line in (first, second)] == [None, None]
        assert await verify(conn) is None
