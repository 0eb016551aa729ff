"""What facilitation owes a group: nobody's manager, in time."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.db import Connection
from tests.metrics.test_measures import cells, value
from tests.metrics.world import START, deliver, held, part, people, person, programme, unit


@pytest.fixture
async def crowd(conn: Connection) -> list[UUID]:
    """Ten people of one division."""
    found = people(10)
    await deliver(conn, [unit("org", "Organization"), unit("sales", "Sales", "org"), programme()])
    await deliver(conn, [person(one) for one in found])
    return found


async def test_sessions_that_began_within_five_minutes_of_those_whose_beginning_is_known(
    conn: Connection, crowd: list[UUID]
) -> None:
    for late in (0, 5, 6, None):
        session = uuid4()
        began = None if late is None else START + timedelta(minutes=late)
        await deliver(conn, [held(session, began_at=began), *(part(session, one) for one in crowd)])
    found = (await cells(conn, "on_time_start"))["All"]
    assert (found.value, found.denominator, found.n) == (0.67, 3, 10)


async def test_a_beginning_known_of_few_peoples_sessions_is_not_told(conn: Connection, crowd: list[UUID]) -> None:
    known, unknown = uuid4(), uuid4()
    await deliver(conn, [held(known, began_at=START), held(unknown), *(part(known, one) for one in crowd[:4])])
    await deliver(conn, [part(unknown, one) for one in crowd])
    assert (await cells(conn, "on_time_start"))["All"].suppressed


async def test_each_session_whose_facilitator_was_above_somebody_counts(conn: Connection, crowd: list[UUID]) -> None:
    """R2: must be 0."""
    for above in (False, None, True, True):
        session = uuid4()
        await deliver(conn, [held(session, facilitator_above=above), *(part(session, one) for one in crowd)])
    found = (await cells(conn, "conflicts_of_interest"))["All"]
    assert (found.value, found.n, found.denominator) == (2, 10, None)


async def test_without_such_a_session_the_count_is_nothing(conn: Connection, crowd: list[UUID]) -> None:
    session = uuid4()
    await deliver(conn, [held(session, facilitator_above=False), *(part(session, one) for one in crowd)])
    assert await value(conn, "conflicts_of_interest") == 0
