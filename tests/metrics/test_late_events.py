"""Events that come weeks late: they count in their own month, once, and only when enough people are in the change."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.metrics.domain.measures import COUNTED
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Database
from shared.events.base import Event
from shared.events.sessions import ParticipationChanged
from tests.metrics.world import deliver, held, part, people, person, programme, unit

K = 5


class Month:
    """Whole months and the hours that are told of each."""

    def __init__(self, db: Database) -> None:
        self._db = db
        this = datetime.combine(datetime.now(UTC).date().replace(day=10), time(9), UTC)
        self.this, self.last = this, (this - timedelta(days=30)).replace(day=10)

    async def tell(self, *events: Event) -> None:
        async with self._db.transaction() as conn:
            await deliver(conn, events)

    async def hours(self, at: datetime) -> float | None:
        """As somebody reads them."""
        async with self._db.acquire() as conn:
            scope = Scope(Window.covering(at.date(), at.date()))
            [cell] = (await get_measure(conn, Release(conn, K), COUNTED["learning_hours"], scope)).cells
            return cell.value

    def came(self, one: UUID, session: UUID | None = None) -> ParticipationChanged:
        return part(session or uuid4(), one, session_starts_at=self.last)


@pytest.fixture
def month(db: Database) -> Month:
    return Month(db)


async def test_a_month_is_told_anew_when_enough_late_people_are_in_it_and_no_other_month_moves(month: Month) -> None:
    """Row 22."""
    crowd, session = people(30), uuid4()
    during: dict[str, Any] = {"starts_on": month.last.date(), "ends_on": month.this.date()}
    await month.tell(unit("org", "Org"), programme(**during), *(person(one, "org") for one in crowd))
    await month.tell(held(session, starts_at=month.last, ends_at=month.last + timedelta(hours=1)))
    await month.tell(*(month.came(one, session) for one in crowd))
    before = (await month.hours(month.last), await month.hours(month.this))
    assert before[0] == len(crowd)
    late = [month.came(one) for one in crowd[: 2 * K]]
    await month.tell(*late[: K - 1])
    assert (await month.hours(month.last), await month.hours(month.this)) == before
    await month.tell(*late[K - 1 :], *reversed(late))
    assert (await month.hours(month.last), await month.hours(month.this)) == (len(crowd) + len(late), before[1])
