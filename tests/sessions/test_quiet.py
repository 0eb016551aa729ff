"""Digests, nudges and reminders: at a good hour of the reader's own day, no more than they can bear, or none at all."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands import messages
from services.sessions.domain.quiet import next_open
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import circle, contact, person
from tests.sessions.mailbox import Mailbox, deliver, serving_mailbox

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
WEEK: dict[str, Any] = {"work_starts": 660, "work_ends": 1200, "work_days": EVERY_DAY}
MAIL: dict[str, Any] = {"channel": "mail"}


def zone_at(hour: int) -> str:
    """A zone in which it is that hour now, whenever this runs; hours 1 to 12 and 13 to 22 have one."""
    offset = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-offset:+d}"


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with serving_mailbox() as served:
        yield served


async def expected_at(world: World, people: list[UUID], *hours: int, state: str = "registered") -> None:
    """These people are expected in a session so many hours from now, for each."""
    for ahead in hours:
        programme = await world.programme(cadence_days=56, group_size_min=4)
        await world.hear(circle(programme, people, None))
        await world.execute(
            "UPDATE sessions SET starts_at = now() + make_interval(hours => $1), invited_version = version,"
            " ends_at = now() + make_interval(hours => $1 + 1) WHERE programme_id = $2",
            ahead, programme,
        )  # fmt: skip
        query = "UPDATE participants SET state = $1 WHERE session_id IN (SELECT session_id FROM sessions WHERE programme_id = $2)"  # noqa: E501
        await world.execute(query, state, programme)


async def everybody(world: World, *changes: dict[str, Any]) -> list[UUID]:
    """Four people, with what is different about each."""
    found = []
    for number in range(4):
        other = changes[number] if number < len(changes) else {}
        (one,) = await world.people(1, **{"time_zone": zone_at(12), **WEEK, **other})
        await world.hear(contact(one, email=f"p{number}@example.org"))
        found.append(one)
    return found


async def prefer(world: World, who: UUID, **wanted: Any) -> None:
    reply = await world.call("PUT", "/v1/preferences", {**MAIL, **wanted}, who=who)
    assert reply.status_code == 200, reply.text


async def queue(world: World, *timers: Any) -> list[int]:
    done = []
    for timer in timers:
        async with world.db.transaction() as conn:
            done.append(await timer(conn))
    return done


async def arrived(world: World, box: Mailbox) -> Counter[str]:
    """To whom something came now."""
    mails = await deliver(world, box, queue=False)
    return Counter(str(mail["To"].addresses[0].addr_spec).split("@", 1)[0] for mail in mails)


async def test_a_reminder_waits_for_the_readers_own_morning_day_and_quiet_hours(world: World, box: Mailbox) -> None:
    today = datetime.now(ZoneInfo(zone_at(12))).isoweekday()
    people = await everybody(
        world,
        {},
        {"time_zone": zone_at(5)},  # the same hours of work, elsewhere: it is five in the morning there
        {"work_days": tuple(day for day in EVERY_DAY if day != today)},
    )
    await expected_at(world, people, 23)
    await prefer(world, people[0], quiet_from=22 * 60, quiet_to=11 * 60)  # passes midnight, and is over
    await prefer(world, people[3], quiet_from=11 * 60, quiet_to=15 * 60)
    assert await queue(world, messages.queue_reminders) == [4]
    assert await arrived(world, box) == {"p0": 1}
    rows = await world.fetch("SELECT person_id, due_at, expires_at FROM messages WHERE state = 'queued'")
    due = {row["person_id"]: row["due_at"] for row in rows}
    locals_ = {one: due[one].astimezone(ZoneInfo(zone)) for one, zone in
               ((people[1], zone_at(5)), (people[2], zone_at(12)), (people[3], zone_at(12)))}  # fmt: skip
    assert (locals_[people[1]].hour, locals_[people[1]].minute) == (11, 0)
    assert (locals_[people[2]].hour, locals_[people[2]].isoweekday()) == (11, today % 7 + 1)
    assert (locals_[people[3]].hour, locals_[people[3]].minute) == (15, 0)
    assert await arrived(world, box) == {}


async def test_before_days_off_a_reminder_comes_on_the_last_day_of_work(world: World, box: Mailbox) -> None:
    tomorrow = datetime.now(ZoneInfo(zone_at(12))).isoweekday() % 7 + 1
    people = await everybody(world, {"work_days": tuple(day for day in EVERY_DAY if day != tomorrow)})
    await expected_at(world, people, 44)
    assert await queue(world, messages.queue_reminders, messages.queue_reminders) == [1, 0]
    assert await arrived(world, box) == {"p0": 1}
    await world.execute(
        "UPDATE sessions SET starts_at = starts_at - interval '1 day', ends_at = ends_at - interval '1 day'"
    )
    assert await queue(world, messages.queue_reminders) == [4]  # it has moved: to everybody, at its new time


async def test_nobody_is_nudged_more_than_twice_a_week_about_what_they_have_not_answered(
    world: World, box: Mailbox
) -> None:
    """C8."""
    people = await everybody(world, {}, {}, {"paused_until": TODAY + timedelta(days=30)}, {"status": "leave"})
    await prefer(world, people[1], nudges=False)
    await expected_at(world, people, 30, 40, 50, 60, state="invited")
    await expected_at(world, people, 20, 80, state="invited")  # too near to be asked again, and too far off yet
    assert await queue(world, messages.queue_nudges, messages.queue_nudges) == [8, 0]
    assert await arrived(world, box) == {"p0": 2}
    assert await queue(world, messages.queue_nudges) == [6]  # what was let go has not used up anything
    await arrived(world, box)
    assert await queue(world, messages.queue_nudges) == [0]
    await world.execute("UPDATE messages SET created_at = created_at - interval '8 days'")
    assert await queue(world, messages.queue_nudges) == [2]
    assert await arrived(world, box) == {"p0": 2}


async def test_a_nudge_is_let_go_once_it_is_answered(world: World, box: Mailbox) -> None:
    people = await everybody(world)
    await expected_at(world, people, 30, state="invited")
    await queue(world, messages.queue_nudges)
    ((session,),) = await world.fetch("SELECT session_id FROM sessions")
    reply = await world.call("POST", f"/v1/sessions/{session}/rsvp", {"answer": "decline"}, who=people[0])
    assert reply.status_code == 200
    assert await arrived(world, box) == {"p1": 1, "p2": 1, "p3": 1}


async def test_a_digest_comes_once_a_day_when_the_readers_day_begins_and_says_their_own_time(
    world: World, box: Mailbox
) -> None:
    """C20."""
    people = await everybody(world, {}, {"time_zone": zone_at(5)}, {}, {"paused_until": TODAY + timedelta(days=30)})
    for one in (people[0], people[1], people[3]):
        await prefer(world, one, digest="daily")
    await expected_at(world, people, 3, 20)
    await expected_at(world, people, 60)
    assert await queue(world, messages.queue_digests, messages.queue_digests) == [2, 0]
    (mail,) = await deliver(world, box, queue=False)
    assert str(mail["To"].addresses[0].addr_spec) == "p0@example.org"
    text = mail.get_content()
    assert text.count(f"({zone_at(12)})") == 2  # the third is too far off for a day's digest
    starts = datetime.now(ZoneInfo(zone_at(12))) + timedelta(hours=20)
    assert f", {starts:%H}:" in text
    await world.execute("UPDATE messages SET sequence = sequence - 1 WHERE kind = 'digest'")
    assert await queue(world, messages.queue_digests) == [2]  # another day


async def test_a_weekly_digest_comes_on_the_first_day_of_the_readers_week(world: World) -> None:
    today = datetime.now(ZoneInfo(zone_at(12))).isoweekday()
    first, later = {"work_days": (today,)}, {"work_days": tuple(sorted({today, today % 7 + 1}))}
    people = await everybody(world, first, later)
    for one in people[:2]:
        await prefer(world, one, digest="weekly")
    await expected_at(world, people, 100)
    due = 1 if min(later["work_days"]) != today else 2
    assert await queue(world, messages.queue_digests) == [due]


async def test_nothing_ahead_is_no_digest_and_no_channel_is_no_message(world: World, box: Mailbox) -> None:
    people = await everybody(world)
    for one in people:
        await prefer(world, one, digest="daily")
    assert await queue(world, messages.queue_digests) == [0]
    await expected_at(world, people, 20)
    await prefer(world, people[0], channel="none", digest="daily")
    assert await queue(world, messages.queue_digests, messages.queue_reminders) == [3, 4]
    assert await arrived(world, box) == {"p1": 2, "p2": 2, "p3": 2}


async def test_an_invitation_comes_at_any_hour_for_it_rings_nowhere(world: World, box: Mailbox) -> None:
    people = await everybody(world, *[{"time_zone": zone_at(5)}] * 4)
    await prefer(world, people[0], channel="none")
    await world.hear(circle(await world.programme(cadence_days=56, group_size_min=4), people, None))
    assert len(await deliver(world, box)) == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "pigeon"}, "channel"), ({"channel": "slack"}, "chat_address"), ({"quiet_from": 600}, "quiet_to"),
        ({"quiet_from": -1, "quiet_to": 5}, "quiet_from"), ({"digest": "hourly"}, "digest"), ({"loud": True}, "loud"),
        ({"channel": "slack", "chat_address": "U1 U2"}, "chat_address"),
    ],
)  # fmt: skip
async def test_a_wrong_preference_is_named(body: dict[str, Any], field: str, world: World) -> None:
    (one,) = await world.people(1)
    reply = await world.call("PUT", "/v1/preferences", body, who=one)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field), reply.text


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"])
MINUTE = st.integers(0, 1440)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    zone=ZONES, starts=st.integers(0, 1380), length=st.integers(30, 600),
    days=st.sets(st.integers(1, 7), min_size=1), quiet=st.none() | st.tuples(MINUTE, MINUTE),
)  # fmt: skip
def test_the_next_good_moment_is_good_and_none_before_it_was(
    now: datetime, zone: str, starts: int, length: int, days: set[int], quiet: tuple[int, int] | None
) -> None:
    ends = min(1440, starts + length)

    def good(moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        still = quiet is not None and (
            quiet[0] <= minute < quiet[1] if quiet[0] <= quiet[1] else not quiet[1] <= minute < quiet[0]
        )
        return local.isoweekday() in days and starts <= minute < ends and not still

    found = next_open(now, zone, starts, ends, sorted(days), quiet)
    moment = now
    while moment < found:
        assert not good(moment)
        moment = datetime.fromtimestamp((moment.timestamp() // 900 + 1) * 900, UTC)
    assert good(found) or found == now + timedelta(days=15)


def test_where_somebodys_hours_are_unknown_any_moment_is_good() -> None:
    now = datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert next_open(now, None, None, None, None, (0, 1440)) == now
    assert person(UUID(int=1)).work_starts == 540
