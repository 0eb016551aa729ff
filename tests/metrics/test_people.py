from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from services.directory.domain.duplicates import never_here
from services.directory.domain.person import Person
from services.directory.domain.profile import NOTHING_SAID
from services.metrics.queries.state import months_differ
from shared.db import Connection
from shared.events.directory import ContactChanged, PersonErased, SkillChanged
from shared.events.privacy import ErasureRequested
from tests.metrics.world import START, deliver, held, part, people, person, programme, proposed, unit

TABLES = ("participations", "sessions", "matches", "membership", "outbox")


async def whole(conn: Connection) -> str:
    """Everything stored, erasures apart."""
    rows: list[Any] = []
    for table in TABLES[:-1]:
        rows += await conn.fetch(f"SELECT to_jsonb(t)::text FROM {table} AS t")
    return " ".join(row[0] for row in rows)


async def receipts(conn: Connection) -> list[bytes]:
    rows = await conn.fetch("SELECT value FROM outbox WHERE topic = 'privacy.erasures' ORDER BY id")
    return [row["value"] for row in rows]


async def test_an_erased_person_is_nowhere_and_the_numbers_stay(conn: Connection) -> None:
    somebody, other = people(2)
    session = uuid4()
    await deliver(conn, [person(somebody), person(other), held(session, facilitator_id=somebody)])
    await deliver(conn, [part(session, somebody), part(session, other), proposed(uuid4(), [somebody, other])])
    before = await conn.fetch("TABLE kept_months")
    request = ErasureRequested(request_id=uuid4(), person_id=somebody, requested_on=date(2026, 11, 1))
    await deliver(conn, [request])
    assert str(somebody) not in await whole(conn)
    assert str(other) in await whole(conn)
    assert await conn.fetch("TABLE kept_months") == before
    assert await months_differ(conn) == 0
    (receipt,) = await receipts(conn)
    assert b'"service":"metrics"' in receipt
    assert b'"rows":5' in receipt


async def test_nothing_that_comes_later_brings_an_erased_person_back(conn: Connection) -> None:
    """Row 30."""
    (somebody,) = people(1)
    await deliver(conn, [PersonErased(person_id=somebody)])
    session = uuid4()
    await deliver(
        conn,
        [
            person(somebody, version=9),
            part(session, somebody, 9),
            held(session, facilitator_id=somebody),
            proposed(uuid4(), [somebody]),
        ],
    )
    assert str(somebody) not in await whole(conn)


async def test_an_id_that_nobody_used_leaves_no_day_and_no_leaver(conn: Connection) -> None:
    """What the directory tells of it when two ids turn out to be one person's: never here, then forgotten (ADR 93)."""
    (somebody,) = people(1)
    past = {"status": "active", "unit_path": ("org",), "job_code": "j", "job_level": 1, "site_code": "s"}
    states = [{**past, "unit_code": "org", "valid_from": date(2025, 1, 1), "hired_on": date(2025, 1, 1)}]
    known = person(somebody, version=1, hired_on=date(2025, 1, 1), history=states)
    later = person(somebody, version=2, hired_on=date(2025, 1, 1), history=states, effective_at=date(2026, 3, 1))
    contact = ContactChanged(person_id=somebody, version=1, display_name="A", email="a@b", locale="en")
    record = (known.effective_at, 1)
    twin = Person("E1", record, None, "A", "B", "t", "employee", NOTHING_SAID, later, contact)
    await deliver(conn, [known, later])
    assert await conn.fetchval("SELECT count(*) FROM spans WHERE status = 'active'") > 0
    await deliver(conn, [never_here(twin)])
    await deliver(conn, [PersonErased(person_id=somebody)])
    spans = await conn.fetch("SELECT status FROM spans")
    assert {row["status"] for row in spans} == {"left"}


async def test_facts_that_come_after_an_erasure_count_under_no_name(conn: Connection) -> None:
    one, other, present = people(3)
    session, moved = uuid4(), datetime(2026, 11, 2, 9, tzinfo=UTC)
    await deliver(conn, [person(each) for each in (one, other, present)])
    await deliver(conn, [part(session, present), part(session, one, state="registered", minutes=0)])
    await deliver(conn, [PersonErased(person_id=each) for each in (one, other)])
    await deliver(conn, [part(session, one, 2), part(session, other, state="registered", minutes=0)])
    await deliver(conn, [part(session, other, 2, session_starts_at=moved)])
    months = await conn.fetch("SELECT month, unit_path, registered, attended FROM kept_months ORDER BY month, attended")
    assert [tuple(row) for row in months] == [
        (date(2026, 10, 1), ["org", "sales"], 0, 2),
        (date(2026, 11, 1), [], 0, 1),
    ]
    assert await months_differ(conn) == 0
    named = await conn.fetch("SELECT person_id FROM participations WHERE person_id NOT IN (TABLE pseudonyms)")
    assert [row[0] for row in named] == [present]
    left = await whole(conn)
    assert not any(str(each) in left for each in (one, other))


async def test_one_person_who_comes_too_late_never_counts_as_many(conn: Connection) -> None:
    one, other = people(2)
    sessions = [uuid4() for _ in range(3)]
    await deliver(conn, [PersonErased(person_id=each) for each in (one, other)])
    for session in sessions:
        await deliver(conn, [part(session, one)])
    await deliver(conn, [part(session, other) for session in sessions])
    counted = await conn.fetchrow("SELECT count(*), count(DISTINCT person_id) FROM participations")
    assert tuple(counted or ()) == (6, 2)


async def test_both_ways_an_erasure_is_told_of_touch_a_person_once(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [person(somebody), part(uuid4(), somebody)])
    await deliver(conn, [PersonErased(person_id=somebody)])
    requests = [
        ErasureRequested(request_id=uuid4(), person_id=somebody, requested_on=date(2026, 11, 1)) for _ in range(2)
    ]
    await deliver(conn, requests)
    found = await receipts(conn)
    assert len(found) == 2
    assert all(b'"rows":3' in receipt for receipt in found)
    assert (
        await conn.fetchval("SELECT count(*) FROM membership_spans WHERE status = 'active' AND valid_to = 'infinity'")
        == 0
    )


async def test_two_people_of_one_match_can_be_erased_at_once(conn: Connection) -> None:
    pair = people(2)
    await deliver(conn, [proposed(uuid4(), pair)])
    await deliver(conn, [PersonErased(person_id=one) for one in pair])
    left = await whole(conn)
    assert not any(str(one) in left for one in pair)


async def test_history_is_the_same_in_any_order(conn: Connection) -> None:
    (somebody,) = people(1)
    states = [
        person(somebody, "sales", 1),
        person(somebody, "legal", 2, effective_at=date(2026, 3, 1)),
        person(somebody, "board", 3, effective_at=date(2026, 2, 1)),
        person(somebody, "sales", 4, effective_at=date(2026, 5, 1), status="leave"),
    ]
    await deliver(conn, states[::-1])
    spans = await conn.fetch(
        "SELECT unit_path[2] AS unit, valid_from, status FROM membership_spans ORDER BY valid_from"
    )
    assert [tuple(span) for span in spans] == [
        ("sales", date(2026, 1, 1), "active"),
        ("board", date(2026, 2, 1), "active"),
        ("sales", date(2026, 5, 1), "leave"),
    ]


async def test_older_units_programmes_and_skills_change_nothing(conn: Connection) -> None:
    skill = SkillChanged(skill_id="s", version=2, label="Python")
    await deliver(
        conn,
        [
            programme(version=2, name="New"),
            programme(version=1, name="Old"),
            skill,
            skill.model_copy(update={"version": 1, "label": "py"}),
            unit("a", "A").model_copy(update={"version": 2}),
            unit("a", "Old A"),
        ],
    )
    assert await conn.fetchval("SELECT name FROM programmes") == "New"
    assert await conn.fetchval("SELECT label FROM skills") == "Python"
    assert await conn.fetchval("SELECT name FROM units") == "A"


async def test_a_match_is_dated_by_the_first_we_hear_of_it(conn: Connection) -> None:
    match, pair = uuid4(), people(2)
    await deliver(conn, [proposed(match, pair, 2)], datetime(2026, 11, 5, tzinfo=UTC))
    await deliver(conn, [proposed(match, pair, 1)], START)
    assert await conn.fetchval("SELECT first_seen_at FROM matches") == START
    assert await conn.fetchval("SELECT version FROM matches") == 2
