"""Files of workers over HTTP and by command: line by line, resumable, and nobody leaves unconfirmed."""

import csv
import io
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner

from services.directory.__main__ import SERVICE
from services.directory.commands.feeds import deactivate_missing, finish, take_lines
from services.directory.domain.adapters import Parsed
from services.directory.settings import DirectorySettings
from shared.auth import ROLES
from shared.db import Connection, Database
from shared.runner import cli
from tests.directory.hr import LATER, latest, person_id, reasons, tell, worker
from tests.fixtures.issuer import Issuer

SOURCE = "https://hr.example"


def row(number: str, **changes: Any) -> dict[str, Any]:
    """A worker as a file's line says; dated by the file."""
    values = worker(number).model_dump(mode="json", exclude_none=True, exclude={"skills", "languages"})
    return {name: value for name, value in values.items() if name not in {"effectiveAt", "sequence"}} | changes


def jsonl(*rows: dict[str, Any] | str) -> bytes:
    return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in rows).encode()


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


class Feeds:
    """An administrator who sends files."""

    def __init__(self, api: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.api, self.headers = api, headers

    async def begin(self, **about: Any) -> str:
        body = {"source": SOURCE, "form": "jsonl", **about}
        answer = await self.api.post("/v1/feeds", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["feed_id"])

    async def lines(self, feed: str, data: bytes) -> dict[str, Any]:
        answer = await self.api.post(f"/v1/feeds/{feed}/lines", content=data, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def send(self, data: bytes, **about: Any) -> dict[str, Any]:
        return await self.lines(await self.begin(**about), data)

    async def of(self, feed: str, what: str, **params: Any) -> list[dict[str, Any]]:
        answer = await self.api.get(f"/v1/feeds/{feed}/{what}", params=params, headers=self.headers)
        return list(answer.json()["items"])


@pytest.fixture
def feeds(api: httpx.AsyncClient, issuer: Issuer) -> Feeds:
    return Feeds(api, issuer.bearer("admin", person_id=...))


async def test_a_feed_with_one_broken_line_in_a_hundred_ends_with_the_others_and_named_reasons(
    feeds: Feeds, api_db: Database
) -> None:
    rows: list[dict[str, Any]] = [row(f"E{number:04d}", managerEmployeeNumber="E0000") for number in range(2000)]
    rows[0].pop("managerEmployeeNumber")
    wrong = {"workEmail": "nobody", "status": "asleep", "timeZone": "Mars/Olympus", "hireDate": "soon", "country": "D"}
    for at, (column, value) in zip(range(57, 2000, 100), list(wrong.items()) * 4, strict=True):
        rows[at][column] = value
    rows[1057]["managerEmployeeNumber"] = "E1057"
    rows[1057]["workEmail"] = "E1057@corp.local"
    done = await feeds.send(as_csv([row("x") | {"managerEmployeeNumber": ""} | each for each in rows]), form="csv")
    assert (done["taken"], done["refused"], done["last_line"], done["state"]) == (1980, 20, 2001, "done")
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM people") == 1980
        assert await conn.fetchval("SELECT count(*) FROM people WHERE manager_id IS NOT NULL") == 1979
    refusals = await feeds.of(done["feed_id"], "refusals")
    assert [each["line"] for each in refusals] == [at + 2 for at in range(57, 2000, 100)]
    assert all(each["employee_number"] and len(each["reason"]) > 20 for each in refusals)
    assert sum("cycle: E1057 -> E1057" in each["reason"] for each in refusals) == 1
    assert not [each for each in refusals if "nobody" in each["reason"]]


def hostile() -> list[tuple[str, str]]:
    """Lines as a broken system writes them, each with what their reader is told."""
    plain = json.dumps(row("X1"))
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    return [
        (json.dumps(row("X1", givenName="a\0b")), "The line holds a NUL character in givenName."),
        (json.dumps(row("X1", skills=deep)), "skills.0"),
        (plain[:-1] + ', "siteCode": "PAR"}', "The line is not JSON: a name is there twice"),
        (plain.replace('"jobLevel": 2', '"jobLevel": NaN'), "The line is not JSON: NaN is no number"),
        (plain.replace('"jobLevel": 2', '"jobLevel": 1e400'), "jobLevel: "),
        (json.dumps(row("X1", givenName="x" * 1_000_000)), "The line is longer than"),
        (json.dumps(row("\u0425" + "1")), "employeeNumber: character 1 is U+0425"),
        (json.dumps(row("X1", workEmail="e" * 220 + "@x.io")), "workEmail has 225 characters; at most 200"),
        (json.dumps(row("X1", managerEmployeeNumber="X1")), "ReportingLineCycle: The reporting line is a cycle: X1"),
        (plain[:-10], "The line is not JSON: "),
    ]


async def test_hostile_lines_cost_themselves_alone_and_are_told_by_number_and_field(feeds: Feeds) -> None:
    lines: list[dict[str, Any] | str] = []
    for at, (line, _) in enumerate(hostile()):
        lines += [row(f"E{at}"), line]
    done = await feeds.send(jsonl(*lines, row("Y1", effectiveAt="1900-01-01"), row("Y2", effectiveAt="9999-12-31")))
    assert (done["taken"], done["refused"], done["state"]) == (len(hostile()) + 2, len(hostile()), "done")
    refusals = await feeds.of(done["feed_id"], "refusals")
    assert [each["line"] for each in refusals] == [2 * at + 2 for at in range(len(hostile()))]
    for refusal, (_, reason) in zip(refusals, hostile(), strict=True):
        assert refusal["reason"].startswith(reason)


def swap(*between: dict[str, Any]) -> bytes:
    """E1, who led E2, comes to report to E2, who reports to nobody any more: two lines, others between them."""
    return jsonl(row("E1", managerEmployeeNumber="E2"), *between, row("E2"), row("E3", managerEmployeeNumber="E3"))


@pytest.mark.parametrize("between", [0, 2, 1500], ids=["side by side", "in one thousand", "across thousands"])
async def test_two_who_swap_places_are_taken_whatever_else_is_refused(
    between: int, feeds: Feeds, api_db: Database
) -> None:
    await feeds.send(jsonl(row("E1"), row("E2", managerEmployeeNumber="E1")))
    feed = await feeds.begin()
    done = await feeds.lines(feed, swap(*(row(f"F{number:04d}") for number in range(between))))
    assert (done["taken"], done["refused"], done["state"]) == (between + 2, 1, "done")
    (refusal,) = await feeds.of(feed, "refusals")
    assert (refusal["line"], refusal["reason"][:18]) == (between + 3, "ReportingLineCycle")
    async with api_db.acquire() as conn:
        assert str((await latest(conn, "E1")).manager_id) == await person_id(conn, "E2")
        assert (await latest(conn, "E2")).manager_id is None
        assert await conn.fetchval("SELECT count(*) FROM feed_refusals WHERE record IS NOT NULL") == 0


async def test_a_line_that_waits_for_another_waits_no_longer_than_its_thousand_and_forgets_the_erased(
    feeds: Feeds, api_db: Database
) -> None:
    async with api_db.transaction() as conn:
        await tell(conn, worker("E1"), worker("E2", "E1"), worker("E3", "E2"))
    said = [worker("E1", "E2", seq=2), worker("E2", seq=2), worker("E2", "E3", seq=3)]
    lines = [Parsed(line, each.employee_number, each) for line, each in enumerate(said, 1)]
    feed = await feeds.begin()
    async with api_db.transaction() as conn:
        job = await take_lines(conn, UUID(feed), lines, datetime.now(UTC))
        assert (job.taken, job.refused) == (2, 1)
        who = await person_id(conn, "E3")
    assert (await feeds.api.post(f"/v1/people/{who}/erasure", headers=feeds.headers)).status_code == 202
    async with api_db.acquire() as conn:
        record = await conn.fetchval("SELECT record FROM feed_refusals")
        assert (record["employee_number"], "manager_employee_number" in record) == ("E2", False)
    async with api_db.transaction() as conn:
        assert (await finish(conn, UUID(feed), datetime.now(UTC))).refused == 0


async def test_a_file_that_broke_off_goes_on_where_it_was(feeds: Feeds, api_db: Database) -> None:
    """Row 29: a truncated file."""
    rows = [row(f"E{number:04d}") for number in range(2500)]
    data, feed = jsonl(*rows), await feeds.begin()

    async def breaks_off() -> AsyncIterator[bytes]:
        yield data[: len(data) // 2]
        raise OSError

    broken = await feeds.api.post(f"/v1/feeds/{feed}/lines", content=breaks_off(), headers=feeds.headers)
    assert broken.status_code == 503
    url = f"/v1/feeds/{feed}"
    before = (await feeds.api.get(url, headers=feeds.headers)).json()
    assert (before["state"], before["last_line"], before["taken"]) == ("open", 1000, 1000)
    after = await feeds.lines(feed, data)
    assert (after["state"], after["taken"], after["unchanged"], after["refused"]) == ("done", 2500, 0, 0)
    again = await feeds.api.post(f"{url}/lines", content=data, headers=feeds.headers)
    assert (again.status_code, again.json()["state"]) == (409, "done")


async def test_the_same_file_again_brings_nothing_new(feeds: Feeds, api_db: Database) -> None:
    """Row 29: a replayed file."""
    data = jsonl(row("E1"), row("E2"), row("E1", siteCode="PAR", effectiveAt=str(LATER)))
    await feeds.send(data)
    second = await feeds.send(data)
    assert (second["taken"], second["unchanged"]) == (0, 3)
    changed = await feeds.send(jsonl(row("E1"), row("E2", siteCode="PAR")))
    assert (changed["taken"], changed["unchanged"]) == (1, 1)
    async with api_db.acquire() as conn:
        assert await reasons(conn, "E2") == [("hired",), ("profile_changed",)]
        assert await conn.fetchval("SELECT count(*) FROM worker_records") == 4


async def test_whom_a_snapshot_lacks_leaves_only_when_confirmed(feeds: Feeds, api_db: Database, issuer: Issuer) -> None:
    everybody = [row(f"E{number:02d}") for number in range(60)]
    async with api_db.transaction() as conn:
        await tell(conn, worker("GONE", status="left"))
        await conn.execute("UPDATE worker_records SET source = 'https://other.example'")
    await feeds.send(jsonl(*everybody), said_at=str(datetime.now(UTC) - timedelta(days=2)))
    at = datetime.now(UTC) - timedelta(days=1)
    lines: list[dict[str, Any] | str] = [*everybody[:30], row("E30", workEmail="broken")]
    read = await feeds.send(jsonl(*lines), snapshot=True, said_at=str(at))
    assert (read["state"], read["missing"], read["refused"], read["unreadable"]) == ("read", 29, 1, 0)
    feed, url = read["feed_id"], f"/v1/feeds/{read['feed_id']}/deactivate-missing"
    missing = await feeds.of(feed, "missing")
    assert [each["employee_number"] for each in missing] == [f"E{number}" for number in range(31, 60)]
    async with api_db.transaction() as conn:
        assert await deactivate_missing(conn, datetime.now(UTC)) == 0
    assert (await feeds.api.post(url, json={"people": 28}, headers=feeds.headers)).status_code == 422
    hr = issuer.bearer("hr-system", person_id=...)
    assert (await feeds.api.post(url, json={"people": 29}, headers=hr)).status_code == 403
    assert (await feeds.api.post(url, json={"people": 29}, headers=feeds.headers)).json()["state"] == "confirmed"
    async with api_db.transaction() as conn:  # meanwhile HR speaks of one again
        await tell(conn, worker("E31", on=datetime.now(UTC).date(), seq=1))
        assert await deactivate_missing(conn, datetime.now(UTC)) == 29
        assert await deactivate_missing(conn, datetime.now(UTC)) == 0
        assert await conn.fetchval("SELECT count(*) FROM people WHERE status = 'left'") == 29
        assert (await latest(conn, "E32")).leaves_on == at.date()
        assert await reasons(conn, "E31") == [("hired",)]
        assert await conn.fetchval("SELECT count(*) FROM feed_seen") == 0
    outcomes = [each["outcome"] for each in await feeds.of(feed, "missing")]
    assert outcomes == ["spoken of since", *["deactivated"] * 28]
    assert (await feeds.api.get(f"/v1/feeds/{feed}", headers=feeds.headers)).json()["state"] == "done"


async def test_a_snapshot_speaks_only_for_its_own_system(feeds: Feeds) -> None:
    await feeds.send(jsonl(row("A1")), source="https://a.example")
    await feeds.send(jsonl(row("B1")), source="https://b.example")
    read = await feeds.send(jsonl(row("B2"), row("A1", siteCode="PAR")), source="https://b.example", snapshot=True)
    (refusal,) = await feeds.of(read["feed_id"], "refusals")
    assert refusal["reason"].startswith("WorkerOfAnotherSystem: A1 is a worker of https://a.example")
    assert [each["employee_number"] for each in await feeds.of(read["feed_id"], "missing")] == ["B1"]


async def test_more_leavers_than_one_lets_go_wait_here_too(feeds: Feeds, api_db: Database) -> None:
    await feeds.send(jsonl(*(row(f"E{number}") for number in range(100))))
    await feeds.send(jsonl(*(row(f"E{number}", status="left") for number in range(50))))
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM people WHERE status = 'left'") == 0
        assert await conn.fetchval("SELECT count(*) FROM worker_records WHERE hold_id IS NOT NULL") == 50


async def test_whoever_is_erased_is_in_no_feed_any_more(feeds: Feeds, api_db: Database) -> None:
    read = await feeds.send(jsonl(row("E1"), row("E1", workEmail="broken", jobCode="x")), snapshot=True)
    assert (await feeds.of(read["feed_id"], "refusals"))[0]["employee_number"] == "E1"
    async with api_db.acquire() as conn:
        who = await person_id(conn, "E1")
    assert (await feeds.api.post(f"/v1/people/{who}/erasure", headers=feeds.headers)).status_code == 202
    assert await feeds.of(read["feed_id"], "refusals") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": "hr"}, "source"),
        ({"adapter": "oracle"}, "adapter"),
        ({"encoding": "ebcdic"}, "encoding"),
        ({"defaults": {"salary": "1"}}, "defaults"),
        ({"said_at": "today"}, "said_at"),
        ({"form": "xml"}, "form"),
    ],
)
async def test_a_feed_that_makes_no_sense_is_refused_by_field(feeds: Feeds, body: dict[str, Any], field: str) -> None:
    answer = await feeds.api.post("/v1/feeds", json={"source": SOURCE, **body}, headers=feeds.headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_header_nobody_can_use_and_a_feed_nobody_knows_are_refused(feeds: Feeds, issuer: Issuer) -> None:
    feed = await feeds.begin(form="csv")
    answer = await feeds.api.post(f"/v1/feeds/{feed}/lines", content=b"a,a\n1,2\n", headers=feeds.headers)
    assert (answer.status_code, answer.json()["detail"]) == (422, "The header names twice: a.")
    strange = "0b54a1f4-3a4e-4a0e-9a63-3d5f3a2f7c11"
    assert (await feeds.api.post(f"/v1/feeds/{strange}/lines", content=b"", headers=feeds.headers)).status_code == 404
    assert (await feeds.api.get(f"/v1/feeds/{strange}", headers=feeds.headers)).status_code == 404
    for role in ROLES - {"admin", "hr-system"}:
        assert (await feeds.api.get("/v1/feeds", headers=issuer.bearer(role))).status_code == 403


async def test_feeds_are_listed_newest_first(feeds: Feeds) -> None:
    made = [await feeds.begin() for _ in range(3)]
    page = (await feeds.api.get("/v1/feeds?limit=2", headers=feeds.headers)).json()
    rest = (await feeds.api.get(f"/v1/feeds?cursor={page['next']}", headers=feeds.headers)).json()
    assert [each["feed_id"] for each in page["items"] + rest["items"]] == made[::-1]


async def people(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT count(*) FROM people"))


def test_the_command_takes_a_file_and_says_what_became_of_it(
    settings: DirectorySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATERAL_DATABASE_URL", settings.database_url)
    file = tmp_path / "workers.csv"
    file.write_bytes(as_csv([row(f"E{number}") for number in range(1200)] + [row("BAD", status="asleep")]))
    runner = CliRunner()
    done = runner.invoke(cli(SERVICE), ["feed", str(file), "--source", SOURCE, "--snapshot"])
    assert done.exit_code == 0, done.output
    assert "1200 taken, 0 unchanged, 1 refused" in done.output
    assert "line 1202: status: " in done.output
    for arguments, said in (
        (["feed", str(file)], "--source is needed"),
        (["feed", str(file), "--source", SOURCE, "--adapter", "oracle"], "oracle is none of generic"),
        (["feed", str(file), "--source", SOURCE, "--default", "salary=1"], "there is no field salary"),
        (["holds", "approve", "1", "--why", "x"], "There is no such hold."),
        (["republish", "--only", "names"], "names is none of skills"),
    ):
        failed = runner.invoke(cli(SERVICE), arguments)
        assert (failed.exit_code, said in failed.output) == (1, True), failed.output
    assert "no holds" in runner.invoke(cli(SERVICE), ["holds", "list"]).output
    again = runner.invoke(cli(SERVICE), ["republish"])
    assert "1200 people, 1200 contacts" in again.output, again.output


FOREIGN = Path(os.environ.get("LATERAL_FOREIGN_HR", "nowhere"))


@pytest.mark.skipif(not (FOREIGN / "load_employee.sql").is_file(), reason="LATERAL_FOREIGN_HR names no employees data")
async def test_ten_thousand_foreign_employees_come_by_file(feeds: Feeds, api_db: Database) -> None:
    from tests.fixtures import employees  # noqa: PLC0415 - only where the data is

    feed = employees.read(FOREIGN)
    done = await feeds.send(jsonl(*feed.workers))
    assert (done["taken"], done["refused"]) == (len(feed.workers), 0)
    numbers = {str(each["employeeNumber"]) for each in feed.workers}
    first: date = min(date.fromisoformat(str(each["effectiveAt"])) for each in feed.workers)
    async with api_db.acquire() as conn:
        assert await people(conn) == len(numbers) == 10_000
        assert await conn.fetchval("SELECT count(*) FROM people WHERE history IS NOT NULL") > 1000
        assert first.year == 1985
