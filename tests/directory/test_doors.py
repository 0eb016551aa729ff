"""Hostile input by each way in: a file, a topic, SCIM. What is wrong is named, and the rest has its effect."""

import gzip
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.directory.consumers import HANDLERS
from services.directory.domain.adapters import AdapterName
from services.directory.domain.lines import Form
from services.directory.settings import DirectorySettings
from shared.db import Database
from tests.directory.hr import tell, worker
from tests.directory.test_adapters import GENERIC, SUCCESS, WORKDAY
from tests.directory.test_consumers import db, on_broker
from tests.directory.test_feeds import Feeds, as_csv, feeds, jsonl
from tests.directory.test_scim import ENTERPRISE, ERROR, USER, account
from tests.fixtures.delivery import consuming, producing, until
from tests.fixtures.issuer import Issuer

__all__ = ["db", "feeds", "on_broker"]

MEGABYTE = "x" * 1_000_000
DEEP: Any = json.loads("[" * 200 + "]" * 200)
LOOKALIKE = "E\u0415"
TAKEN = "OTHERS"
"""A number that another system uses."""

EXPORTS: dict[AdapterName, dict[str, Any]] = {"generic": GENERIC, "workday": WORKDAY, "successfactors": SUCCESS}
COLUMNS: dict[AdapterName, dict[str, str]] = {
    "generic": {"number": "employeeNumber", "mail": "workEmail", "hired": "hireDate", "name": "givenName"},
    "workday": {
        "number": "Employee ID", "mail": "Primary Work Email", "hired": "Hire Date", "name": "Legal First Name",
    },
    "successfactors": {"number": "userId", "mail": "email", "hired": "hireDate", "name": "firstName"},
}  # fmt: skip
WRONG: list[tuple[str, Any, str]] = [
    ("mail", "nobody", "{mail}"),
    ("hired", "soon", "{hired}"),
    ("hired", "0000-00-00", "{hired}"),
    ("number", LOOKALIKE, "employeeNumber: character 2 is U+0415"),
    ("number", "", "employeeNumber"),
    ("number", TAKEN, "WorkerOfAnotherSystem: OTHERS is a worker of https://other.example"),
    ("name", MEGABYTE, "The line is longer than"),
    ("name", "a\0b", "The line holds a NUL character in {name}."),
    ("name", "x" * 201, "{name}"),
]
FINE: list[tuple[str, Any]] = [
    ("hired", "1900-01-01"),
    ("hired", "9999-12-31"),
    ("name", "\u0410d\u0430"),
    ("name", "Ada"),
]


def export(adapter: AdapterName, worker_number: str, /, **changes: Any) -> dict[str, Any]:
    """A line of a system's export; `changes` by what a column means."""
    columns = COLUMNS[adapter]
    own = {columns["number"]: worker_number, columns["mail"]: f"{worker_number}@corp.local"}
    return EXPORTS[adapter] | own | {columns[name]: value for name, value in changes.items()}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("adapter", EXPORTS)
async def test_a_hostile_file_ends_with_all_that_is_fine_and_a_reason_for_the_rest(
    adapter: AdapterName, form: Form, packed: bool, feeds: Feeds, api_db: Database
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker(TAKEN).model_copy(update={"work_email": "o@corp.local"}))
        await conn.execute("UPDATE worker_records SET source = 'https://other.example'")
    rows, broken = [], []
    for at, (name, value, reason) in enumerate(WRONG):
        rows += [export(adapter, f"GOOD{at}"), export(adapter, f"BAD{at}", **{name: value})]
        broken.append(reason.format(**COLUMNS[adapter]))
    rows += [export(adapter, f"FINE{at}", **{name: value}) for at, (name, value) in enumerate(FINE)]
    if form == "csv":
        data = as_csv(rows) + b"\xff\xfe,half\r\n" + b'"never ends\r\n'
        broken += ["The line ", "The line "]
    else:
        plain = json.dumps(export(adapter, "X"))
        column = COLUMNS[adapter]["name"]
        lines = [
            plain[:-1] + f', "{column}": "twice"}}', json.dumps(export(adapter, "X", name=DEEP)),
            json.dumps(export(adapter, "X", name=float("nan"))), "[" * 5000 + "]" * 5000, plain[:-9], "[]",
        ]  # fmt: skip
        data = jsonl(*rows, *lines) + b"\n\xff\xfe\n"
        broken += ["The line is not JSON", column, "The line is not JSON", "The line ", "The line is not JSON"]
        broken += ["The line is not a JSON object", "The line is not in the encoding"]
    done = await feeds.send(gzip.compress(data) if packed else data, adapter=adapter, form=form)
    fine = len(WRONG) + len(FINE)
    refusals = await feeds.of(done["feed_id"], "refusals")
    assert (done["state"], done["taken"], done["refused"]) == ("done", fine, len(broken)), refusals
    reasons = [refusal["reason"] for refusal in refusals]
    assert [told for told, reason in zip(reasons, broken, strict=True) if not told.startswith(reason)] == []
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM people") == fine + 1
        assert (
            await conn.fetchval("SELECT count(*) FROM people WHERE given_name IN ('\u0410d\u0430', 'Ada')") == fine + 1
        )


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_file_that_is_cut_off_or_a_bomb_is_refused_and_what_was_taken_stays(
    form: Form, feeds: Feeds, api_db: Database
) -> None:
    rows = [export("generic", f"E{at}") for at in range(3000)]
    data = as_csv(rows) if form == "csv" else jsonl(*rows)
    whole = gzip.compress(data)
    feed = await feeds.begin(form=form, snapshot=True)
    path = f"/v1/feeds/{feed}/lines"
    for sent in (
        whole[:-9],
        gzip.compress(data) + b"tail",
        gzip.compress(data + b" " * (len(whole) * 200 + (1 << 25))),
    ):
        answer = await feeds.api.post(path, content=sent, headers=feeds.headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unreadable-file")
    job = (await feeds.api.get(f"/v1/feeds/{feed}", headers=feeds.headers)).json()
    assert (job["state"], job["missing"]) == ("open", 0)
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM people") == job["taken"] > 0
    done = await feeds.lines(feed, whole)
    assert (done["state"], done["taken"], done["refused"]) == ("done", 3000, 0)


MODES = ["binary", "structured"]
RECORDS: list[tuple[Any, str]] = [
    ({"givenName": "a\0b"}, "a NUL character, which no database text can hold: givenName"),
    ({"skills": [{"skillId": "a\0b"}]}, "hold: skills.0.skillId"),
    ({"givenName": "x" * 900_000}, "givenName"),
    ({"skills": DEEP}, "skills"),
    ({"jobLevel": float("nan")}, ""),
    ({"hireDate": "0000-00-00"}, "hireDate"),
    ({"workEmail": "nobody"}, "workEmail"),
    ({"status": "asleep"}, "status"),
    ({"siteCode": LOOKALIKE}, "siteCode: character 2 is U+0415"),
    ({"employeeNumber": TAKEN}, "OTHERS is a worker of https://other.example"),
    ("[" * 5000 + "]" * 5000, ""),
    (b"\xff\xfe not utf-8", ""),
    ('"text"', ""),
]


def record(mode: str, value: Any, number: str) -> tuple[list[tuple[str, bytes]], bytes, bytes]:
    """Headers, value and key of a Kafka record as an HR system writes it."""
    if isinstance(value, dict):
        value = worker(number).model_dump(mode="json", by_alias=True) | value
        number = value["employeeNumber"]
    data = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
    about = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "https://hr.example",
        "type": type(worker("E")).event_type,
    }
    if mode == "binary":
        headers = [(f"ce_{name}", text.encode()) for name, text in about.items()]
        return [*headers, ("content-type", b"application/json")], data, number.encode()
    envelope = json.dumps({**about, "data": None}).encode().replace(b'"data": null', b'"data": ' + data)
    return [("content-type", b"application/cloudevents+json")], envelope, number.encode()


@pytest.mark.parametrize("mode", MODES)
async def test_hostile_records_are_parked_with_the_reason_and_the_others_have_their_effect(
    mode: str, on_broker: DirectorySettings, db: Database
) -> None:
    async with db.transaction() as conn:
        await tell(conn, worker(TAKEN))
        await conn.execute("UPDATE worker_records SET source = 'https://other.example'")
    sent = []
    for at, (value, _) in enumerate(RECORDS):
        sent += [record(mode, {}, f"GOOD{at}"), record(mode, value, f"BAD{at}")]
    sent += [record(mode, {"hireDate": day}, f"DAY{day[:4]}") for day in ("1900-01-01", "9999-12-31")]
    topic = f"{on_broker.topic_prefix}hr.workers"
    async with producing(on_broker) as client:
        for headers, value, key in sent:
            await client.send_and_wait(topic, value, key, headers=headers, partition=0)
    async with consuming(on_broker, db, HANDLERS):
        await until(db, "SELECT count(*) FROM dead_letters", len(RECORDS))
        await until(db, "SELECT count(*) FROM people", len(RECORDS) + 3)
    async with db.acquire() as conn:
        letters = await conn.fetch("SELECT reason, detail FROM dead_letters ORDER BY record_offset")
    for letter, (value, named) in zip(letters, RECORDS, strict=True):
        assert letter["detail"], value
        assert named in letter["detail"], (letter["detail"], named)


USERS: list[tuple[Any, int, str | None]] = [
    (account("bad", title="a\0b"), 400, "invalidValue"),
    (account("bad", title=MEGABYTE + MEGABYTE), 413, None),
    (account("bad", title=DEEP), 400, "invalidValue"),
    (account("bad", nickName=float("nan")), 400, "invalidValue"),
    (account("bad", userName=f"{LOOKALIKE}@corp.local"), 400, "invalidValue"),
    (account("bad", externalId=LOOKALIKE), 400, "invalidValue"),
    (account("bad", **{ENTERPRISE: {"employeeNumber": LOOKALIKE}}), 400, "invalidValue"),
    (account("good"), 409, "uniqueness"),
    (account("bad", **{ENTERPRISE: {"employeeNumber": "N-1"}}), 409, "uniqueness"),
    (b"[" * 5000 + b"]" * 5000, 400, "invalidSyntax"),
    (b"\xff\xfe not utf-8", 400, "invalidSyntax"),
    (json.dumps(account("bad")).encode("utf-16"), 400, "invalidSyntax"),
    (json.dumps(account("bad"))[:-9].encode(), 400, "invalidSyntax"),
    (gzip.compress(json.dumps(account("bad")).encode()), 400, "invalidSyntax"),
]


@pytest.fixture
async def good(api: httpx.AsyncClient, issuer: Issuer) -> dict[str, str]:
    """Headers of an identity system that has provisioned somebody."""
    headers = issuer.bearer("hr-system") | {"Content-Type": "application/scim+json"}
    body = json.dumps(account("good", **{ENTERPRISE: {"employeeNumber": "N-1"}}))
    assert (await api.post("/scim/v2/Users", content=body, headers=headers)).status_code == 201
    return headers


async def test_hostile_accounts_are_refused_in_scims_words(good: dict[str, str], api: httpx.AsyncClient) -> None:
    answers = []
    for body, _, _ in USERS:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await api.post("/scim/v2/Users", content=content, headers=good)
        said = answer.json()
        assert said["schemas"] == [ERROR]
        assert len(answer.content) < 2000
        answers.append((answer.status_code, said.get("scimType")))
    assert answers == [(status, scim_type) for _, status, scim_type in USERS]
    listed = (await api.get("/scim/v2/Users", headers=good)).json()
    assert [one["userName"] for one in listed["Resources"]] == ["good@corp.local"]


async def test_of_a_bulk_request_the_hostile_operations_alone_fail(
    good: dict[str, str], api: httpx.AsyncClient
) -> None:
    wrong = USERS[4:9]  # JSON that nobody can read is nobody's operation: it fails the whole request
    bodies = [each for at, (body, _, _) in enumerate(wrong) for each in (account(f"fine{at}"), body)]
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{at}", "data": {"schemas": [USER], **body}}
        for at, body in enumerate(bodies)
    ]
    request = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    answer = await api.post("/scim/v2/Bulk", content=json.dumps(request), headers=good)
    assert answer.status_code == 200, answer.text
    found = answer.json()["Operations"]
    assert [each["status"] for each in found[::2]] == ["201"] * len(wrong)
    assert [(int(each["status"]), each["response"]["scimType"]) for each in found[1::2]] == [each[1:] for each in wrong]
    assert (await api.get("/scim/v2/Users", headers=good)).json()["totalResults"] == 1 + len(wrong)
