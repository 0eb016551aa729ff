"""Proposals and facilitators' load stand too: no two readings tell what one pair answered or one person led."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.metrics.queries.scope import Scope, Window
from shared.db import Database
from shared.events.base import Event
from shared.events.matching import MatchAccepted, MatchDeclined
from tests.metrics.test_release import IN_OCTOBER, NOVEMBER, read
from tests.metrics.world import START, deliver, held, people, person, programme, proposal, proposed, unit

Pair = tuple[UUID, list[UUID]]
WHOLE = Scope(IN_OCTOBER)


async def tell(db: Database, *events: Event, at: datetime = START) -> None:
    async with db.transaction() as conn:
        await deliver(conn, events, at)


@pytest.fixture
async def pairs(db: Database) -> list[Pair]:
    """Twelve pairs of sales and eight of legal were proposed; half of each have accepted."""
    sales = [(uuid4(), people(2)) for _ in range(12)]
    legal = [(uuid4(), people(2)) for _ in range(8)]
    await tell(db, unit("org", "Org"), unit("sales", "Sales", "org"), unit("legal", "Legal", "org"), programme())
    for code, found in (("sales", sales), ("legal", legal)):
        await tell(db, *(person(one, code) for _, members in found for one in members))
    await tell(db, *(proposed(*pair) for pair in (*sales, *legal)))
    await tell(db, *(MatchAccepted(**proposal(*pair, 2)) for pair in (*sales[:6], *legal[:4])))
    return [*sales, *legal]


async def test_acceptance_does_not_move_by_one_answer(db: Database, pairs: list[Pair]) -> None:
    before = await read(db, "acceptance_rate", WHOLE)
    assert (before[""].value, before[""].denominator) == (1, 10)
    await tell(db, MatchDeclined(**proposal(*pairs[6], 2)))
    await tell(db, MatchDeclined(**proposal(*pairs[7], 2)))
    assert await read(db, "acceptance_rate", WHOLE) == before  # four people
    await tell(db, MatchDeclined(**proposal(*pairs[8], 2)))
    now = await read(db, "acceptance_rate", WHOLE)
    assert (now[""].value, now[""].denominator) == (0.77, 13)


async def test_a_division_stands_until_enough_of_its_pairs_have_answered(db: Database, pairs: list[Pair]) -> None:
    scope = Scope(IN_OCTOBER, "unit")
    before = await read(db, "acceptance_rate", scope)
    await tell(db, *(MatchDeclined(**proposal(*pair, 2)) for pair in (*pairs[6:9], pairs[16])))
    assert await read(db, "acceptance_rate", scope) == before  # three of sales alone would tell the one by subtraction
    await tell(db, *(MatchDeclined(**proposal(*pair, 2)) for pair in pairs[17:19]))
    now = await read(db, "acceptance_rate", scope)
    assert (now["sales"].value, now["legal"].value) == (0.67, 0.57)


async def test_meetings_of_few_pairs_change_nothing(db: Database, pairs: list[Pair]) -> None:
    before = await read(db, "met_in_14_days", WHOLE)
    assert before[""].value == 0
    for count, met in ((2, 0), (3, 0.3)):
        await tell(
            db, *(held(uuid4(), match_id=match, starts_at=START + timedelta(days=2)) for match, _ in pairs[:count])
        )
        assert (await read(db, "met_in_14_days", WHOLE))[""].value == met


async def test_a_longer_window_does_not_tell_a_lone_pair_by_subtraction(db: Database, pairs: list[Pair]) -> None:
    assert (await read(db, "acceptance_rate", WHOLE))[""].value == 1
    late = (uuid4(), pairs[0][1])
    await tell(db, proposed(*late), at=NOVEMBER)
    await tell(db, MatchDeclined(**proposal(*late, 2)), at=NOVEMBER)
    both = await read(db, "acceptance_rate", Scope(Window(IN_OCTOBER.start, date(2026, 12, 1))))
    assert "what was shown before" in str(both[""].reason)
    assert both[""].value is None


async def test_load_does_not_move_by_one_facilitator(db: Database) -> None:
    hosts = people(6)
    await tell(db, programme(), *(held(uuid4(), facilitator_id=host) for host in hosts))
    before = await read(db, "hosting_hours", WHOLE)
    await tell(db, *(held(uuid4(), facilitator_id=host) for host in hosts[:4]))
    assert await read(db, "hosting_hours", WHOLE) == before
    await tell(db, held(uuid4(), facilitator_id=hosts[4]))
    now = await read(db, "hosting_hours", WHOLE)
    assert now[""].value is not None
    assert now[""].value > (before[""].value or 0)
    november = datetime(2026, 11, 12, 9, tzinfo=UTC)
    await tell(db, held(uuid4(), facilitator_id=hosts[0], starts_at=november, ends_at=november + timedelta(hours=9)))
    both = await read(db, "hosting_unevenness", Scope(Window(IN_OCTOBER.start, date(2026, 12, 1))))
    assert both[""].value is None  # October alone was shown of the same people, by another measure
    assert (await read(db, "hosting_unevenness", WHOLE))[""].value is not None
