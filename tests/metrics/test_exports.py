import csv
import io
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pyarrow import parquet

from services.metrics.commands.exports import AT_ONCE, make_exports
from services.metrics.domain.files import harmless
from services.metrics.domain.measures import COUNTED
from shared.db import Database
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import OCTOBER, read, store
from tests.metrics.world import held, part, people, person, programme, unit

NAMES = [name for name, measure in COUNTED.items() if measure.family != "freshness"][: AT_ONCE + 2]


async def two_units(db: Database) -> None:
    big, small, session = people(12), people(3), uuid4()
    await store(db, unit("org", "Org"), unit("sales", "=cmd|' /C calc'!A0", "org"), unit("board", "Board", "org"))
    await store(db, *(person(one) for one in big), *(person(one, "board") for one in small))
    await store(db, programme(), held(session), *(part(session, one) for one in (*big, *small)))


async def turn(db: Database) -> int:
    async with db.transaction() as conn:
        return await make_exports(conn)


def parsed(content: bytes, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if form == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(content)).to_pylist()
    return rows


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_a_file_says_what_the_api_says_and_hides_what_it_hides(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, form: str
) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": form, "measures": NAMES, "by": "unit", **OCTOBER, "purpose": "Board paper"}
    asked = await api.post("/v1/exports", json=body, headers=analyst)
    assert (asked.status_code, asked.json()["state"]) == (202, "queued"), asked.text
    path = f"/v1/exports/{asked.json()['export_id']}"
    assert (await api.get(f"{path}/content", headers=analyst)).status_code == 409
    assert await turn(db) == AT_ONCE
    state = (await api.get(path, headers=analyst)).json()
    assert (state["state"], state["done"], state["total"]) == ("running", AT_ONCE, len(NAMES))
    assert (await turn(db), await turn(db)) == (2, 0)
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


async def test_no_cell_of_a_spreadsheet_is_a_formula(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    await two_units(db)
    analyst = issuer.bearer("analyst", sub="one")
    body = {"format": "csv", "measures": ["attendance_rate"], "by": "unit", **OCTOBER}
    path = f"/v1/exports/{(await api.post('/v1/exports', json=body, headers=analyst)).json()['export_id']}/content"
    await turn(db)
    labels = [row["label"] for row in parsed((await api.get(path, headers=analyst)).content, "csv")]
    assert "'=cmd|' /C calc'!A0" in labels
    for start in "=+-@\t\r\n":
        assert harmless(f"{start}1") == f"'{start}1"
    assert (harmless(-1.5), harmless("a=1")) == (-1.5, "a=1")


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
    api: httpx.AsyncClient, issuer: Issuer, db: Database, changes: dict[str, Any], status: int
) -> None:
    body = {"format": "csv", "measures": ["attendance_rate"], **changes}
    reply = await api.post("/v1/exports", json=body, headers=issuer.bearer("analyst"))
    assert reply.status_code == status, reply.text
    assert await turn(db) == 0
