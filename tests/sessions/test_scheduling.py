from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.sessions.domain.budget import Budgets, Limit
from services.sessions.domain.hours import Hours, Span, minute, moment, working_hours
from services.sessions.domain.scheduling import Request, Slot, find, place, strains, why_not
from services.sessions.domain.settling import Settled, settle

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Africa/Cairo",
    "UTC",
)
CHANGES = (date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 25), date(2026, 11, 1))
"""Clock changes in the north and the south."""


@st.composite
def weeks(draw: st.DrawFn) -> Hours:
    starts = draw(st.integers(0, 1380))
    ends = draw(st.integers(starts + 30, 1440))
    days = draw(st.sets(st.integers(1, 7), min_size=1))
    return Hours(draw(st.sampled_from(ZONES)), starts, ends, tuple(sorted(days)))


@st.composite
def requests(draw: st.DrawFn, people: int) -> Request:
    due = draw(st.sampled_from(CHANGES)) + timedelta(days=draw(st.integers(-3, 1)))
    last = due + timedelta(days=draw(st.integers(0, 13)))
    who = tuple(UUID(int=number) for number in sorted(draw(st.sets(st.integers(0, people - 1), min_size=1))))
    return Request(
        who, draw(st.sampled_from((15, 45, 60, 90))), due, last, minute(datetime.combine(due, datetime.min.time(), UTC))
    )


def works(week: Hours, start: datetime, end: datetime, due: date, last: date) -> bool:
    """Judged minute by minute on the wall clock, not by the code's own arithmetic."""
    zone = ZoneInfo(week.zone)
    step = timedelta(minutes=5)
    walls = [(start + step * i).astimezone(zone) for i in range(int((end - start) / step))]
    ends = (end - timedelta(minutes=1)).astimezone(zone)
    return all(
        week.starts <= wall.hour * 60 + wall.minute < week.ends
        and wall.isoweekday() in week.days
        and due <= wall.date() <= last
        for wall in (*walls, ends)
    )


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_slot_lies_in_everybodys_hours_on_both_sides_of_a_clock_change_and_collides_with_nothing(
    data: st.DataObject,
) -> None:
    """C15."""
    people = [UUID(int=number) for number in range(4)]
    hours = {person: data.draw(weeks()) for person in people}
    wanted = data.draw(st.lists(requests(4), min_size=1, max_size=6))
    slots = place(wanted, hours, {})
    taken: dict[UUID, list[Slot]] = {}
    for request, slot in zip(wanted, slots, strict=True):
        if slot is None:
            continue
        assert slot.end - slot.start == request.minutes
        assert slot.start % 15 == 0
        assert slot.start >= request.not_before
        for person in request.people:
            assert works(hours[person], moment(slot.start), moment(slot.end), request.due, request.last)
            assert all(slot.end <= other.start or other.end <= slot.start for other in taken.get(person, []))
            taken.setdefault(person, []).append(slot)


@settings(max_examples=60, deadline=None)
@given(week=weeks(), request=requests(1))
@example(
    week=Hours("Europe/Berlin", 150, 200, (7,)),
    request=Request((UUID(int=0),), 15, date(2026, 10, 25), date(2026, 10, 25), 0),
)
def test_when_there_is_no_slot_there_really_is_none(week: Hours, request: Request) -> None:
    if find(request, [week], [[]]) is not None:
        return
    first = minute(datetime.combine(request.due - timedelta(days=1), datetime.min.time(), UTC))
    last = minute(datetime.combine(request.last + timedelta(days=2), datetime.min.time(), UTC))
    starts = range(max(first, request.not_before + 14) // 15 * 15, last, 15)
    zone = ZoneInfo(week.zone)
    for start in starts:
        begin, end = moment(start), moment(start + request.minutes)
        if start >= request.not_before and works(week, begin, end, request.due, request.last):
            assert ambiguous(begin, zone)


def ambiguous(at: datetime, zone: ZoneInfo) -> bool:
    """Near a repeated or skipped hour the narrower reading may leave a usable time out."""
    return any(
        (at + timedelta(hours=h)).astimezone(zone).utcoffset() != at.astimezone(zone).utcoffset()
        for h in range(-26, 27)
    )


BERLIN = Hours("Europe/Berlin", 540, 1020, (1, 2, 3, 4, 5))
NEW_YORK = Hours("America/New_York", 540, 1020, (1, 2, 3, 4, 5))
ME, YOU = UUID(int=1), UUID(int=2)


def at(year: int, month: int, day: int, hour: int, minutes: int = 0) -> int:
    return minute(datetime(year, month, day, hour, minutes, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "hour"),
    [(date(2026, 3, 6), 15), (date(2026, 3, 9), 15), (date(2026, 3, 30), 14), (date(2026, 10, 26), 15)],
    ids=["winter", "only America changed", "summer", "only Europe changed back"],
)
def test_the_common_hours_of_two_continents_move_with_each_clock(day: date, hour: int) -> None:
    slot = find(Request((ME, YOU), 60, day, day, 0), [BERLIN, NEW_YORK], [[], []])
    assert slot is not None
    common = {
        date(2026, 3, 6): (14, 16),
        date(2026, 3, 9): (13, 16),
        date(2026, 3, 30): (13, 15),
        date(2026, 10, 26): (13, 16),
    }
    begins, ends = common[day]
    assert at(day.year, day.month, day.day, begins) <= slot.start
    assert slot.end <= at(day.year, day.month, day.day, ends)


def test_alone_the_best_time_is_the_middle_of_the_day_on_the_due_day() -> None:
    slot = find(Request((ME,), 60, date(2026, 11, 2), date(2026, 11, 13), 0), [BERLIN], [[]])
    assert slot == Slot(at(2026, 11, 2, 11, 30), at(2026, 11, 2, 12, 30), 0)


def test_whoever_likes_a_half_of_their_day_meets_in_it_and_two_who_differ_in_between() -> None:
    """P12."""
    early, late = BERLIN._replace(likes="morning"), BERLIN._replace(likes="afternoon")

    def hour(*weeks: Hours) -> float:
        day = date(2026, 11, 2)
        slot = find(Request((ME, YOU)[: len(weeks)], 60, day, day, 0), weeks, [[]] * len(weeks))
        assert slot is not None
        return (slot.start - at(2026, 11, 2, 0)) / 60 + 1.5  # the middle of it, in Berlin

    assert (hour(early), hour(BERLIN), hour(late)) == (11, 13, 15)
    assert hour(early, early) == 11
    assert hour(early, BERLIN) == 12
    assert hour(early, late) == 13


def test_a_day_later_in_the_middle_is_better_than_today_at_the_edge() -> None:
    busy = [Span(at(2026, 11, 2, 8), at(2026, 11, 2, 15))]
    slot = find(Request((ME,), 60, date(2026, 11, 2), date(2026, 11, 13), 0), [BERLIN], [busy])
    assert slot is not None
    assert slot.start == at(2026, 11, 3, 11, 30)


def test_a_booking_that_fits_is_kept_and_another_is_moved() -> None:
    request = Request((ME, YOU), 60, date(2026, 11, 2), date(2026, 11, 13), 0)
    hours = {ME: BERLIN, YOU: NEW_YORK}
    good, bad = Span(at(2026, 11, 2, 15), at(2026, 11, 2, 16)), Span(at(2026, 11, 2, 9), at(2026, 11, 2, 10))
    assert settle([(request, good)], hours, {}, Budgets({})) == [Settled(good, fits=True)]
    (moved,) = settle([(request, bad)], hours, {}, Budgets({}))
    assert moved.span.start >= at(2026, 11, 2, 14)
    assert moved.fits
    (kept,) = settle([(request, bad)], {ME: BERLIN, YOU: BERLIN._replace(zone="Pacific/Auckland")}, {}, Budgets({}))
    assert kept == Settled(bad, fits=False)


def test_what_has_to_move_goes_where_there_is_time_left_and_what_was_agreed_stays() -> None:
    """C14."""
    hours, pair = {ME: BERLIN, YOU: NEW_YORK}, (ME, YOU)
    request = Request(pair, 60, date(2026, 11, 2), date(2026, 11, 13), 0, preparation=(0, 30))
    good, bad = Span(at(2026, 11, 3, 15), at(2026, 11, 3, 16)), Span(at(2026, 11, 2, 9), at(2026, 11, 2, 10))

    def settled(week: int, *booked: Span, changed: tuple[UUID, ...] = ()) -> list[Settled]:
        budgets = Budgets({YOU: Limit(week=week)})
        return settle([(request, span) for span in booked], hours, {}, budgets, changed)

    kept = Settled(good, fits=True)
    assert settled(180, bad, good)[0].span.start < at(2026, 11, 7, 0)
    moved, stayed = settled(90, bad, good)
    assert (stayed, moved.fits, moved.span.start >= at(2026, 11, 9, 0)) == (kept, True, True)
    assert settled(89, bad, good) == [Settled(bad, fits=False), kept]
    assert settled(89, good, changed=(ME,)) == [kept]
    assert settled(89, good, changed=(YOU,)) == [Settled(good, fits=False)]


def test_a_booking_outside_of_working_hours_stays_where_all_have_to_be_outside() -> None:
    week = {ME: BERLIN, YOU: BERLIN._replace(starts=1080, ends=1320)}
    request = Request((ME, YOU), 60, date(2026, 11, 2), date(2026, 11, 6), 0, stretch=120)
    late = Span(at(2026, 11, 3, 16, 15), at(2026, 11, 3, 17, 15))
    assert settle([(request, late)], week, {}, Budgets({})) == [Settled(late, fits=True)]
    night = Span(at(2026, 11, 3, 22), at(2026, 11, 3, 23))
    (moved,) = settle([(request, night)], week, {}, Budgets({}))
    assert (moved.fits, moved.span != night) == (True, True)


def test_the_same_question_has_the_same_answer() -> None:
    asked = [Request((ME, YOU), 45, date(2026, 11, 2), date(2026, 11, 8), 0)] * 5
    assert place(asked, {ME: BERLIN, YOU: NEW_YORK}, {}) == place(asked, {ME: BERLIN, YOU: NEW_YORK}, {})


@pytest.mark.parametrize(
    ("starts", "ends", "minutes", "day"),
    [(150, 240, 60, date(2026, 10, 25)), (60, 150, 60, date(2026, 3, 29)), (0, 150, 135, date(2026, 10, 25))],
    ids=["the start happens twice", "the end never happens", "the end happens twice"],
)
def test_an_hour_that_is_skipped_or_repeated_is_read_narrowly(starts: int, ends: int, minutes: int, day: date) -> None:
    week = Hours("Europe/Berlin", starts, ends, (7,))
    placed = place([Request((ME,), minutes, day, day, 0)] * 3, {ME: week}, {})
    loosest = [slot for slot in placed if slot is not None]
    assert all(works(week, moment(slot.start), moment(slot.end), day, day) for slot in loosest)
    (span,) = working_hours(week, day, day)
    assert works(week, moment(span.start), moment(span.end), day, day)


TOKYO = Hours("Asia/Tokyo", 540, 1080, (1, 2, 3, 4, 5))
WEST = Hours("America/Los_Angeles", 540, 1020, (1, 2, 3, 4, 5))
SERIES = UUID(int=99)


def monday(number: int) -> date:
    return date(2026, 11, 2) + timedelta(weeks=number)


def test_three_continents_take_turns_with_the_early_and_the_late_hours() -> None:
    people = {UUID(int=1): BERLIN, UUID(int=2): TOKYO, UUID(int=3): WEST}
    asked = [
        Request(tuple(people), 60, monday(week), monday(week) + timedelta(days=4), 0, series=SERIES, stretch=300)
        for week in range(9)
    ]
    slots = [slot for slot in place(asked, people, {}) if slot is not None]
    assert len(slots) == 9
    assert {slot.outside for slot in slots} == {300}
    assert len({slot.start % 1440 for slot in slots}) > 1
    total = dict.fromkeys(people.values(), 0.0)
    for placed in slots:
        for week, strain in strains(placed, list(people.values())).items():
            total[week] += strain
    alone = place([replace(request, series=None) for request in asked], people, {})
    unfair = dict.fromkeys(people.values(), 0.0)
    for slot in alone:
        assert slot is not None
        for week, strain in strains(slot, list(people.values())).items():
            unfair[week] += strain
    assert max(total.values()) < max(unfair.values())
    assert max(total.values()) - min(total.values()) < max(unfair.values()) - min(unfair.values())


def test_whoever_had_the_hard_hour_has_the_easier_one_next() -> None:
    late = [Span(at(2026, 11, 2, 8), at(2026, 11, 2, 15)), Span(at(2026, 11, 3, 8), at(2026, 11, 3, 23))]
    first = Request((ME, YOU), 60, date(2026, 11, 2), date(2026, 11, 2), 0, series=SERIES)
    second = Request((ME, YOU), 60, date(2026, 11, 9), date(2026, 11, 9), 0, series=SERIES)
    hours = {ME: BERLIN, YOU: NEW_YORK}
    one, two = place([first, second], hours, {ME: list(late), YOU: []})
    (fresh,) = place([second], hours, {})
    assert one is not None
    assert two is not None
    assert fresh is not None
    assert one.start == at(2026, 11, 2, 15)
    assert two.start < fresh.start


@settings(max_examples=60, deadline=None)
@given(
    month=st.integers(60, 400),
    week=st.integers(30, 200) | st.none(),
    preparation=st.integers(0, 60),
    count=st.integers(1, 10),
)
def test_no_budget_is_ever_overdrawn_and_what_is_refused_would_have_overdrawn_it(
    month: int, week: int | None, preparation: int, count: int
) -> None:
    asked = [
        Request((ME, YOU), 45, monday(number), monday(number) + timedelta(days=6), 0, preparation=(preparation, 0))
        for number in range(count)
    ]
    slots = place(asked, {ME: BERLIN, YOU: BERLIN}, {}, Budgets({ME: Limit(month, week)}))
    spent: dict[object, int] = {}
    for request, slot in zip(asked, slots, strict=True):
        cost = 45 + preparation
        if slot is None:
            periods = {("month", day.year, day.month) for day in (request.due, request.due + timedelta(days=4))}
            assert (week is not None and cost > week) or all(spent.get(p, 0) + cost > month for p in periods)
            assert why_not(request, [BERLIN, BERLIN], [[], []]) == "A member's time budget is used up"
            continue
        day = moment(slot.start).date()
        for period, limit in ((("month", day.year, day.month), month), (("week", *day.isocalendar()[:2]), week)):
            spent[period] = spent.get(period, 0) + cost
            assert limit is None or spent[period] <= limit


def test_why_there_is_no_slot_is_told_apart() -> None:
    request = Request((ME, YOU), 60, date(2026, 11, 2), date(2026, 11, 2), 0)
    far = BERLIN._replace(zone="Pacific/Auckland")
    assert why_not(request, [BERLIN, far], [[], []]) == "The members have no working hours in common"
    whole_day = [Span(at(2026, 11, 2, 0), at(2026, 11, 3, 0))]
    assert why_not(request, [BERLIN, BERLIN], [whole_day, []]).endswith("in common that are free")
