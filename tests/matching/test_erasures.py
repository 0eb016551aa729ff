from uuid import uuid4

from services.matching.commands.rounds import run_round
from shared.events.directory import PersonErased
from shared.events.matching import MatchEnded
from shared.events.privacy import ErasureCompleted, ErasureRequested
from tests.matching.conftest import World
from tests.matching.world import PIANO, learner, person, programme, teacher, today


async def test_an_erased_person_is_gone_from_every_table_and_the_receipt_counts_it(world: World) -> None:
    mentoring, one, other = programme(), learner(), teacher()
    lonely, wary = learner(skill=PIANO), person(not_with=(one.person_id,))
    await world.hear(mentoring)
    await world.hear(one, other, lonely, wary)
    async with world.db.transaction() as conn:
        await run_round(conn, mentoring.programme_id, seed=1)
    requests = [
        ErasureRequested(request_id=uuid4(), person_id=who, requested_on=today())
        for who in (one.person_id, lonely.person_id)
    ]
    await world.hear(PersonErased(person_id=one.person_id))
    await world.hear(*requests)
    receipts = await world.said(ErasureCompleted)
    assert [(receipt["request_id"], receipt["rows"]) for receipt in receipts] == [
        (str(request.request_id), 3) for request in requests
    ]
    (ended,) = await world.said(MatchEnded)
    assert [member["person_id"] for member in ended["members"]] == [str(other.person_id)]
    for table in ("people", "match_members", "unmatched"):
        left = f"SELECT FROM {table} AS t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'"
        assert not await world.fetch(left, str(one.person_id), str(lonely.person_id)), table


async def test_erasing_somebody_unknown_still_gives_a_receipt(world: World) -> None:
    await world.hear(ErasureRequested(request_id=uuid4(), person_id=uuid4(), requested_on=today()))
    (receipt,) = await world.said(ErasureCompleted)
    assert (receipt["service"], receipt["rows"]) == ("matching", 0)


async def test_erasing_twice_gives_the_same_receipt(world: World) -> None:
    one = person()
    await world.hear(one)
    request = ErasureRequested(request_id=uuid4(), person_id=one.person_id, requested_on=today())
    await world.hear(request)
    await world.hear(request)
    assert [receipt["rows"] for receipt in await world.said(ErasureCompleted)] == [1, 1]
