"""Every exit, with its guards and without them: a guard that is taken away is seen, so that none is there for show."""

import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx
import pytest

from services.metrics import confidentiality
from services.metrics.commands.exports import make_exports
from services.metrics.commands.networks import count_networks
from services.metrics.commands.skills import count_skills
from services.metrics.commands.statements import claim, set_store
from services.metrics.commands.told import count_barriers
from services.metrics.confidentiality import batches
from services.metrics.couriers import couriers
from services.metrics.policy import POLICY
from services.metrics.queries import shown
from services.metrics.queries.report import get_report
from services.metrics.settings import MetricsSettings
from shared.db import Database
from shared.events.catalogue import EVENTS
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.test_learnings import count as count_learnings
from tests.metrics.test_learnings import statement, tell
from tests.metrics.test_networks import meeting, staff
from tests.metrics.test_skills import able
from tests.metrics.test_told import checked
from tests.metrics.world import goal, held, part, programme

FEW = UUID("00000000-0000-4000-8000-000000000004")
"""A programme that only the four of the board are in."""
TODAY = datetime.now(UTC).date()
MONTH = TODAY.replace(day=1)
START = datetime(MONTH.year, MONTH.month, 1, 9, tzinfo=UTC)
Tells: TypeAlias = Callable[[httpx.AsyncClient, Issuer, Database], Awaitable[bool]]


async def company(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """Twenty of sales and twenty of ops, and a board of four who do all that the others do and something more."""
    async with db.transaction() as conn:
        await set_store(conn, "https://lrs.example.org")
    units = await staff(db, board=4, ops=20, sales=20)
    board, others = units["board"], units["ops"] + units["sales"]
    few = programme(FEW, name="Few", starts_on=MONTH, ends_on=MONTH, goals=(goal(),))
    all_, own = held(uuid4(), starts_at=START), held(uuid4(), starts_at=START, programme_id=FEW)
    await store(db, programme(starts_on=MONTH, ends_on=MONTH), few, all_, own)
    await store(db, *(part(all_.session_id, one, session_starts_at=START) for one in (*board, *others)))
    await store(db, *(part(own.session_id, one, session_starts_at=START, programme_id=FEW) for one in board))
    await meeting(db, others)
    await meeting(db, [*board, units["ops"][0]])
    await store(
        db, *(able(one, 2, skills=[("latin", 0, 2 + number % 2)], unit="board") for number, one in enumerate(board))
    )
    await store(db, checked(*["time"] * 9, *[None] * 9, *["manager"] * 3, *["tools"] * 8))
    await tell(api, issuer, *(statement(one, timestamp=START.isoformat()) for one in board))


async def measure(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    cells = (await read(api, issuer, "/v1/measures/learning_hours", by="unit"))["cells"]
    return {cell["group"]: cell["value"] for cell in cells}["board"] is not None


async def comparison(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    cells = (await read(api, issuer, "/v1/measures/frequency", by="unit", compare="whole"))["cells"]
    return {cell["group"]: cell["compared"]["difference"] for cell in cells}["board"] is not None


async def selection(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    (cell,) = (await read(api, issuer, "/v1/measures/learning_hours", programme_id=FEW))["cells"]
    return cell["value"] is not None


async def rate(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    """Of forty-four who could have come four did: the rate would tell of them."""
    cells = (await read(api, issuer, "/v1/measures/participation_rate", by="programme"))["cells"]
    return {cell["group"]: cell["value"] for cell in cells}[str(FEW)] is not None


async def first_page(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    page = (await api.get("/", headers=issuer.bearer("analyst"))).text
    return re.search(r'Board</th><td class="num">\s*\d', page) is not None


async def programme_page(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    page = (await api.get(f"/programmes/{FEW}", headers=issuer.bearer("analyst"))).text
    return re.search(r'<td class="num">4</td>', page) is not None


async def goals(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    (found,) = (await read(api, issuer, "/v1/goals", programme_id=FEW))["items"]
    return found["current"] is not None


async def report(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    async with db.acquire() as conn:
        found = await get_report(conn, 5, FEW)
    return any(line.rests_on.startswith("4 ") for line in found.figures)


async def export(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    analyst = issuer.bearer("analyst")
    asked = {"format": "jsonl", "measures": ["sessions_held"], "by": "unit",
             "starts_on": str(MONTH), "ends_on": str(TODAY)}  # fmt: skip
    made = (await api.post("/v1/exports", json=asked, headers=analyst)).json()["export_id"]
    async with db.acquire() as conn:
        await make_exports(conn, db._settings)
    text = (await api.get(f"/v1/exports/{made}/content", headers=analyst)).text
    (line,) = [line for line in text.splitlines() if '"board"' in line]
    return re.search(r'"value": ?\d', line) is not None


async def skills(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM skill_looks")
        await count_skills(conn, 3)
    items = (await read(api, issuer, "/v1/skills"))["items"]
    return any(item["wanting"] == 4 for item in items)


async def network(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    async with db.transaction() as conn:
        await count_networks(conn, 5)
    ties = (await read(api, issuer, "/v1/networks"))["ties"]
    return {(tie["unit"], tie["other"]): tie["n"] for tie in ties}["board", "ops"] is not None


async def barriers(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    async with db.transaction() as conn:
        await count_barriers(conn)
    found = (await read(api, issuer, "/v1/barriers"))["barriers"]
    return any((each["barrier"], each["answers"]) == ("manager", 3) for each in found)


async def statements(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    async with db.transaction() as conn:
        rows = [row for batch in await claim(conn, 5) for row in batch]
    return any(row["programme_id"] == FEW for row in rows)


async def trainings(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
    return await count_learnings(db) == 4


def nothing_hidden(sizes: Any, k: int = 5) -> dict[Any, Any]:
    return {}


def everything_allowed(selected: int, remaining: int, k: int = 5) -> bool:
    return True


def nothing_stays(changed: Any, k: int = 5) -> set[Any]:
    return set()


def everything_ripe(waiting: Any, k: int = 5) -> set[Any]:
    return set(waiting)


async def all_out_of_reach(*_: Any) -> set[str]:
    return set()


GUARDS: dict[str, tuple[Any, Any]] = {
    "hide": (confidentiality.hide, nothing_hidden),
    "allowed": (confidentiality.allowed, everything_allowed),
    "unsettled": (confidentiality.unsettled, nothing_stays),
    "ripe": (batches.ripe, everything_ripe),
    "out_of_reach": (shown.out_of_reach, all_out_of_reach),
}


def page_of(path: str) -> Tells:
    """A page that withholds less than it did at first."""
    withheld: list[int] = []

    async def page(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> bool:
        reply = await api.get(path, headers=issuer.bearer("analyst"))
        assert reply.status_code == 200, reply.text
        withheld.append(reply.text.count('class="withheld"'))
        return withheld[-1] < withheld[0]

    page.__name__ = path
    return page


skills_page, networks_page = page_of("/skills"), page_of("/networks")
EXITS: dict[Tells, tuple[str, ...]] = {
    measure: ("hide", "out_of_reach"),
    comparison: ("hide", "out_of_reach"),
    selection: ("hide", "allowed", "out_of_reach"),
    rate: ("hide",),
    first_page: ("hide", "out_of_reach"),
    programme_page: ("hide", "out_of_reach"),
    goals: ("hide", "out_of_reach"),
    report: ("hide", "out_of_reach"),
    export: ("hide", "out_of_reach"),
    skills: ("hide", "allowed"),
    network: ("hide",),
    skills_page: ("hide", "allowed"),
    networks_page: ("hide",),
    barriers: ("hide", "unsettled"),
    statements: ("ripe",),
    trainings: ("ripe",),
}


async def test_each_exit_tells_nothing_of_the_few_and_would_without_its_guards(
    api: httpx.AsyncClient, issuer: Issuer, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await company(api, issuer, db)
    assert [tells.__name__ for tells in EXITS if await tells(api, issuer, db)] == []
    modules = [module for name, module in sys.modules.items() if name.startswith("services.metrics")]
    silent = []
    for tells, guards in EXITS.items():
        async with db.transaction() as conn:
            await conn.execute("TRUNCATE releases, editions")
        with monkeypatch.context() as without:
            for name in guards:
                real, none = GUARDS[name]
                for module in modules:
                    if vars(module).get(name) is real:
                        without.setattr(module, name, none)
            if not await tells(api, issuer, db):
                silent.append(tells.__name__)
    assert silent == []


RELEASED = "made of cells that have left by `Release`, and of nothing else (test_exits)"
OF_EVENTS = "about records, not about people"
ENTERED = "what somebody has entered here, and nothing of people"
WORDS = "definitions, forms and words: no number"
COUNTED_IN_FIVES = "in steps of five people: sessions tells no other"
HOW_EACH_EXIT_IS_GUARDED: dict[str, str | tuple[Tells, ...]] = {
    "GET /v1/measures/{name}": (measure, comparison, selection, rate),
    "GET /v1/goals": (goals,),
    "GET /v1/skills": (skills,),
    "GET /v1/networks": (network,),
    "GET /v1/barriers": (barriers,),
    "GET /v1/exports/{export_id}/content": (export,),
    "GET /v1/exports/{export_id}/file": "the same file as `content`, by a link of whom it is",
    "GET /": (first_page,),
    "GET /programmes/{programme_id}": (programme_page,),
    "GET /skills": (skills_page,),
    "GET /networks": (networks_page,),
    "courier xapi": (statements,),
    "courier reports": (report,),
    "POST /xapi/statements": "answers ids; what was told counts by `trainings` k people at a time",
    "PUT /xapi/statements": "answers nothing",
    **dict.fromkeys(("GET /v1/reviews", "POST /v1/reviews", "PATCH /v1/reviews/{review_id}"), RELEASED),
    "GET /v1/culture": RELEASED,
    **dict.fromkeys(("GET /v1/knowledge-at-risk", "GET /knowledge"), "in bands, `few` being fewer than k: test_skills"),
    "GET /v1/course-gaps": COUNTED_IN_FIVES,
    **dict.fromkeys(("GET /v1/freshness", "GET /v1/completeness", "GET /v1/reconciliation"), OF_EVENTS),
    "GET /pipeline": OF_EVENTS,
    **dict.fromkeys(("GET /v1/programmes/{programme_id}/figures",
                     "PUT /v1/programmes/{programme_id}/figures/{name}", "POST /v1/exports",
                     "GET /v1/exports/{export_id}", "POST /v1/exports/{export_id}/links",
                     "GET /v1/report-subscriptions", "POST /v1/report-subscriptions",
                     "DELETE /v1/report-subscriptions/{subscription_id}", "GET /v1/query-log",
                     "GET /query-log"), ENTERED),
    **dict.fromkeys(("GET /v1/measures", "GET /xapi/about", "GET /sign-in", "POST /sign-in", "POST /sign-out",
                     "GET /unsubscribe/{token}", "POST /unsubscribe/{token}", "GET /style.css",
                     "GET /v1/privacy/catalogue"), WORDS),
    "GET /v1/audit/verification": "about the trail of writes",
    "event ErasureCompleted": "how many rows of one person were changed; to the directory, which asked",
    "event ExportPart": "what is held of one person, for that person: tests/contracts/test_privacy.py",
    **dict.fromkeys(("event ErasureRequested", "event ExportRequested"), "the directory asks; we answer"),
    "event TopicReconciled": OF_EVENTS,
    "GET /metrics": "how many cells were suppressed and why, over all tables; of no window and no unit",
    "span": "names and sizes, no value: tests/shared/test_discretion.py",
}  # fmt: skip


def test_every_way_out_is_guarded_or_it_is_said_why_it_needs_no_guard() -> None:
    ways = {*POLICY, "span", "GET /metrics"}
    settings = MetricsSettings.model_construct(xapi_url="https://lrs.example.org", smtp_url="smtp://127.0.0.1")
    ways |= {f"courier {courier.name}" for courier in couriers(settings)}
    ways |= {f"event {cls.__name__}" for cls in EVENTS if "metrics" in {cls.topic.owner, *cls.topic.co_writers}}
    assert ways == set(HOW_EACH_EXIT_IS_GUARDED)
    shown = {tells for how in HOW_EACH_EXIT_IS_GUARDED.values() if isinstance(how, tuple) for tells in how}
    assert shown | {trainings} == set(EXITS)
