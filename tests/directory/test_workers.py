"""What the directory makes of HR's records of workers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.directory.commands import workers
from services.directory.commands.workers import DUE_AT_ONCE, apply_due
from services.directory.domain.history import due_at
from services.directory.domain.refusals import ImpossibleDate, ReportingLineCycle, SequenceReused, UnknownTimeZone
from services.directory.store.records import MANY
from shared.db import Connection
from tests.directory.hr import (
    LATER,
    LONG_AGO,
    TODAY,
    changes,
    latest,
    person_id,
    published,
    reasons,
    tell,
    unit,
    worker,
)

YESTERDAY = TODAY - timedelta(days=2)


async def come_true(conn: Connection) -> int:
    """Let the day of every future record come."""
    await conn.execute("UPDATE worker_records SET due_at = now() - interval '1 minute' WHERE pending")
    return await apply_due(conn, datetime.now(UTC))


async def test_a_new_worker_is_published_whole_with_contact_apart(conn: Connection) -> None:
    skills = [
        {"skill_id": "s:teach", "level": 4},
        {"skill_id": "s:learn", "level": 1, "target_level": 3},
        {"skill_id": "s:low", "level": 2, "target_level": 2},
    ]
    await tell(conn, unit("ROOT"), unit("U", "ROOT"), worker("E1", skills=skills, languages=["de"]))
    (person,) = await changes(conn, "E1")
    assert (person.version, person.reasons, person.effective_at, person.status) == (1, ("hired",), LONG_AGO, "active")
    assert (person.unit_path, person.manager_id, person.languages) == (("ROOT", "U"), None, ("de",))
    assert [(offer.skill_id, offer.level) for offer in person.offers] == [("s:teach", 4)]
    assert [(need.skill_id, need.level, need.target_level) for need in person.needs] == [("s:learn", 1, 3)]
    assert (person.work_starts, person.work_ends, person.work_days) == (540, 1020, (1, 2, 3, 4, 5))
    assert (person.capacity, person.time_budget_minutes, person.facilitator_ready, person.opted_in) == (
        2,
        240,
        True,
        True,
    )
    (contact,) = await published(conn, "directory.contacts")
    assert contact == {
        "person_id": str(person.person_id),
        "version": 1,
        "display_name": "Ada E1",
        "email": "E1@aurora.example",
        "locale": "en",
    }
    (told,) = await published(conn, "directory.people")
    assert not {"Ada", "E1", "E1@aurora.example"} & set(map(str, told.values()))


async def test_the_same_record_again_changes_nothing(conn: Connection) -> None:
    await tell(conn, worker("E1"), worker("E1"))
    await tell(conn, worker("E1"))
    assert len(await changes(conn, "E1")) == 1
    assert len(await published(conn, "directory.contacts")) == 1


async def test_many_records_at_once_are_kept_as_single_ones_are(conn: Connection) -> None:
    many = [worker(f"E{number}", given_name="Zoë", seq=2**62) for number in range(MANY)]
    await tell(conn, *many[1:], worker("E0", on=LATER))
    await tell(conn, *many)
    columns = "effective_at, sequence, due_at, pending, state, source"
    assert await conn.fetchval("SELECT count(*) FROM worker_records") == MANY + 1
    (first,) = await conn.fetch(f"SELECT {columns} FROM worker_records WHERE employee_number = 'E1'")
    await conn.execute("DELETE FROM worker_records WHERE employee_number = 'E1'")
    await tell(conn, many[1])
    (alone,) = await conn.fetch(f"SELECT {columns} FROM worker_records WHERE employee_number = 'E1'")
    assert first == alone
    assert (
        await conn.fetchval("SELECT pending FROM worker_records WHERE effective_at = $1", LATER),
        first["pending"],
    ) == (
        True,
        False,
    )
    with pytest.raises(SequenceReused, match="E5 "):
        await tell(conn, *(each for each in many if each.key != "E5"), worker("E5", given_name="Else", seq=2**62))


async def test_a_record_that_changes_nothing_public_publishes_nothing(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await tell(conn, worker("E1", seq=2, job_title="Engineer at large", on=YESTERDAY))
    assert len(await changes(conn, "E1")) == 1
    assert await conn.fetchval("SELECT job_title FROM people") == "Engineer at large"


async def test_a_new_name_is_told_to_contacts_alone(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    await tell(conn, worker("E1", seq=2, family_name="Lovelace"))
    assert len(await changes(conn, "E1")) == 1
    assert [told["version"] for told in await published(conn, "directory.contacts")] == [1, 2]
    assert (await published(conn, "directory.contacts"))[-1]["display_name"] == "Ada Lovelace"


async def test_what_happened_is_told_from_the_states(conn: Connection) -> None:
    await tell(conn, worker("M"), worker("E1"))
    steps: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({"unit_code": "V"}, ("moved",)),
        ({"unit_code": "V", "manager": "M"}, ("manager_changed",)),
        ({"unit_code": "V", "manager": "M", "status": "leave"}, ("leave_started",)),
        ({"unit_code": "V", "manager": "M"}, ("leave_ended",)),
        ({"unit_code": "V", "manager": "M", "site_code": "PAR"}, ("profile_changed",)),
        ({"unit_code": "U", "site_code": "PAR"}, ("moved", "manager_changed")),
        ({"status": "left", "site_code": "PAR", "termination_date": TODAY}, ("left", "profile_changed")),
        ({"site_code": "PAR"}, ("rehired", "profile_changed")),
    ]
    for seq, (state, _) in enumerate(steps, 2):
        await tell(conn, worker("E1", seq=seq, **state))
    assert await reasons(conn, "E1") == [("hired",), *(expected for _, expected in steps)]
    assert [change.version for change in await changes(conn, "E1")] == list(range(1, 10))


async def test_somebody_first_heard_of_as_gone_or_away_is_said_to_be_so(conn: Connection) -> None:
    await tell(conn, worker("E1", status="left"), worker("E2", status="leave"), worker("E3", status="prehire"))
    assert await reasons(conn, "E1") == [("left",)]
    assert await reasons(conn, "E2") == [("hired", "leave_started")]
    assert await reasons(conn, "E3") == [("hired",)]


async def test_a_later_date_wins_over_a_higher_sequence_and_among_equal_dates_the_sequence_does(
    conn: Connection,
) -> None:
    await tell(conn, worker("E1", on=YESTERDAY, seq=2, site_code="B"))
    await tell(conn, worker("E1", on=LONG_AGO, seq=9, site_code="A"), worker("E1", on=YESTERDAY, seq=1, site_code="C"))
    assert (await latest(conn, "E1")).site_code == "B"
    await tell(conn, worker("E1", on=YESTERDAY, seq=3, site_code="D"))
    assert (await latest(conn, "E1")).site_code == "D"
    assert (await latest(conn, "E1")).effective_at == YESTERDAY


async def test_a_record_of_the_future_waits_for_its_day(conn: Connection) -> None:
    await tell(conn, worker("E1"), worker("E1", on=LATER, seq=2, unit_code="V"))
    assert (await latest(conn, "E1")).unit_code == "U"
    assert await apply_due(conn, datetime.now(UTC)) == 0
    assert await come_true(conn) == 1
    assert (await latest(conn, "E1")).reasons == ("moved",)
    assert await come_true(conn) == 0
    assert len(await changes(conn, "E1")) == 2


async def test_somebody_who_only_has_a_future_is_nobody_yet(conn: Connection) -> None:
    await tell(conn, worker("R", manager="E1"), worker("E1", on=LATER))
    assert await conn.fetchval("SELECT count(*) FROM people") == 1
    await come_true(conn)
    assert await reasons(conn, "E1") == [("hired",)]
    assert str((await latest(conn, "R")).manager_id) == await person_id(conn, "E1")


async def test_the_day_begins_where_the_worker_is(conn: Connection) -> None:
    east = datetime.now(UTC) + timedelta(hours=14)
    west = datetime.now(UTC) - timedelta(hours=11)
    await tell(
        conn,
        worker("EAST", on=east.date(), time_zone="Pacific/Kiritimati"),
        worker("WEST", on=west.date() + timedelta(days=1), time_zone="Pacific/Niue"),
    )
    assert [row["employee_number"] for row in await conn.fetch("SELECT employee_number FROM people")] == ["EAST"]


async def test_a_manager_nobody_knows_is_waited_for(conn: Connection) -> None:
    await tell(conn, worker("E1", manager="M"))
    assert (await latest(conn, "E1")).manager_id is None
    await tell(conn, worker("M"))
    told = await latest(conn, "E1")
    assert (str(told.manager_id), told.reasons) == (await person_id(conn, "M"), ("manager_changed",))
    assert told.effective_at == LONG_AGO


async def test_reports_of_a_manager_who_left_have_none_until_the_manager_is_back(conn: Connection) -> None:
    await tell(conn, worker("M"), worker("E1", manager="M"), worker("E2", manager="M"))
    await tell(conn, worker("M", seq=2, status="left"))
    for number in ("E1", "E2"):
        assert (await latest(conn, number)).manager_id is None
        assert (await latest(conn, number)).effective_at >= TODAY
    await tell(conn, worker("M", seq=3))
    assert str((await latest(conn, "E1")).manager_id) == await person_id(conn, "M")
    assert await reasons(conn, "E2") == [("hired",), ("manager_changed",), ("manager_changed",)]


async def test_a_manager_who_leaves_in_the_same_poll_is_nobodys_manager(conn: Connection) -> None:
    await tell(conn, worker("M"), worker("E1", "M"))
    await tell(conn, worker("M", seq=2, status="left"), worker("E1", "M", seq=2, site_code="PAR"))
    assert (await latest(conn, "E1")).manager_id is None
    assert await reasons(conn, "E1") == [("hired",), ("manager_changed", "profile_changed")]


async def test_a_cycle_in_the_reporting_line_is_refused_by_name(conn: Connection) -> None:
    await tell(conn, worker("A"), worker("B", manager="A"), worker("C", manager="B"))
    with pytest.raises(ReportingLineCycle, match="A -> C -> B -> A") as refused:
        await tell(conn, worker("A", manager="C", seq=2))
    assert refused.value.fields["cycle"] == ["A", "C", "B", "A"]


async def test_nobody_reports_to_themselves(conn: Connection) -> None:
    with pytest.raises(ReportingLineCycle, match="A -> A"):
        await tell(conn, worker("A", manager="A"))


async def test_a_cycle_that_only_a_whole_batch_makes_is_seen(conn: Connection) -> None:
    await tell(conn, worker("A"), worker("B"), worker("C"))
    with pytest.raises(ReportingLineCycle):
        await tell(conn, worker("A", "B", seq=2), worker("B", "C", seq=2), worker("C", "A", seq=2), worker("D", "A"))


async def test_a_batch_that_turns_a_line_round_is_no_cycle(conn: Connection) -> None:
    await tell(conn, worker("A"), worker("B", "A"))
    await tell(conn, worker("A", "B", seq=2), worker("B", seq=2))
    assert str((await latest(conn, "A")).manager_id) == await person_id(conn, "B")


async def test_a_cycle_through_somebody_who_was_waited_for_is_refused(conn: Connection) -> None:
    await tell(conn, worker("A", "B"))
    with pytest.raises(ReportingLineCycle, match="B -> A -> B"):
        await tell(conn, worker("B", "A"))


async def test_a_line_through_somebody_who_left_is_cut_until_they_are_back(conn: Connection) -> None:
    await tell(conn, worker("A"), worker("B", "A"))
    await tell(conn, worker("B", "A", seq=2, status="left"))
    await tell(conn, worker("A", "B", seq=2))
    assert (await latest(conn, "A")).manager_id is None
    with pytest.raises(ReportingLineCycle):
        await tell(conn, worker("B", "A", seq=3))


async def test_a_cycle_that_a_future_record_makes_is_refused_on_its_day_and_the_others_go_on(conn: Connection) -> None:
    await tell(conn, worker("A"), worker("B", "A"), worker("C", "A"))
    await tell(
        conn,
        worker("A", "B", seq=2, on=LATER),
        worker("B", "A", seq=2, on=LATER, site_code="PAR"),
        worker("C", "B", seq=2, on=LATER),
    )
    assert await come_true(conn) == 3
    refused = await conn.fetch("SELECT employee_number, refused FROM worker_records WHERE refused IS NOT NULL")
    assert [tuple(row) for row in refused] == [("A", "The reporting line is a cycle: A -> B -> A.")]
    assert (await latest(conn, "B")).site_code == "PAR"
    assert str((await latest(conn, "C")).manager_id) == await person_id(conn, "B")


@pytest.mark.parametrize("at_once", [1, DUE_AT_ONCE], ids=["one by one", "together"])
async def test_two_who_swap_places_on_one_day_do_so_whatever_else_is_due(
    at_once: int, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "DUE_AT_ONCE", at_once)
    await tell(conn, worker("A"), worker("B", "A"))
    on: dict[str, Any] = {"seq": 2, "on": LATER}
    await tell(conn, worker("A", "B", **on), worker("B", **on), worker("X", "X", **on))
    await conn.execute("UPDATE worker_records SET due_at = now() - make_interval(days => 90 - ascii(employee_number))")
    done = [await apply_due(conn, datetime.now(UTC)) for _ in range(6)]
    assert (sum(done), done[-1]) == (3 + 2, 0)  # two of them twice
    assert str((await latest(conn, "A")).manager_id) == await person_id(conn, "B")
    assert (await latest(conn, "B")).manager_id is None
    rows = await conn.fetch("SELECT employee_number, refused FROM worker_records WHERE refused IS NOT NULL OR pending")
    assert [tuple(row) for row in rows] == [("X", "The reporting line is a cycle: X -> X.")]


async def test_two_different_things_under_one_sequence_are_refused(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    for batch in ([worker("E1", site_code="X")], [worker("E2"), worker("E2", site_code="X")]):
        with pytest.raises(SequenceReused):
            await tell(conn, *batch)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "Europe", "", "\u00e9"])
def test_a_time_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        due_at(worker("E1").model_copy(update={"time_zone": name}))


async def test_a_date_no_calendar_reaches_is_refused(conn: Connection) -> None:
    with pytest.raises(ImpossibleDate):
        await tell(conn, worker("E1", on="0001-01-01", time_zone="Asia/Tokyo"))
