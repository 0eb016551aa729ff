"""A year of facts, so few that what comes of them is worked out on paper: a month for each thing that is measured."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.metrics.domain.learnings import Received, parse
from shared.events.base import Event
from shared.events.directory import Proficiency, SkillChanged
from shared.events.follow_up import (
    CheckInsReleased,
    CourseGapCounted,
    FacilitationAnswer,
    FacilitationRated,
    FormAnswersReleased,
    FormItem,
    PairedAnswer,
    PulseReleased,
    ResponsesCounted,
    SurveyPaired,
    TransferAnswer,
)
from shared.events.knowledge import KnowledgeUsed
from shared.events.matching import HelpClosed, HelpOffered, HelpRequested, MatchAccepted, MatchDeclined, RoundCompleted
from shared.events.sessions import GroundRulesAcknowledged, ProgrammeGoal, SessionCancelled
from tests.metrics.test_learnings import statement
from tests.metrics.world import PROGRAMME, feedback, held, part, people, person, programme, proposal, proposed, unit

YEAR = 2024
JANUARY, FEBRUARY, MARCH, APRIL, MAY, JUNE, JULY, AUGUST, SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (
    date(YEAR, number, 1) for number in range(1, 13)
)
HIRED = date(YEAR - 2, 3, 1)
OTHER = UUID("00000000-0000-4000-8000-000000000002")
GOALS = UUID("00000000-0000-4000-8000-000000000003")
Told = tuple[Event, datetime | None]
GROUPS: dict[date, Sequence[Sequence[int]]] = {
    FEBRUARY: [[1, 1, 1, 1]] * 2,
    MARCH: [[0, 0, 0, 4]] * 2,
    APRIL: [[1, 2, 3, 4]] * 2,
    MAY: [[5, 3, 2, 0, 0]],
    JUNE: [[0, 0, 0, 0, 0]],
    JULY: [[5, 3, 2]] * 2,
}
"""What each member of each group says in that month."""
SIZES: dict[tuple[int, ...], list[int]] = {
    (4, 9, 20): [4, 9],
    (4, 3, 20): [3, 4],
    (1, 1, 6, 30): [1, 1, 6],
    (6, 7): [],
    (4, 9): [4, 9],
}
"""How many come to each programme, a month of the year before for each row, and which of them stay hidden."""
RECENT: dict[int, tuple[date, date, datetime]] = {
    45: (date(YEAR - 1, 7, 1), date(YEAR - 1, 9, 1), datetime(YEAR - 1, 7, 18, 9, tzinfo=UTC)),
    90: (date(YEAR - 1, 9, 1), date(YEAR - 1, 12, 1), datetime(YEAR - 1, 9, 2, 9, tzinfo=UTC)),
}
"""Windows whose only sessions, one for each month, were so many days before their end."""


def on(month: date, day: int = 17, hour: int = 9) -> datetime:
    return datetime(month.year, month.month, day, hour, tzinfo=UTC)


def at(starts_at: datetime, hours: float = 1) -> dict[str, Any]:
    return {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=hours)}


def year() -> Iterator[Told]:
    """Everything, in an order in which it may come."""
    staff = {"sales": people(10), "legal": people(10), "board": people(5)}
    known: dict[str, Any] = {"hired_on": HIRED, "effective_at": HIRED}
    told: list[Event] = [unit("org", "Org"), *(unit(code, code.title(), "org") for code in staff)]
    told += [person(one, code, **known) for code, members in staff.items() for one in members]
    sql = (Proficiency(skill_id="sql", level=1, target_level=3),)
    told += [SkillChanged(skill_id="sql", version=1, label="SQL"), *(
        person(one, "legal", 2, **known, proficiencies=sql) for one in staff["legal"]
    )]  # fmt: skip
    run: dict[str, Any] = {"starts_on": JANUARY, "ends_on": date(YEAR, 12, 31)}
    told += [programme(**run), programme(OTHER, name="Other", **run)]
    told += [*january(staff["sales"], staff["legal"]), *groups([*staff["sales"][:4], *staff["legal"][3:7]])]
    told += [*crowd(), *answers(), *surveys(), *newcomers(staff["legal"]), *hosts(), *before(), *goals()]
    yield from ((event, None) for event in told)
    yield from pairs()
    yield from requests()


def january(sales: Sequence[UUID], legal: Sequence[UUID]) -> Iterator[Event]:
    """Two sessions of fifteen attendances of ten people, and one that was cancelled."""
    both, own, off = uuid4(), uuid4(), uuid4()
    begun = {"began_at": on(JANUARY) + timedelta(minutes=4), "facilitator_above": True}
    late = {"began_at": on(JANUARY) + timedelta(minutes=10), "facilitator_above": False}
    yield held(both, capacity=12, skill_id="sql", **at(on(JANUARY)), **begun)
    yield held(own, capacity=8, skill_id="go", **at(on(JANUARY)), **late)
    gone = held(off, **at(on(JANUARY)))
    yield SessionCancelled(**gone.model_dump(include=set(SessionCancelled.model_fields)))
    seats: dict[str, Any] = {"session_starts_at": on(JANUARY)}
    yield from (part(both, one, role="presenter", taught=1, asked=0, **seats) for one in sales[:5])
    yield from (part(both, one, **seats) for one in (sales[5], *legal[:4]))
    yield from (part(own, one, **seats) for one in sales[:5])
    yield from (part(both, one, state="no_show", asked=0, minutes=0, **seats) for one in sales[6:8])
    yield part(both, sales[8], state="cancelled_late", asked=0, minutes=0, **seats)
    yield from (part(both, one, state="waitlisted", asked=0, minutes=0, **seats) for one in legal[4:7])
    yield from (part(off, one, state="registered", asked=0, minutes=0, **seats) for one in legal[:5])
    for one in (*sales[:5], *legal[:4]):
        yield GroundRulesAcknowledged(group_id=both, programme_id=PROGRAMME, person_id=one, rules_version=1)


def groups(members: Sequence[UUID]) -> Iterator[Event]:
    """Groups as unlike as the specification's, from February to July."""
    for month, said in GROUPS.items():
        seats = iter(members)
        for contributions in said:
            session = uuid4()
            yield held(session, **at(on(month)))
            yield from (part(session, next(seats), asked=count, session_starts_at=on(month)) for count in contributions)


def crowd() -> Iterator[Event]:
    """Fifty of December in two groups: five who are in both say five each, five others four, the rest one."""
    members = people(50)
    for seats, said in ((members[:27], [4] * 5 + [1] * 17 + [3] * 5), (members[22:], [2] * 5 + [1] * 23)):
        session = uuid4()
        yield held(session, **at(on(DECEMBER)))
        yield from (
            part(session, one, asked=count, session_starts_at=on(DECEMBER))
            for one, count in zip(seats, said, strict=True)
        )


def answers() -> Iterator[Event]:
    """What was answered to forms, check-ins and pulses of January; about who led in the first quarter."""
    about: dict[str, Any] = {"programme_id": PROGRAMME, "division": "sales", "month": JANUARY, "released_on": FEBRUARY}
    yield feedback(5, 4, 4, 3, 5, month=JANUARY)
    recommended = (*[10] * 30, *[9] * 20, *[8] * 15, *[7] * 15, *[6] * 10, *[0] * 10)
    yield FormAnswersReleased(
        batch_id=uuid4(), form_id=uuid4(), form_version=1, items=(FormItem(code="clear", reverse=False),),
        answers=((3,),) * 50 + ((4,),) * 50, recommended=recommended, **about,
    )  # fmt: skip
    used = [TransferAnswer(applied=1, frequency=2, effect=4, first_use_days=days, barrier=None, minutes_saved=minutes)
            for days, minutes in zip(range(1, 14), [10, 20, 30, 40, 50, *[None] * 8], strict=True)]  # fmt: skip
    not_used = TransferAnswer(applied=0, frequency=0, effect=0, first_use_days=None, barrier="time")
    for day, took, silent, asked in ((30, slice(6), 2, 12), (60, slice(6, 10), 1, 6), (90, slice(10, 13), 2, 6)):
        said = (*used[took], *[not_used] * silent)
        yield CheckInsReleased(batch_id=uuid4(), format="mentoring", day=day, answers=said, **about)
        yield ResponsesCounted(
            programme_id=PROGRAMME, kind=f"check-in-{day}", month=JANUARY, version=1, asked=asked, answered=len(said)
        )
    for theme, scores in (("safety", (2, 2, 1, 2, 3)), ("belonging", (1, 2, 2, 3, 3))):  # of five, and high is bad
        item, said_by = (FormItem(code="bad", reverse=True),), tuple((score,) for score in scores)
        yield PulseReleased(batch_id=uuid4(), theme=theme, items=item, answers=said_by, **about)
    split: dict[str, Any] = {"theme": "safety", "answers": ((5,), (5,), (5,), (1,), (1,)), **about, "month": FEBRUARY}
    yield PulseReleased(batch_id=uuid4(), items=(FormItem(code="good", reverse=False),), **split)
    yield from (KnowledgeUsed(item_id=uuid4(), programme_id=PROGRAMME, month=JANUARY, version=1, people=5, uses=uses)
                for uses in (14, 5))  # fmt: skip
    yield CourseGapCounted(programme_id=PROGRAMME, course="sql-101", month=JANUARY, version=1, people=5)
    yield from rated(PROGRAMME, *[(3, 4, 3, 4, 3)] * 100, *[(4, 3, 4, 3, 4)] * 100)  # means of 3.4 and 3.6
    yield from rated(OTHER, *[(5, 5, 5, 5, 5)] * 175)  # so that the organization's mean is 4.2
    for led in (PROGRAMME, OTHER):
        yield from (held(uuid4(), programme_id=led, facilitator_id=one, **at(on(JANUARY))) for one in people(5))


def rated(programme_id: UUID, *said: tuple[int, int, int, int, int]) -> Iterator[Event]:
    names = FacilitationAnswer.model_fields
    yield FacilitationRated(
        batch_id=uuid4(), programme_id=programme_id, month=JANUARY, released_on=APRIL,
        answers=tuple(FacilitationAnswer(**dict(zip(names, each, strict=True))) for each in said),
    )  # fmt: skip


def surveys() -> Iterator[Event]:
    """Tests of September and behaviour of October: before, after and, of September's learners, a third time."""
    yield _survey("knowledge", SEPTEMBER, [(3, 4, 3)] * 5 + [(1, 3, 3)] * 5)
    yield _survey("knowledge", SEPTEMBER, [(3, 4, None)] * 9 + [(3, 5, None)], arm="teachers")
    yield _survey("confidence", SEPTEMBER, [(2, 3, None)] * 6 + [(3, 3, None)] * 4)
    yield _survey("commitment", SEPTEMBER, [(4, 3, None)] * 2 + [(3, 3, None)] * 8)
    survey = uuid4()
    yield _survey("shares", OCTOBER, [(2, 3, None)] * 10 + [(2, 2, None)] * 10, survey_id=survey)
    yield _survey("shares", OCTOBER, [(2, 3, None)] * 3 + [(2, 2, None)] * 9, arm="waitlist", survey_id=survey)


def _survey(code: str, month: date, said: Sequence[tuple[int, int, int | None]], **changes: Any) -> SurveyPaired:
    pairs = tuple(
        PairedAnswer(before=(before,), after=(after,), later=(later,) if later else None)
        for before, after, later in said
    )
    values: dict[str, Any] = {
        "survey_id": uuid4(), "programme_id": PROGRAMME, "arm": "participants", "opened_on": month,
        "released_on": month, "items": (FormItem(code=code, reverse=False),), "asked": 40, "before": 25,
        "after": 20, "pairs": pairs,
    }  # fmt: skip
    return SurveyPaired(**(values | changes))


def newcomers(others: Sequence[UUID]) -> Iterator[Event]:
    """Six are hired on 1 September: three meet four others on day 2, 4 and 6, one of them two more on day 60.

    Five of those others come twice, and five people once: neither are few.
    """
    found = people(6)
    yield from (person(one, hired_on=SEPTEMBER, effective_at=SEPTEMBER) for one in found)
    met = ((0, 2, (0, 1, 2, 5)), (1, 4, (0, 1, 3, 4)), (2, 6, (2, 3, 4, 6)), (2, 60, (0, 1, 2, 3, 4, 6)))
    for newcomer, days, places in met:
        starts, session = on(SEPTEMBER, 1) + timedelta(days=days), uuid4()
        yield from (
            part(session, each, session_starts_at=starts)
            for each in (found[newcomer], *(others[place] for place in places))
        )


def hosts() -> Iterator[Event]:
    """Eight lead for 1, 2, 3 and 4 hours of November; six of them agreed on an hour a week."""
    for place, one in enumerate(people(8)):
        yield person(one, hired_on=NOVEMBER, effective_at=NOVEMBER, time_budget_minutes=260 if place < 6 else 2600)
        for week in range(place % 4 + 1):
            starts = on(NOVEMBER, 4) + timedelta(weeks=week)
            yield held(uuid4(), facilitator_id=one, **at(starts))


def pairs() -> Iterator[Told]:
    """Of forty pairs proposed in August thirty accept, each a day later than the one before; some meet, and again."""
    made = [(uuid4(), people(2)) for _ in range(40)]
    for number, pair in enumerate(made):
        yield proposed(*pair), on(AUGUST, 1)
        days = timedelta(days=number + 1)
        answer = MatchAccepted if number < 30 else MatchDeclined
        yield answer(**proposal(*pair, 2)), on(AUGUST, 1) + (days if number < 30 else timedelta(days=1))
        for meeting in range(3 if number < 10 else 1 if number < 15 else 0):
            starts = on(AUGUST, 1) + days + timedelta(days=3 + meeting)
            yield held(uuid4(), match_id=pair[0], **at(starts)), None
    for _, members in (*made[:5], *((None, people(2)) for _ in range(5))):
        yield proposed(uuid4(), members), on(DECEMBER)
    done = {"kind": "pair", "seed": 1, "rules_version": 1, "input_digest": "0"}
    yield (
        RoundCompleted(round_id=uuid4(), programme_id=PROGRAMME, asked=20, matched=17, unmatched=3, **done),
        on(AUGUST),
    )


def requests() -> Iterator[Told]:
    """Fifty ask for help in January and are offered some after 1, 2, ... 50 hours; forty take it."""
    for hours in range(1, 51):
        request, seconds, asked_at = uuid4(), hours * 3600, on(JANUARY, 3) + timedelta(minutes=hours)
        same: dict[str, Any] = {"request_id": request, "skill_id": "sql"}
        offered = asked_at + timedelta(seconds=seconds)
        yield HelpRequested(**same), asked_at
        yield HelpOffered(**same, seconds=seconds, circle="unit"), offered
        outcome = "accepted" if hours <= 40 else "expired"
        yield HelpClosed(**same, outcome=outcome, circle="unit", seconds_to_first_offer=seconds), offered


def before() -> Iterator[Event]:
    """The year before: programmes of some sizes, and sessions that were some days ago when a window ended."""
    for number, sizes in enumerate(SIZES, 1):
        for size in sizes:
            programme_id, session = uuid4(), uuid4()
            seat: dict[str, Any] = {"programme_id": programme_id, "session_starts_at": on(date(YEAR - 1, number, 1))}
            yield programme(programme_id, name=f"{size} of {sizes}")
            yield from (part(session, one, **seat) for one in people(size))
    for first, after, last in RECENT.values():
        crowd = people(6)
        for _ in range(after.month - first.month):
            session = uuid4()
            yield from (part(session, one, asked=0, session_starts_at=last) for one in crowd)


def goals() -> Iterator[Event]:
    """A programme of two years before: to go from 100 hours to 150, and from 30 % who stay away to 5 %."""
    month = date(YEAR - 2, 2, 1)
    run: dict[str, Any] = {"starts_on": month, "ends_on": month.replace(day=28)}
    due = {"due": run["ends_on"]}
    yield programme(GOALS, name="Goals", **run, goals=(
        ProgrammeGoal(measure="learning_hours", baseline=100, target=150, **due),
        ProgrammeGoal(measure="no_show_rate", baseline=0.3, target=0.05, **due),
    ))  # fmt: skip
    crowd = people(10)
    seat: dict[str, Any] = {"programme_id": GOALS, "session_starts_at": on(month)}
    for number in range(15):
        away: dict[str, Any] = {"state": "no_show", "minutes": 0, "asked": 0} if number >= 12 else {}
        session = uuid4()
        yield from (part(session, one, **seat, **away) for one in crowd)


def learnt(staff: Sequence[UUID]) -> list[Received]:
    """Six trainings and five resources that a learning management system tells of in January."""
    told = [*((one, "completed", "course") for one in (*staff[:5], staff[0])),
            *((one, "experienced", "media") for one in staff[:5])]  # fmt: skip
    now = datetime.now(UTC)
    return [parse(statement(one, did, kind, timestamp=on(JANUARY).isoformat()), now) for one, did, kind in told]
