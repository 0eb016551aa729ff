from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics import store
from services.metrics.commands.facts import prepare_months
from services.metrics.domain.units import Units
from services.metrics.queries.state import months_differ, state_hash
from services.metrics.store import FACTS
from shared.db import Connection, Database
from shared.events.base import Event
from shared.events.directory import PersonErased
from tests.metrics.world import START, deliver, held, part, people, person

SESSIONS = [UUID(int=number) for number in range(1, 4)]
PEOPLE = [UUID(int=number) for number in range(11, 15)]
STARTS = [datetime(2026, month, 30, 23, tzinfo=UTC) for month in (9, 10, 11)]
STATES = ["registered", "waitlisted", "cancelled_early", "cancelled_late", "attended", "no_show", "excused"]


@st.composite
def participations(draw: st.DrawFn) -> Event:
    """Any version of anybody's part in any session; a version says the same whenever it comes."""
    session, somebody = draw(st.sampled_from(SESSIONS)), draw(st.sampled_from(PEOPLE))
    version = draw(st.integers(1, 5))
    mix = session.int * 7 + somebody.int * 3 + version
    return part(
        session,
        somebody,
        version,
        session_starts_at=STARTS[mix % 3],
        state=STATES[mix % 7],
        minutes=mix % 90,
        asked=mix % 4,
    )


@st.composite
def memberships(draw: st.DrawFn) -> Event:
    """Any version of where anybody belongs, from any date."""
    somebody, version = draw(st.sampled_from(PEOPLE)), draw(st.integers(1, 5))
    mix = somebody.int + version * 5
    return person(
        somebody,
        ["sales", "sales/north", "legal"][mix % 3],
        version,
        effective_at=date(2026, 8 + mix % 5, 1 + mix % 28),
        status=["active", "leave"][mix % 2],
    )


HISTORIES = st.lists(st.one_of(participations(), memberships()), min_size=1, max_size=30)
PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def prepared(db: Database) -> Database:
    """A database whose partitions are made already: making tables is slow."""
    async with db.transaction() as conn:
        await conn.execute(FACTS.ensure_months, [date(2026, month, 1) for month in (9, 10, 11)])
    return db


async def rebuilt(db: Database, history: list[Event]) -> str | None:
    async with db.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            while history:
                await deliver(conn, history[:7])
                history = history[7:]
            assert await months_differ(conn) == 0
            return await state_hash(conn)
        finally:
            await transaction.rollback()


@PATIENT
@given(history=HISTORIES, data=st.data())
async def test_any_order_and_any_repetition_of_events_ends_in_the_same_facts_and_roll_up(
    prepared: Database, history: list[Event], data: st.DataObject
) -> None:
    """Rows 20 and 21."""
    again = data.draw(st.permutations([*history, *history[: len(history) // 2]]))
    assert await rebuilt(prepared, history) == await rebuilt(prepared, again)


@PATIENT
@given(history=HISTORIES)
async def test_facts_that_are_copied_in_are_those_that_are_written_by_statement(
    prepared: Database, history: list[Event]
) -> None:
    written = await rebuilt(prepared, list(history))
    with patch.object(store, "MANY", 1):
        assert await rebuilt(prepared, history) == written


async def months(conn: Connection) -> list[tuple[Any, ...]]:
    rows = await conn.fetch(
        "SELECT month, unit_path, attended, no_show, minutes, contributions FROM kept_months "
        "WHERE attended + no_show > 0 ORDER BY month, unit_path"
    )
    return [tuple(row) for row in rows]


async def test_a_correction_subtracts_the_old_and_adds_the_new(conn: Connection) -> None:
    session, (somebody,) = uuid4(), people(1)
    await deliver(conn, [person(somebody), part(session, somebody, 1, minutes=60, asked=3)])
    assert await months(conn) == [(date(2026, 10, 1), ["org", "sales"], 1, 0, 60, 3)]
    await deliver(conn, [part(session, somebody, 2, state="no_show", minutes=0, asked=0)])
    assert await months(conn) == [(date(2026, 10, 1), ["org", "sales"], 0, 1, 0, 0)]
    assert await months_differ(conn) == 0


async def test_an_older_version_changes_nothing(conn: Connection) -> None:
    session, (somebody,) = uuid4(), people(1)
    await deliver(conn, [part(session, somebody, 3)])
    before = await state_hash(conn)
    await deliver(conn, [part(session, somebody, 2, state="no_show"), part(session, somebody, 3, state="no_show")])
    assert await state_hash(conn) == before


async def test_a_session_moved_to_another_month_leaves_the_old_one(conn: Connection) -> None:
    session, (somebody,) = uuid4(), people(1)
    november = datetime(2026, 11, 2, 9, tzinfo=UTC)
    await deliver(conn, [person(somebody), part(session, somebody, 1)])
    await deliver(conn, [part(session, somebody, 2, session_starts_at=november)])
    await deliver(conn, [part(session, somebody, 1)])
    assert [row[0] for row in await months(conn)] == [date(2026, 11, 1)]
    assert await conn.fetchval("SELECT count(*) FROM participations") == 1


async def test_a_late_event_counts_in_its_own_month_and_makes_the_partition_it_needs(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [part(uuid4(), somebody, session_starts_at=datetime(2025, 3, 31, 23, 30, tzinfo=UTC))])
    where = await conn.fetchval("SELECT tableoid::regclass::text FROM participations")
    assert where == "participations_202503"
    assert [row[0] for row in await months(conn)] == [date(2025, 3, 1)]


async def test_a_date_beyond_reason_makes_no_table(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [part(uuid4(), somebody, session_starts_at=datetime(2400, 1, 1, tzinfo=UTC))])
    assert await conn.fetchval("SELECT tableoid::regclass::text FROM participations") == "participations_default"


async def test_the_coming_months_have_their_partitions_before_they_are_needed(conn: Connection) -> None:
    assert await prepare_months(conn) == 3
    assert await prepare_months(conn) == 0


async def test_a_fact_counts_for_the_unit_at_session_start(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(
        conn,
        [
            person(somebody, "sales", 1),
            person(somebody, "legal", 2, effective_at=date(2026, 10, 15)),
            part(uuid4(), somebody),
            part(uuid4(), somebody, session_starts_at=datetime(2026, 10, 20, tzinfo=UTC)),
        ],
    )
    assert [row[1] for row in await months(conn)] == [["org", "legal"], ["org", "sales"]]


async def test_a_unit_that_becomes_known_later_or_in_another_order_is_the_same(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [part(uuid4(), somebody)])
    assert [row[1] for row in await months(conn)] == [[]]
    await deliver(conn, [person(somebody, "legal", 2, effective_at=date(2026, 10, 15))])
    assert [row[1] for row in await months(conn)] == [["org", "legal"]]
    await deliver(conn, [person(somebody, "sales", 1)])
    assert [row[1] for row in await months(conn)] == [["org", "sales"]]
    assert await months_differ(conn) == 0


async def test_what_is_known_later_holds_from_its_date_whatever_was_thought_before(conn: Connection) -> None:
    (somebody,) = people(1)
    await deliver(conn, [part(uuid4(), somebody)])
    await deliver(conn, [person(somebody, "sales", 1, effective_at=date(2026, 10, 10))])
    await deliver(conn, [person(somebody, "legal", 2, effective_at=date(2026, 10, 5))])
    assert [row[1] for row in await months(conn)] == [["org", "legal"]]


async def test_a_thousand_facts_arrive_in_one_batch(conn: Connection) -> None:
    crowd, session = people(1000), uuid4()
    await deliver(conn, [person(one) for one in crowd])
    await deliver(conn, [part(session, one) for one in crowd])
    assert await months(conn) == [(date(2026, 10, 1), ["org", "sales"], 1000, 0, 60000, 1000)]
    before = await state_hash(conn)
    await deliver(conn, [part(session, one) for one in crowd])
    assert await state_hash(conn) == before


async def test_a_thousand_facts_with_some_that_are_known_and_some_of_the_forgotten(conn: Connection) -> None:
    """Two of who were forgotten count under ids of nobody; one known fact sends all to the statement."""
    crowd, session = people(1000), uuid4()
    await conn.executemany("INSERT INTO erased_people VALUES ($1, current_date, 0)", [(one,) for one in crowd[:2]])
    facts = [part(session, one) for one in crowd[:-1]] + [part(session, crowd[-1], 2, minutes=10)]
    await deliver(conn, facts)
    assert await months(conn) == [(date(2026, 10, 1), [], 1000, 0, 999 * 60 + 10, 1000)]
    assert await conn.fetchval("SELECT count(*) FROM participations WHERE person_id = ANY ($1)", crowd[:2]) == 0
    more = people(600)
    await deliver(conn, [*facts[2:], *(part(session, one) for one in more)])
    assert await months(conn) == [(date(2026, 10, 1), [], 1600, 0, 1599 * 60 + 10, 1600)]
    assert await months_differ(conn) == 0


async def test_what_was_news_is_counted_once_also_where_the_first_version_never_came(conn: Connection) -> None:
    facts = [part(uuid4(), one, 2 if number < 100 else 1) for number, one in enumerate(people(700))]
    assert await store.apply_participations(conn, facts) == 700
    assert await store.apply_participations(conn, facts) == 0


async def test_what_is_copied_in_is_what_was_told(conn: Connection) -> None:
    """Every column of the binary row, before and after the epoch of PostgreSQL, and of people elsewhere before."""
    (somebody,), session = people(1), uuid4()
    early = datetime(1999, 12, 31, 23, 59, 59, 123456, tzinfo=UTC)
    await deliver(conn, [person(somebody, "sales", 1), person(somebody, "legal", 2, effective_at=date(2026, 10, 15))])
    told = [
        part(session, somebody, minutes=7, taught=1, shared=2, format="f\u00fcr", role="mentor", state="excused"),
        part(uuid4(), somebody, session_starts_at=early, minutes=0),
        part(uuid4(), somebody, session_starts_at=datetime(2026, 10, 15, tzinfo=UTC)),
    ]
    for copied in (True, False):
        with patch.object(store, "MANY", 1 if copied else 1000):
            await deliver(conn, told)
        rows = await conn.fetch("TABLE participations ORDER BY starts_at")
        await conn.execute("TRUNCATE participations, session_months")
        kept = [{**row, "changed_by": None} for row in rows]
        if copied:
            first = kept
    assert first == kept
    assert [row["unit_path"] for row in first] == [["org", "sales"], ["org", "sales"], ["org", "legal"]]
    assert first[0]["starts_at"] == early
    assert (first[1]["minutes"], first[1]["contributions"], first[1]["format"]) == (7, 4, "f\u00fcr")


async def test_who_has_moved_or_gone_between_two_batches_is_not_remembered_where_they_were(conn: Connection) -> None:
    mover, leaver, comer, stayer = crowd = people(4)
    await deliver(conn, [person(one) for one in (mover, leaver, stayer)])

    async def units(*told: UUID) -> dict[UUID, list[str]]:
        session = uuid4()
        with patch.object(store, "MANY", 1):
            await deliver(conn, [part(session, one) for one in told])
        rows = await conn.fetch("SELECT * FROM participations WHERE session_id = $1", session)
        return {row["person_id"]: row["unit_path"] for row in rows}

    sales, legal = ["org", "sales"], ["org", "legal"]
    assert await units(*crowd) == {mover: sales, leaver: sales, comer: [], stayer: sales}
    await deliver(conn, [person(mover, "legal", 2), person(comer, "legal")])
    assert await units(mover, comer, stayer) == {mover: legal, comer: legal, stayer: sales}
    await deliver(conn, [PersonErased(person_id=leaver)])
    known = await units(leaver, stayer)
    assert known.pop(stayer) == sales
    assert list(known.values()) == [[]]
    assert leaver not in known
    await conn.execute("DELETE FROM spans WHERE person_id = $1", stayer)
    assert await units(stayer) == {stayer: []}
    await conn.execute("INSERT INTO erased_people VALUES ($1, current_date, 0)", stayer)
    assert stayer not in await units(stayer)


async def test_what_was_rolled_back_is_not_remembered(db: Database) -> None:
    (somebody,) = people(1)
    async with db.transaction() as conn:
        await deliver(conn, [person(somebody)])
    with patch.object(store, "MANY", 1):
        async with db.acquire() as conn:
            given_up = conn.transaction()
            await given_up.start()
            await deliver(conn, [person(somebody, "legal", 2), part(uuid4(), somebody)])
            assert await conn.fetchval("SELECT unit_path FROM participations") == ["org", "legal"]
            await given_up.rollback()
            await deliver(conn, [part(uuid4(), somebody)])
            assert await conn.fetchval("SELECT unit_path FROM participations") == ["org", "sales"]


def test_no_more_people_are_remembered_than_there_is_room_for() -> None:
    units = Units(most=2)
    units.of(1).update({1: b"a", 2: b"b"})
    assert units.of(1) == {1: b"a", 2: b"b"}
    units.of(1)[3] = b"c"
    assert units.of(1) == {}


@pytest.mark.parametrize("first", [1, 2])
async def test_a_session_is_what_its_newest_event_says(conn: Connection, first: int) -> None:
    session = held(uuid4(), version=first)
    await deliver(conn, [session])
    await deliver(conn, [session.model_copy(update={"version": 3 - first, "format": "critique_group"})])
    formats = {1: "critique_group", 2: "mentoring"}
    assert await conn.fetchval("SELECT format FROM sessions") == formats[first]
    assert await conn.fetchval("SELECT starts_at FROM sessions") == START
