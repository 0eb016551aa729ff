"""What is asked beyond the standard form: whether they would recommend it, a third time, of teachers, of who leads."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.metrics.domain.measures import MEASURES
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Connection
from shared.events.follow_up import FacilitationAnswer, FacilitationRated, FormItem, PairedAnswer
from tests.metrics.test_told import WINDOW, paired, released, whole
from tests.metrics.world import OCTOBER, PROGRAMME, deliver, held, people, programme


async def test_a_net_promoter_score_comes_with_its_interval(conn: Connection) -> None:
    """K4: P = .5, D = .2 of 100 answers are 30 +- 15.3; of one sort alone it would tell each answer."""
    rated = (*[10] * 30, *[9] * 20, *[8] * 15, *[7] * 15, *[6] * 10, *[0] * 10)
    batch = released(*[(3,)] * 100, recommended=rated)
    await deliver(conn, [programme(), batch, batch])
    cell = await whole(conn, "nps")
    assert cell
    assert (cell.value, cell.half_interval, cell.n, cell.denominator) == (30, 15.3, 100, 100)
    november = date(2026, 11, 1)
    await deliver(conn, [released(*[(3,)] * 5, recommended=(9, 9, 10, 10, 10), month=november)])
    alike = await whole(conn, "nps", window=Window.covering(november, november))
    assert alike
    assert (alike.value, alike.suppressed) == (None, True)
    assert (await whole(conn, "nps", by="programme")) is not None


async def test_what_stayed_is_of_those_who_were_asked_a_third_time(conn: Connection) -> None:
    """K11: 8 of 10 with 4 afterwards have 3 a month later, two have 5; who was silent then does not count."""
    item = (FormItem(code="knowledge", reverse=False),)
    third = [PairedAnswer(before=(1,), after=(4,), later=(later,)) for later in (*[3] * 8, 5, 5)]
    silent = [PairedAnswer(before=(1,), after=(5,))] * 6
    survey = paired(*[(1, 4)] * 5, code="knowledge").model_copy(update={"items": item, "pairs": (*third, *silent)})
    await deliver(conn, [programme(), survey, survey])
    cell = await whole(conn, "retained_30")
    assert cell
    assert (cell.value, cell.n, cell.denominator) == (round(34 / 40, 2), 10, 10)
    turned = survey.model_copy(update={"survey_id": uuid4(), "items": (FormItem(code="knowledge", reverse=True),),
                                       "released_on": date(2026, 11, 20)})  # fmt: skip
    await deliver(conn, [turned])
    november = await whole(conn, "retained_30", window=Window.covering(turned.released_on, turned.released_on))
    assert november
    assert november.value == round((8 * 3 + 2 * 1) / 20, 2)
    again = {"survey_id": uuid4(), "pairs": (*third[:9], *silent), "released_on": date(2026, 9, 1)}
    few = survey.model_copy(update=again)
    await deliver(conn, [few])
    september = await whole(conn, "retained_30", window=Window.covering(few.released_on, few.released_on))
    assert september
    assert (september.value, september.n) == (None, 9)


async def test_teachers_gain_is_counted_apart_from_learners(conn: Connection) -> None:
    """K22: from 3 to 4 of 5 is half of what could be gained; 60 of 100 to 80 likewise."""
    learners = paired(*[(1, 2)] * 9, (1, 4), code="knowledge")
    teachers = paired(*[(3, 4)] * 11, (3, 5), code="knowledge").model_copy(update={"arm": "teachers"})
    await deliver(conn, [programme(), learners, teachers])
    taught, learned = await whole(conn, "teacher_gain"), await whole(conn, "normalised_gain")
    assert taught
    assert learned
    assert (taught.value, taught.n) == (round((11 * 0.5 + 1) / 12, 2), 12)
    assert (learned.value, learned.n) == (round((9 * 0.25 + 0.75) / 10, 2), 10)
    did = paired(*[(1, 2)] * 9, (1, 4), code="shares")
    await deliver(conn, [did, paired(*[(1, 2)] * 12, code="shares").model_copy(update={"arm": "teachers"})])
    change = await whole(conn, "behaviour_change")
    assert change
    assert change.n == 10


def rated(count: int, score: int, programme_id: UUID = PROGRAMME, **changes: Any) -> FacilitationRated:
    """So many answers with one score for everything."""
    answer = FacilitationAnswer(flow=score, neutral=score, heard=score, safe=score, on_time=score)
    values: dict[str, Any] = {
        "batch_id": uuid4(), "programme_id": programme_id, "month": OCTOBER, "released_on": date(2026, 11, 2),
        "answers": (answer,) * count,
    }  # fmt: skip
    return FacilitationRated(**(values | changes))


async def led_by(conn: Connection, facilitators: dict[UUID, int]) -> None:
    """Each programme has sessions of so many facilitators, one each."""
    for programme_id, count in facilitators.items():
        sessions = [held(uuid4(), programme_id=programme_id, facilitator_id=one) for one in people(count)]
        await deliver(conn, sessions)


@pytest.mark.parametrize(("facilitators", "shown"), [(0, False), (1, False), (4, False), (5, True)])
async def test_what_is_said_of_a_few_facilitators_is_said_of_somebody(
    conn: Connection, facilitators: int, shown: bool
) -> None:
    await deliver(conn, [programme(), rated(30, 3), rated(30, 4)])
    await led_by(conn, {PROGRAMME: facilitators})
    (cell,) = await Release(conn, 5).cells(MEASURES["facilitator_quality"], Scope(WINDOW, "programme"))
    assert (cell.value is not None, cell.suppressed) == (shown, not shown)
    assert shown or str(cell.reason).startswith("Fewer than 5 people answered, or fewer than 5 led:")


async def test_facilitators_are_told_in_sums_of_ten_answers(conn: Connection) -> None:
    """Of each programme (10 * m + sum x) / (10 + n), m of all answers; nobody's is told by name."""
    one, other = uuid4(), uuid4()
    await deliver(conn, [programme(one, name="One"), programme(other, name="Other")])
    batches = [rated(5, 5, one), rated(5, 4, one), rated(30, 3, other), rated(10, 4, other)]
    await deliver(conn, [*batches, batches[0]])
    await led_by(conn, {one: 5, other: 5})
    mean = (25 + 20 + 90 + 40) / 50
    scope = Scope(WINDOW, "programme")
    found = {cell.group: cell for cell in await Release(conn, 5).cells(MEASURES["facilitator_quality"], scope)}
    assert (found[str(one)].value, found[str(one)].n) == (round((10 * mean + 45) / 20, 2), 10)
    assert (found[str(other)].value, found[str(other)].n) == (round((10 * mean + 130) / 50, 2), 40)
    by_unit = await whole(conn, "facilitator_quality", by="unit")
    assert by_unit
    assert (by_unit.value, by_unit.reason) == (None, "Not told apart by unit.")


async def test_fewer_than_ten_answers_about_facilitators_have_no_number(conn: Connection) -> None:
    mixed = (*rated(8, 4).answers, *rated(5, 3).answers[:1])
    await deliver(conn, [programme(), rated(9, 4, answers=mixed), rated(9, 3, month=date(2026, 7, 1))])
    await led_by(conn, {PROGRAMME: 5})
    cell = await whole(conn, "facilitator_quality")
    assert cell
    assert (cell.value, cell.n, cell.suppressed) == (None, 9, False)
    summer = Window.covering(date(2026, 7, 1), OCTOBER)
    both = await whole(conn, "facilitator_quality", window=summer)
    assert both
    assert (both.value, both.n) == (round((8 * 4 + 10 * 3) / 18, 2), 18)
