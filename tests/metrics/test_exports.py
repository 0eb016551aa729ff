import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pyarrow import parquet

from services.metrics.commands import exports
from services.metrics.commands.exports import AT_ONCE, make_exports
from services.metrics.domain.files import harmless
from services.metrics.domain.measure import Measure
from services.metrics.domain.measures import COUNTED
from services.metrics.queries import published
from services.metrics.queries.measures import Table, get_measure
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope
from services.metrics.settings import MetricsSettings
from shared.db import Connection, Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, store
from tests.metrics.world import held, part, people, person, programme, unit

NAMES = [name for name, measure in COUNTED.items() if measure.family != "freshness"][: AT_ONCE + 2]


async def two_units(db: Database) -> None:
    big, small, session = people(12), people(3), uuid4()
    await store(db, unit("org", "Org"), unit("sales", "=cmd|' /C calc'!A0", "org"), unit("board", "Board", "org"))
    await store(db, *(person(one) for one in big), *(person(one, "board") for one in small))
    await store(db, programme(), held(session), *(part(session, one) for one in (*big, *small)))


async def turn(db: Database, settings: MetricsSettings) -> int:
    async with db.acquire() as conn:
        return await make_exports(conn, settings)


def parsed(content: bytes, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if form == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(content)).to_pylist()
    return rows


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_a_file_says_what_the_api_says_and_hides_what_it_hides(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings, form: str
) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": form, "measures": NAMES, "by": "unit", **OCTOBER, "purpose": "Board paper"}
    asked = await api.post("/v1/exports", json=body, headers=analyst)
    assert (asked.status_code, asked.json()["state"]) == (202, "queued"), asked.text
    path = f"/v1/exports/{asked.json()['export_id']}"
    assert (await api.get(f"{path}/content", headers=analyst)).status_code == 409
    assert (await turn(db, settings), await turn(db, settings)) == (len(NAMES), 0)
    assert (await api.get(path, headers=analyst)).json()["state"] == "done"
    for other in (path, f"{path}/content"):
        assert (await api.get(other, headers=issuer.bearer("analyst", sub="two"))).status_code == 404
    rows = parsed((await api.get(f"{path}/content", headers=analyst)).content, form)
    assert {row["measure"] for row in rows} == set(NAMES)
    for name in NAMES:
        cells = (await read(api, issuer, f"/v1/measures/{name}", by="unit", **OCTOBER))["cells"]
        told = {row["group"]: row for row in rows if row["measure"] == name}
        assert told.keys() == {cell["group"] for cell in cells}
        for cell in cells:
            row = told[cell["group"]]
            assert str(row["suppressed"]) == str(cell["suppressed"])
            assert (row["value"] in {"", None}) is (cell["value"] is None)
            assert cell["value"] is None or float(row["value"]) == cell["value"]
    assert any(str(row["suppressed"]) == "True" for row in rows)
    (noted,) = (await read(api, issuer, "/v1/query-log", "employee", limit=100))["items"][-1:]
    assert (noted["what"], noted["purpose"]) == ("export", "Board paper")


async def test_a_file_is_of_one_moment_and_says_how_far_it_is(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": "jsonl", "measures": NAMES, "by": "unit", **OCTOBER}
    path = f"/v1/exports/{(await api.post('/v1/exports', json=body, headers=analyst)).json()['export_id']}"
    before = {name: await read(api, issuer, f"/v1/measures/{name}", by="unit", **OCTOBER) for name in NAMES}
    counted, states = list[str](), list[dict[str, Any]]()

    async def disturbed(conn: Connection, release: Release, measure: Measure, scope: Scope) -> Table:
        counted.append(measure.name)
        if len(counted) == AT_ONCE + 1:
            states.append((await api.get(path, headers=analyst)).json())
            crowd, session = people(30), uuid4()
            await store(db, *(person(one) for one in crowd), held(session), *(part(session, one) for one in crowd))
        return await get_measure(conn, release, measure, scope)

    monkeypatch.setattr(exports, "get_measure", disturbed)
    assert await turn(db, settings) == len(NAMES)
    assert [(state["state"], state["done"], state["total"]) for state in states] == [("running", AT_ONCE, len(NAMES))]
    rows = parsed((await api.get(f"{path}/content", headers=analyst)).content, "jsonl")
    for name in NAMES:
        told = {row["group"]: (row["value"], row["n"]) for row in rows if row["measure"] == name}
        assert told == {cell["group"]: (cell["value"], cell["n"]) for cell in before[name]["cells"]}
        now = await read(api, issuer, f"/v1/measures/{name}", by="unit", **OCTOBER)
        assert name != "attendance_rate" or now["cells"] != before[name]["cells"]


async def test_no_cell_of_a_spreadsheet_is_a_formula(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings
) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": "csv", "measures": ["attendance_rate"], "by": "unit", **OCTOBER}
    path = f"/v1/exports/{(await api.post('/v1/exports', json=body, headers=analyst)).json()['export_id']}/content"
    await turn(db, settings)
    labels = [row["label"] for row in parsed((await api.get(path, headers=analyst)).content, "csv")]
    assert "'=cmd|' /C calc'!A0" in labels
    for start in "=+-@\t\r\n":
        assert harmless(f"{start}1") == f"'{start}1"
    assert (harmless(-1.5), harmless("a=1"), harmless("a - b")) == (-1.5, "a=1", "a - b")
    assert harmless(" =1+1") == "' =1+1"
    assert harmless("Sales;=HYPERLINK()") == "Sales;'=HYPERLINK()", "where a semicolon parts the cells"


async def test_a_file_waits_for_what_is_still_being_counted_and_holds_up_no_other(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": "parquet", "measures": ["attendance_rate"], "by": "unit", **OCTOBER}
    asked = [(await api.post("/v1/exports", json=body, headers=analyst)).json()["export_id"] for _ in range(2)]
    paths = [f"/v1/exports/{export_id}" for export_id in asked]
    with monkeypatch.context() as small:
        small.setattr(published, "LARGE", 0)
        assert await turn(db, settings) == 0, "the first has to wait"
    assert (await api.get(paths[0], headers=analyst)).json()["state"] == "queued"
    assert await turn(db, settings) == 1, "the second is made meanwhile"
    async with db.transaction() as conn:
        await conn.execute("UPDATE exports SET tried_at = now() - interval '1 minute'")
    assert await turn(db, settings) == 1
    for path in paths:
        (row, *_) = parsed((await api.get(f"{path}/content", headers=analyst)).content, "parquet")
        assert (row["window_start"], row["as_of"].utcoffset()) == (date(2026, 10, 1), timedelta())


async def test_a_file_that_cannot_be_made_says_so_and_the_next_is_made(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": "csv", "measures": ["attendance_rate"], **OCTOBER}
    first = f"/v1/exports/{(await api.post('/v1/exports', json=body, headers=analyst)).json()['export_id']}"
    second = f"/v1/exports/{(await api.post('/v1/exports', json=body, headers=analyst)).json()['export_id']}"

    def broken(*_: object) -> bytes:
        raise ValueError

    with monkeypatch.context() as once:
        once.setattr(exports, "encode", broken)
        await turn(db, settings)
    await turn(db, settings)
    assert [(await api.get(path, headers=analyst)).json()["state"] for path in (first, second)] == ["failed", "done"]
    answer = await api.get(f"{first}/content", headers=analyst)
    assert (answer.status_code, answer.json()["state"]) == (409, "failed")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"measures": ["wishes"]}, 404),
        ({"measures": ["skill_gap"]}, 409),
        ({"measures": ["freshness_seconds"]}, 422),
        ({"measures": []}, 422),
        ({"format": "xls"}, 422),
        ({"by": "person"}, 422),
        ({"starts_on": "1970-01-01"}, 422),
    ],
)
async def test_a_wrong_wish_makes_no_file(
    api: httpx.AsyncClient,
    issuer: Issuer,
    db: Database,
    settings: MetricsSettings,
    changes: dict[str, Any],
    status: int,
) -> None:
    body = {"format": "csv", "measures": ["attendance_rate"], **changes}
    reply = await api.post("/v1/exports", json=body, headers=issuer.bearer("analyst"))
    assert reply.status_code == status, reply.text
    assert await turn(db, settings) == 0


@pytest.fixture
async def finished(api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings) -> str:
    """The path of a file of somebody's own."""
    await two_units(db)
    body = {"format": "csv", "measures": ["attendance_rate"], "by": "unit", **OCTOBER}
    asked = (await api.post("/v1/exports", json=body, headers=issuer.bearer("analyst", sub="one"))).json()
    await turn(db, settings)
    return f"/v1/exports/{asked['export_id']}"


async def link(api: httpx.AsyncClient, issuer: Issuer, path: str, sub: str = "one", **body: int) -> httpx.Response:
    return await api.post(f"{path}/links", json=body, headers=issuer.bearer("analyst", sub=sub))


async def test_a_link_downloads_its_file_without_a_token_and_names_nobody(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, finished: str
) -> None:
    own = await api.get(f"{finished}/content", headers=issuer.bearer("analyst", sub="one"))
    made = await link(api, issuer, finished, minutes=5)
    assert made.status_code == 201, made.text
    url = httpx.URL(made.json()["url"])
    assert (url.path, set(url.params)) == (f"{finished}/file", {"expires", "signature"})
    assert timedelta(0) < datetime.fromisoformat(made.json()["expires_at"]) - datetime.now(UTC) <= timedelta(minutes=5)
    found = await api.get(url.raw_path.decode())
    assert (found.status_code, found.content, found.headers["content-type"]) == (
        200,
        own.content,
        own.headers["content-type"],
    )
    assert found.headers["cache-control"] == "private, no-store"
    async with db.acquire() as conn:
        trail = await conn.fetch("SELECT actor, object, outcome FROM audit ORDER BY id DESC LIMIT 2")
    assert [tuple(line) for line in trail] == [
        ("export link", f"{finished}/file", 200),
        ("one", f"{finished}/links", 201),
    ]


async def test_a_link_that_was_changed_or_has_ended_is_refused(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = httpx.URL((await link(api, issuer, finished)).json()["url"])
    second = f"/v1/exports/{uuid4()}/file"
    signature = url.params["signature"]
    last = "A" if signature[-2] != "A" else "B"
    for path, changes in (
        (url.path, {"expires": str(int(url.params["expires"]) + 1)}),
        (url.path, {"signature": f"{signature[:-2]}{last}{signature[-1]}"}),
        (url.path, {"signature": "é"}),
        (url.path, {"signature": ""}),
        (second, {}),
    ):
        refused = await api.get(path, params={**url.params, **changes})
        assert (refused.status_code, "changed" in refused.json()["detail"]) == (403, True), changes
    monkeypatch.setattr("services.metrics.queries.exports.time.time", lambda: float(url.params["expires"]))
    ended = await api.get(url.raw_path.decode())
    assert (ended.status_code, "expired" in ended.json()["detail"]) == (403, True)
    assert (await api.get(url.path, params={"expires": "x", "signature": "y"})).json()["errors"][0][
        "field"
    ] == "expires"


async def test_a_link_ends_with_its_file_and_is_made_by_whose_file_it_is(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings, finished: str
) -> None:
    assert (await link(api, issuer, finished, sub="two")).status_code == 404
    for minutes in (0, 24 * 60 + 1):
        reply = await link(api, issuer, finished, minutes=minutes)
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "minutes")
    body = {"format": "csv", "measures": ["attendance_rate"], **OCTOBER}
    waiting = (await api.post("/v1/exports", json=body, headers=issuer.bearer("analyst", sub="one"))).json()
    early = await link(api, issuer, f"/v1/exports/{waiting['export_id']}")
    assert (early.status_code, early.json()["state"]) == (409, "running")
    async with db.transaction() as conn:
        await conn.execute("UPDATE exports SET requested_at = now() - interval '7 days' + interval '1 minute'")
    made = (await link(api, issuer, finished, minutes=60)).json()
    assert datetime.fromisoformat(made["expires_at"]) <= datetime.now(UTC) + timedelta(minutes=1)
    async with db.transaction() as conn:
        await conn.execute("UPDATE exports SET requested_at = now() - interval '8 days'")
    await turn(db, settings)
    gone = await api.get(httpx.URL(made["url"]).raw_path.decode())
    assert (gone.status_code, "gone" in gone.json()["detail"]) == (403, True)
