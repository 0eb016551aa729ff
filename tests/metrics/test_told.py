"""What other services tell in sums: help, knowledge, own forms, ground rules, agreed time; each with its example."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.metrics.commands.told import count_barriers
from services.metrics.domain.measures import MEASURES, By
from services.metrics.queries.barriers import get_barriers
from services.metrics.queries.release import Cell, Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Connection, Database
from shared.events.base import Event
from shared.events.directory import PersonErased
from shared.events.follow_up import (
    CheckInsReleased,
    FormAnswersReleased,
    FormItem,
    PairedAnswer,
    PulseReleased,
    SurveyPaired,
    TransferAnswer,
)
from shared.events.knowledge import KnowledgeUsed
from shared.events.matching import HelpClosed, HelpOffered, HelpRequested
from shared.events.sessions import GroundRulesAcknowledged
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.world import OCTOBER, PROGRAMME, START, deliver, held, part, people, person, programme, unit

WINDOW = Window.covering(OCTOBER, OCTOBER)
SKILL = "peer-review"


async def whole(conn: Connection, name: str, by: By = "none", window: Window = WINDOW, **chosen: Any) -> Cell | None:
    cells = await Release(conn, 5).cells(MEASURES[name], Scope(window, by, **chosen))
    return cells[0] if cells else None


async def seen(db: Database, name: str) -> Cell | None:
    """As `whole`, on what has been committed."""
    async with db.acquire() as conn:
        return await whole(conn, name)


def released(*scores: tuple[int, ...], items: tuple[str, ...] = ("kept-flow",), **changes: Any) -> FormAnswersReleased:
    values: dict[str, Any] = {
        "batch_id": uuid4(), "programme_id": PROGRAMME, "division": "sales", "form_id": uuid4(), "form_version": 1,
        "month": OCTOBER, "released_on": date(2026, 11, 1), "answers": scores,
        "items": tuple(FormItem(code=item, reverse=item.startswith("not-")) for item in items),
    }  # fmt: skip
    return FormAnswersReleased(**(values | changes))


def paired(*pairs: tuple[int, int], code: str, part: int = 0, survey_id: UUID | None = None) -> SurveyPaired:
    return SurveyPaired(
        survey_id=survey_id or uuid4(), programme_id=PROGRAMME, arm="participants", released_on=date(2026, 10, 20),
        items=(FormItem(code=code, reverse=False),), asked=40, before=25, after=20, part=part,
        pairs=tuple(PairedAnswer(before=(before,), after=(after,)) for before, after in pairs),
    )  # fmt: skip


def asked(hours: list[float], at: datetime = START) -> list[tuple[Event, datetime]]:
    """Requests, each offered help after so many hours and taken at once."""
    found: list[tuple[Event, datetime]] = []
    for number, wait in enumerate(hours):
        request, seconds, began = uuid4(), int(wait * 3600), at + timedelta(minutes=number)
        offered = began + timedelta(seconds=seconds)
        found += [
            (HelpRequested(request_id=request, skill_id=SKILL), began),
            (HelpOffered(request_id=request, skill_id=SKILL, seconds=seconds, circle="unit"), offered),
            (
                HelpClosed(
                    request_id=request, skill_id=SKILL, outcome="accepted", circle="unit",
                    seconds_to_first_offer=seconds,
                ),
                offered,
            ),
        ]  # fmt: skip
    return found


async def test_nine_of_ten_is_told_where_five_are_beyond_it(conn: Connection) -> None:
    for event, at in asked([float(hours) for hours in range(1, 50)]):
        await deliver(conn, [event], at)
    few = await whole(conn, "time_to_first_help_p90")
    assert few
    assert (few.value, few.suppressed) == (None, True)
    assert str(few.reason).startswith("Fewer than 5 people, or fewer than 5 beyond this number:"), "of 49"
    for event, at in asked([50.0], START + timedelta(hours=2)):
        await deliver(conn, [event], at)
    enough = await whole(conn, "time_to_first_help_p90")
    assert enough
    assert (enough.value, enough.n) == (45.0, 50)


async def test_the_time_to_first_help_is_of_requests_and_no_one_request_shows(conn: Connection) -> None:
    """K17."""
    told = asked([1, 2, 3, 4, 10])
    Random(1).shuffle(told)
    for event, at in told:
        await deliver(conn, [event], at)
    half, most, taken = [await whole(conn, name) for name in
                         ("time_to_first_help", "time_to_first_help_p90", "help_taken")]  # fmt: skip
    assert half
    assert most
    assert taken
    assert (half.value, half.n, taken.value) == (3.0, 5, 1.0)
    assert (most.value, most.suppressed) == (None, True)  # nine of ten of five is the slowest one
    for event, at in asked([99], START + timedelta(days=1)):
        await deliver(conn, [event, event], at)
    # A sixth request waits for four more: nobody can tell from one day to the next how long it took.
    later = await whole(conn, "time_to_first_help")
    assert later
    assert (later.value, later.n) == (half.value, half.n)


async def test_fewer_than_five_requests_are_not_told(conn: Connection) -> None:
    for event, at in asked([1, 2, 3, 4]):
        await deliver(conn, [event], at)
    found = await whole(conn, "time_to_first_help")
    assert found
    assert (found.value, found.n) == (None, 0)


async def test_what_others_left_is_counted_by_its_newest_version(conn: Connection) -> None:
    """K5."""
    item, other = uuid4(), uuid4()

    def used(item_id: UUID, version: int, people_: int, uses: int) -> KnowledgeUsed:
        return KnowledgeUsed(
            item_id=item_id, programme_id=PROGRAMME, month=OCTOBER, version=version, people=people_, uses=uses
        )

    await deliver(conn, [used(item, 2, 10, 14), used(item, 1, 5, 6), used(other, 1, 5, 5)])
    await deliver(conn, [used(item, 1, 5, 6)])
    uses, things = await whole(conn, "knowledge_uses"), await whole(conn, "knowledge_used")
    assert uses
    assert things
    assert (uses.value, uses.n, things.value) == (19, 10, 2)
    found = await whole(conn, "knowledge_uses", "programme")
    assert found
    assert (found.group, found.value) == (str(PROGRAMME), 19)


async def test_own_questions_have_a_mean_and_hide_what_all_say(db: Database) -> None:
    batch = released((5, 1), (4, 2), (3, 3), (4, 2), (5, 1), items=("clear", "not-useful"))
    await store(db, batch, batch)
    found = await seen(db, "own_questions")
    assert found
    assert (found.value, found.n) == (4.2, 5)
    await store(db, released(*[(4,)] * 6, division="legal"))
    async with db.acquire() as conn:
        by_unit = await Release(conn, 5).cells(MEASURES["own_questions"], Scope(WINDOW, "unit"))
    cells = {cell.group: cell for cell in by_unit}
    assert "answered the same" in str(cells["legal"].reason)
    assert cells["sales"].value == 4.2
    await store(db, released((5,), (4,), (5,), (4,), (5,), format="retrospective"))
    async with db.acquire() as conn:
        by_format = await Release(conn, 5).cells(MEASURES["own_questions"], Scope(WINDOW, "format"))
    assert {cell.group for cell in by_format} == {"", "retrospective"}


async def test_a_survey_in_parts_counts_whole_and_each_question_by_its_code(db: Database) -> None:
    """K11."""
    survey, other = uuid4(), uuid4()
    one = paired(*[(3, 4)] * 6, code="knowledge", survey_id=survey)
    await store(db, one)
    first = await seen(db, "normalised_gain")
    assert first
    assert first.value is None  # six pairs; there have to be ten
    await store(db, paired(*[(1, 3)] * 5, (5, 5), code="knowledge", part=1, survey_id=survey), one)
    did = paired(*[(3, 4)] * 6, code="shares", survey_id=other)
    await store(db, did, paired(*[(1, 3)] * 5, (5, 5), code="shares", part=1, survey_id=other), did)
    found, change = await seen(db, "normalised_gain"), await seen(db, "behaviour_change")
    assert found
    assert change
    # (4-3)/(5-3) and (3-1)/(5-1) are one half each, as 60 to 80 of 100; whoever had it all before has none.
    assert (found.value, found.n, found.denominator) == (0.5, 11, 11)
    assert (change.value, change.n) == (round(16 / 12, 2), 12)
    await store(db, paired(*[(2, 3)] * 6, *[(3, 3)] * 4, code="confidence"))
    confidence = await seen(db, "confidence_change")
    assert confidence
    assert (confidence.value, confidence.n) == (0.6, 10)
    commitment = await seen(db, "commitment_change")
    assert commitment
    assert commitment.value is None


async def test_ground_rules_count_everybody_expected_and_nobody_who_was_erased(conn: Connection) -> None:
    """C1."""
    crowd, session = people(12), uuid4()
    await deliver(conn, [*(person(one) for one in crowd), programme(), held(session)])
    await deliver(conn, [part(session, one) for one in crowd])
    rules = [
        GroundRulesAcknowledged(group_id=session, programme_id=PROGRAMME, person_id=one, rules_version=1)
        for one in crowd[:6]
    ]
    await deliver(conn, [*rules, *rules])
    found = await whole(conn, "ground_rules_rate")
    assert found
    assert (found.value, found.n, found.denominator) == (0.5, 12, 12)
    await deliver(conn, [PersonErased(person_id=crowd[0])])
    await deliver(conn, rules)
    assert await conn.fetchval("SELECT count(*) FROM acknowledgements WHERE person_id = $1", crowd[0]) == 0
    assert await conn.fetchval("SELECT count(*) FROM acknowledgements") == 6
    assert await conn.fetchval("SELECT count(*) FROM time_budgets WHERE person_id = $1", crowd[0]) == 0


async def test_two_weeks_running_over_the_agreed_time_are_too_much(conn: Connection) -> None:
    hosts = people(6)
    await deliver(conn, [person(one, time_budget_minutes=520) for one in hosts])  # two hours a week
    monday = datetime(2026, 10, 5, 9, tzinfo=UTC)

    def week(number: int, host: UUID, hours: float) -> Event:
        at = monday + timedelta(weeks=number)
        return held(uuid4(), facilitator_id=host, starts_at=at, ends_at=at + timedelta(hours=hours))

    # With preparation an hour is two: 1.5 are over what was agreed, 0.5 are not.
    for host in hosts[:3]:
        await deliver(conn, [week(0, host, 1.5), week(1, host, 1.5)])
    await deliver(conn, [week(0, hosts[3], 1.5), week(2, hosts[3], 1.5)])
    for host in hosts[4:]:
        await deliver(conn, [week(0, host, 0.5), week(1, host, 0.5)])
    found = await whole(conn, "hosting_overload")
    assert found
    assert (found.value, found.n) == (0.5, 6)


def checked(*barriers: str | None) -> CheckInsReleased:
    return CheckInsReleased(
        batch_id=uuid4(), programme_id=PROGRAMME, format="mentoring", division="sales", day=30, month=OCTOBER,
        released_on=date(2026, 11, 1),
        answers=tuple(
            TransferAnswer(applied=1, frequency=2, effect=2, first_use_days=3, barrier=barrier) for barrier in barriers
        ),
    )  # fmt: skip


async def test_barriers_are_ranked_and_few_look_like_none(conn: Connection) -> None:
    assert await get_barriers(conn, 5) is None
    await deliver(conn, [checked(*["time"] * 9, *["tools"] * 6, *["manager"] * 3, *[None] * 7, "mine", "other")])
    assert await count_barriers(conn, 5)
    found = await get_barriers(conn, 5)
    assert found
    assert found.month == OCTOBER
    told = {each.barrier: each.answers for each in found.barriers}
    assert list(told)[:2] == ["time", "nothing"]
    # Of tools there are six, and fewer than five of all the others may be: hidden, so that nobody can subtract them.
    assert told == {"time": 9, "nothing": 7} | dict.fromkeys(set(told) - {"time", "nothing"})
    why = {each.barrier: each.reason for each in found.barriers}
    assert why["manager"] == why["no-occasion"] != why["tools"]
    await deliver(conn, [checked("time", "time", "time", "tools", "tools")])
    assert await count_barriers(conn, 5) == 0  # three and two more: no number moves
    assert await get_barriers(conn, 5) == found
    await deliver(conn, [checked(*["time"] * 5)])
    assert await count_barriers(conn, 5)
    later = await get_barriers(conn, 5)
    assert later
    assert {each.barrier: each.answers for each in later.barriers}["time"] == 17


async def test_culture_is_a_trend_of_what_is_shown(api: httpx.AsyncClient, issuer: Issuer, db: Database) -> None:
    """K25."""
    crowd = people(10)
    months = [date(2026, 8, 1), date(2026, 9, 1), OCTOBER]
    await store(db, unit("sales", "Sales", "org"), programme(), *(person(one) for one in crowd))
    for number, month in enumerate(months):
        at = datetime(month.year, month.month, 10, 9, tzinfo=UTC)
        session = uuid4()
        await store(db, held(session, starts_at=at), *(
            part(session, one, session_starts_at=at, taught=number,
                 role="presenter" if place == number == 0 else "participant")
            for place, one in enumerate(crowd)
        ))  # fmt: skip
        for theme in ("safety", "belonging") if month != months[1] else ("safety",):
            await store(db, PulseReleased(
                batch_id=uuid4(), programme_id=PROGRAMME, division="sales", theme=theme, month=month,
                released_on=month, items=(FormItem(code="one", reverse=False),),
                answers=tuple((score,) for score in (2 + number, 3, 3, 4, 3)),
            ))  # fmt: skip
    found = (await read(api, issuer, "/v1/culture", starts_on=str(months[0]), ends_on=str(months[2])))["items"]
    assert [each["month"] for each in found] == ["2026-08", "2026-09", "2026-10"]
    assert found[1]["index"] is None
    assert found[1]["reason"]
    assert (found[0]["index"], found[2]["index"]) == (-1, 1)  # every part is one standard deviation off the mean
    assert found[0]["parts"]["safety"]["value"] == 3.0
    one = await read(api, issuer, "/v1/culture", starts_on=str(months[0]), ends_on=str(months[0]))
    assert one["items"][0]["index"] is None


@pytest.mark.parametrize("path", ["/v1/culture", "/v1/barriers"])
async def test_trends_are_for_readers_and_refuse_what_they_do_not_know(
    api: httpx.AsyncClient, issuer: Issuer, path: str
) -> None:
    assert (await api.get(path, headers=issuer.bearer("employee"))).status_code == 403
    reply = await api.get(path, params={"unit": "sales"}, headers=issuer.bearer("analyst"))
    assert reply.status_code == 422
    assert "unit" in reply.text
    await read(api, issuer, "/v1/culture")
    log = await read(api, issuer, "/v1/query-log")
    assert log["items"][0]["what"] == "culture_index"
    empty = await api.get("/v1/barriers", headers=issuer.bearer("analyst"))
    assert empty.status_code == 404
