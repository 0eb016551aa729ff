"""HR corrects the past: people's history and the facts that fell into it follow."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from shared.db import Connection
from shared.events.directory import PastState, PersonErased
from tests.metrics.world import START, deliver, part, people, person

NEW_YEAR, SPRING, SUMMER, WINTER = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1), date(2026, 12, 1)


def past(day: date, unit: str, *path: str) -> PastState:
    return PastState(
        valid_from=day,
        status="active",
        unit_code=unit,
        unit_path=(*(path or ("org",)), unit),
        job_code="J",
        job_level=1,
        site_code="S",
        hired_on=NEW_YEAR,
    )


async def units_on(conn: Connection, somebody: UUID, *days: date) -> list[str]:
    return [(await conn.fetchval("SELECT unit_path_on($1, $2)", somebody, day))[-1] for day in days]


async def spans(conn: Connection, somebody: UUID) -> list[tuple[Any, ...]]:
    rows = await conn.fetch(
        "SELECT valid_from, unit_path FROM membership_spans WHERE person_id = $1 ORDER BY valid_from", somebody
    )
    return [(row["valid_from"], "/".join(row["unit_path"])) for row in rows]


async def states(conn: Connection, somebody: UUID) -> list[tuple[Any, ...]]:
    rows = await conn.fetch(
        "SELECT valid_from, version, unit_path[2] AS unit FROM membership WHERE person_id = $1 ORDER BY valid_from",
        somebody,
    )
    return [tuple(row) for row in rows]


async def test_a_change_that_comes_to_be_known_late_moves_what_fell_into_it(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [person(somebody, "sales"), person(somebody, "care", 2, effective_at=WINTER)])
    await deliver(conn, [part(uuid4(), somebody)])
    assert NEW_YEAR < START.date() < WINTER
    history = (past(NEW_YEAR, "sales"), past(SUMMER, "labs"))
    await deliver(conn, [person(somebody, "care", 3, effective_at=WINTER, history=history)])
    assert await units_on(conn, somebody, SPRING, START.date(), WINTER) == ["sales", "labs", "care"]
    assert [row[0] for row in await spans(conn, somebody)] == [NEW_YEAR, SUMMER, WINTER]
    assert await conn.fetchval("SELECT unit_path[cardinality(unit_path)] FROM participations") == "labs"


async def test_a_history_that_says_nothing_new_keeps_the_paths_of_then(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [person(somebody, "sales", unit_path=("org", "old", "sales"))])
    await deliver(conn, [person(somebody, "sales", 2, effective_at=SPRING, unit_path=("org", "new", "sales"))])
    history = (past(NEW_YEAR, "sales", "org", "new"),)
    await deliver(conn, [person(somebody, "care", 3, effective_at=WINTER, history=history)])
    assert [path for _, path in await spans(conn, somebody)] == ["org/old/sales", "org/new/sales", "org/care"]


async def test_whoever_is_first_heard_of_late_has_their_whole_past(conn: Connection) -> None:
    (somebody,) = people(1)
    history = (past(NEW_YEAR, "sales"), past(SPRING, "labs"))
    late = person(somebody, "care", 7, effective_at=SUMMER, history=history)
    await deliver(conn, [late, late])
    assert await units_on(conn, somebody, NEW_YEAR, SPRING, SUMMER) == ["sales", "labs", "care"]


async def test_a_batch_ends_as_its_events_one_by_one_do(conn: Connection) -> None:
    """Row by row with their versions, so that a store which is made anew in other batches equals the live one."""
    together, apart = people(2)
    told: list[dict[str, Any]] = [
        {"unit": "sales", "version": 1},
        {"unit": "care", "version": 2, "effective_at": SUMMER, "history": (past(NEW_YEAR, "sales"),)},
        {"unit": "care", "version": 3, "effective_at": SUMMER, "history": (past(NEW_YEAR, "labs"),)},
        {"unit": "care", "version": 4, "effective_at": SUMMER, "history": (past(NEW_YEAR, "labs"),)},
    ]
    await deliver(conn, [person(together, **values) for values in told])
    for values in told:
        await deliver(conn, [person(apart, **values)])
    assert await spans(conn, together) == await spans(conn, apart)
    assert await units_on(conn, together, NEW_YEAR, WINTER) == ["labs", "care"]
    assert await states(conn, together) == await states(conn, apart) == [(NEW_YEAR, 3, "labs"), (SUMMER, 4, "care")]


async def test_whoever_is_forgotten_leaves_from_where_they_were_last(conn: Connection) -> None:
    """A past that came to be known with the newest state is of the same version, and no newer for that."""
    (somebody,) = people(1)
    history = (past(NEW_YEAR, "sales"), past(SPRING, "labs"))
    await deliver(conn, [person(somebody, "care", 7, effective_at=SUMMER, history=history)])
    await deliver(conn, [PersonErased(person_id=somebody)])
    ended = await conn.fetch("SELECT unit_path[2] AS unit FROM membership WHERE status = 'left'")
    assert [row["unit"] for row in ended] == ["care"]
