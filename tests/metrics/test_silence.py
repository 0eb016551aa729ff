"""Where few could have come, that all did and that nobody did look the same: every measure, every exit."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pyarrow import parquet

from services.metrics.commands.exports import make_exports
from services.metrics.commands.statements import claim, set_store
from services.metrics.domain.files import Format
from services.metrics.domain.measures import COUNTED
from services.metrics.queries.release import Release
from services.metrics.queries.report import get_report
from services.metrics.queries.scope import Scope, Window
from services.metrics.settings import MetricsSettings
from shared.db import Connection, Database
from shared.events.directory import PersonChanged
from shared.events.matching import MatchAccepted
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.world import held, part, people, person, programme, proposal, proposed, unit

TODAY = datetime.now(UTC).date()
MONTH = TODAY.replace(day=1)
START = datetime(MONTH.year, MONTH.month, 1, 9, tzinfo=UTC)
BEFORE = START - timedelta(days=20)
LOUD, SILENT, ALL = (UUID(int=number, version=4) for number in (1, 2, 3))
"""Programmes of the four that do everything and of the four that do nothing, and one for everybody."""
NAMES = sorted(set(COUNTED) - {"freshness_seconds"})
PARTS = ("value", "n", "denominator", "half_interval", "suppressed", "reason", "note")
WINDOW = {"starts_on": str(MONTH), "ends_on": str(TODAY)}


@pytest.fixture
async def company(db: Database) -> list[UUID]:
    """Forty who come, and two divisions of four: each has a programme of its own, and only one of them comes."""
    async with db.transaction() as conn:
        await set_store(conn, "https://lrs.example.org")
    many, loud, silent = people(40), people(4), people(4)
    units = {"ops": many[:20], "sales": many[20:], "loud": loud, "silent": silent}
    await store(db, unit("org", "Org"), *(unit(code, code.title(), "org") for code in units))
    await store(db, *(hired(one, code) for code, members in units.items() for one in members))
    run = {"starts_on": MONTH, "ends_on": TODAY}
    await store(
        db,
        programme(ALL, name="All", **run),
        programme(LOUD, name="Loud few", audience_units=("loud",), format="critique_group", **run),
        programme(SILENT, name="Silent few", audience_units=("silent",), format="problem_solving", **run),
    )
    for at in (BEFORE, START):
        both, own = uuid4(), uuid4()
        await store(db, held(both, programme_id=ALL, starts_at=at, facilitator_id=many[0]))
        await store(db, held(own, programme_id=LOUD, starts_at=at, format="critique_group", facilitator_id=loud[0]))
        for session, programme_id, members in ((both, ALL, (*many, *loud)), (own, LOUD, loud)):
            came: dict[str, Any] = {"programme_id": programme_id, "session_starts_at": at, "taught": 1}
            form = "mentoring" if programme_id == ALL else "critique_group"
            await store(db, *(part(session, one, format=form, **came) for one in members))
    match = uuid4()
    await store(db, proposed(match, loud[:2]), MatchAccepted(**proposal(match, loud[:2], 2)))
    return loud


def hired(one: UUID, code: str) -> PersonChanged:
    return person(one, code, hired_on=BEFORE.date(), effective_at=BEFORE.date())


async def table(api: httpx.AsyncClient, issuer: Issuer, name: str, by: str) -> dict[str, Any]:
    cells = (await read(api, issuer, f"/v1/measures/{name}", by=by, **WINDOW))["cells"]
    return {cell["group"]: tuple(cell[part] for part in PARTS) for cell in cells}


@pytest.mark.parametrize(
    ("by", "loud", "silent"),
    [
        ("unit", "loud", "silent"),
        ("programme", str(LOUD), str(SILENT)),
        ("format", "critique_group", "problem_solving"),
    ],
)
async def test_a_hidden_cell_and_an_empty_one_are_alike_by_every_measure(
    api: httpx.AsyncClient, issuer: Issuer, company: list[UUID], by: str, loud: str, silent: str
) -> None:
    told = {name: await table(api, issuer, name, by) for name in NAMES}
    assert {name: cells.get(loud) for name, cells in told.items()} == {
        name: cells.get(silent) for name, cells in told.items()
    }
    hidden = [name for name, cells in told.items() if loud in cells]
    assert {"learning_hours", "repeat_rate", "retention", "reciprocity", "sessions_held", "evenness"} <= set(hidden)
    assert all(told[name][loud][PARTS.index("suppressed")] for name in hidden)


@pytest.mark.parametrize("filters", [("unit", "loud", "silent"), ("programme_id", LOUD, SILENT)])
async def test_whoever_selects_the_few_reads_the_same_of_both(
    api: httpx.AsyncClient, issuer: Issuer, company: list[UUID], filters: tuple[str, Any, Any]
) -> None:
    field, *both = filters
    for name in ("learning_hours", "repeat_rate", "retention", "reciprocity", "participation_rate", "frequency"):
        one, other = [
            [tuple(cell[part] for part in PARTS) for cell in found["cells"]]
            for code in both
            for found in [await read(api, issuer, f"/v1/measures/{name}", **{field: code}, **WINDOW)]
        ]
        assert one == other, name
        assert one[0][PARTS.index("suppressed")], name


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_files_say_the_same_of_both(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, settings: MetricsSettings, company: list[UUID], form: Format
) -> None:
    body = {"format": form, "measures": NAMES, "by": "unit", **WINDOW}
    analyst = issuer.bearer("analyst")
    asked = (await api.post("/v1/exports", json=body, headers=analyst)).json()["export_id"]
    async with db.acquire() as conn:
        await make_exports(conn, settings)
    content = (await api.get(f"/v1/exports/{asked}/content", headers=analyst)).content
    rows: list[dict[str, Any]]
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode())))
    elif form == "jsonl":
        rows = [json.loads(line) for line in content.splitlines()]
    else:
        rows = parquet.read_table(io.BytesIO(content)).to_pylist()
    loud, silent = [
        {row["measure"]: tuple(row[part] for part in PARTS) for row in rows if row["group"] == code}
        for code in ("loud", "silent")
    ]
    assert loud == silent
    assert loud


async def test_pages_mails_and_statements_say_the_same_of_both(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, company: list[UUID]
) -> None:
    page = (await api.get("/", headers=issuer.bearer("analyst"))).text
    rows = {
        label: [
            re.sub(rf'(<a href="[^"]+")?>{label}( few)?<', "><", row)
            for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
            if label in row
        ]
        for label in ("Loud", "Silent")
    }
    assert len(rows["Loud"]) == 3, "a division, a programme and what is said of it"
    assert rows["Loud"] == rows["Silent"]
    async with db.transaction() as conn:
        one, other = await figures(conn, LOUD), await figures(conn, SILENT)
        assert one == other
        assert any(value == "not shown" for _, value, _ in one)
        told = {row["programme_id"] for batch in await claim(conn, 5) for row in batch}
    assert told == {ALL}


async def figures(conn: Connection, programme_id: UUID) -> list[tuple[str, str, str]]:
    """What a report by mail says of a programme."""
    return [(line.title, line.value, line.rests_on) for line in (await get_report(conn, 5, programme_id)).figures]


@pytest.mark.parametrize(("count", "shown"), [(0, True), (4, False), (5, True), (15, True), (16, False), (20, True)])
async def test_neither_part_of_a_share_of_those_who_came_is_few(db: Database, count: int, shown: bool) -> None:
    """Of twenty who came, so many came again, taught as well, and came in the month after."""
    crowd, last = people(20), BEFORE.replace(day=1)
    await store(db, unit("org", "Org"), programme(ALL), *(person(one, "org") for one in crowd))
    own: dict[str, Any] = {"programme_id": ALL, "session_starts_at": last}
    await store(db, *(part(uuid4(), one, **own) for one in crowd))
    await store(db, *(part(uuid4(), one, taught=1, **own) for one in crowd[:count]))
    await store(db, *(part(uuid4(), one, programme_id=ALL, session_starts_at=START) for one in crowd[:count]))
    before, now = Window.covering(last.date(), last.date()), Window.covering(MONTH, MONTH)
    async with db.acquire() as conn:
        for name, window in (("repeat_rate", before), ("reciprocity", before), ("retention", now)):
            (cell,) = await Release(conn, 5).cells(COUNTED[name], Scope(window))
            assert (cell.value, cell.suppressed) == ((count / 20, False) if shown else (None, True)), name
            assert shown or str(cell.reason).startswith("Fewer than 5 people did, or fewer than 5 did not:"), name
