"""HR's records as they really come: both modes, any order, and bytes that nobody should have sent."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.directory.consumers import HANDLERS, on_org_unit_upserted, on_worker_upserted
from services.directory.domain.refusals import AddressTooLong, SequenceTooLarge, UnclearCode, WorkerOfAnotherSystem
from shared.db import Connection, Database
from shared.envelope import Raw, Undecodable, decode
from shared.events.hr import OrgUnitUpserted, WorkerUpserted
from tests.directory.hr import envelope, latest, tell, unit, worker

CLASSES = {cls.event_type: cls for cls in HANDLERS}
TYPE = WorkerUpserted.event_type


def told(**changes: Any) -> dict[str, Any]:
    return worker("E1").model_dump(mode="json", by_alias=True) | changes


def binary(value: bytes, key: bytes = b"E1") -> Raw:
    headers = (
        ("ce_specversion", b"1.0"), ("ce_id", str(uuid4()).encode()), ("ce_source", b"https://hr.example"),
        ("ce_type", TYPE.encode()), ("content-type", b"application/json"),
    )  # fmt: skip
    return Raw("hr.workers", 0, 1, key, headers, value)


def structured(data: str, key: bytes = b"E1") -> Raw:
    event = {"specversion": "1.0", "id": str(uuid4()), "source": "https://hr.example", "type": TYPE}
    body = json.dumps({**event, "data": None}).replace('"data": null', f'"data": {data}')
    headers = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
    return Raw("hr.workers", 0, 1, key, headers, body.encode())


def test_both_modes_of_cloudevents_say_the_same() -> None:
    """K15."""
    one = decode(binary(json.dumps(told()).encode()), CLASSES)
    other = decode(structured(json.dumps(told())), CLASSES)
    assert one
    assert other
    assert one.data == other.data == worker("E1")
    assert (one.source, other.source) == ("https://hr.example", "https://hr.example")


DEEP = "[" * 200 + "]" * 200
DEEPER = "[" * 5000 + "]" * 5000
BROKEN = [
    b"\xff\xfe not utf-8",
    json.dumps(told()).encode("utf-16"),
    json.dumps(told(givenName="x" * 1_000_000)).encode(),
    json.dumps(told(skills=json.loads(DEEP))).encode(),
    DEEPER.encode(),
    json.dumps(told(jobLevel=float("nan"))).encode(),
    json.dumps(told(hireDate="0000-00-00")).encode(),
    json.dumps(told(givenName="a\0b")).encode(),
    json.dumps(told(givenName="\ud800")).encode(),
    json.dumps(told(status="asleep")).encode(),
    b"{" + b'"a":1,' * 10,
]


@pytest.mark.parametrize("value", BROKEN, ids=range(len(BROKEN)))
def test_what_is_broken_is_parked_by_name(value: bytes) -> None:
    with pytest.raises(Undecodable) as refused:
        decode(binary(value), CLASSES)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("data", [DEEP, DEEPER, "NaN", '"text"', json.dumps(told(status="asleep"))])
def test_what_is_broken_in_structured_mode_is_parked_too(data: str) -> None:
    with pytest.raises(Undecodable):
        decode(structured(data), CLASSES)


def test_of_a_name_that_is_there_twice_the_last_one_counts() -> None:
    text = json.dumps(told()).replace('"siteCode": "BER"', '"siteCode": "BER", "siteCode": "PAR"')
    found = decode(binary(text.encode()), CLASSES)
    assert found
    assert isinstance(found.data, WorkerUpserted)
    assert found.data.site_code == "PAR"


async def test_numbers_that_look_alike_and_sequences_beyond_counting_are_refused(conn: Connection) -> None:
    for number in ("\u0415" + "1", "E1\u200b", " E1", "E1\n"):
        with pytest.raises(UnclearCode):
            await tell(conn, worker(number, work_email="e@corp.local"))
    with pytest.raises(SequenceTooLarge):
        await tell(conn, worker("E1", seq=2**63))
    with pytest.raises(SequenceTooLarge):
        await on_org_unit_upserted(conn, [envelope(unit("U", seq=2**63))])
    await tell(conn, worker("E1", seq=2**63 - 1, on="1900-01-01"), worker("E1", on="9999-12-31"))
    assert (await latest(conn, "E1")).effective_at.year == 1900


async def test_one_number_in_two_systems_belongs_to_the_first(conn: Connection) -> None:
    await tell(conn, worker("E1"))
    stranger = replace(envelope(worker("E1", seq=2, family_name="Other")), source="https://other.example")
    with pytest.raises(WorkerOfAnotherSystem, match="E1 is a worker of https:"):
        await on_worker_upserted(conn, [stranger])


async def test_two_systems_in_one_poll_do_not_share_a_number_either(conn: Connection) -> None:
    told = [worker("E1"), worker("E1", seq=2, family_name="Other")]
    first, second = (envelope(record) for record in told)
    with pytest.raises(WorkerOfAnotherSystem, match="E1 is a worker of https:"):
        await on_worker_upserted(conn, [first, replace(second, source="https://other.example")])


async def test_an_address_that_no_invitation_can_carry_is_refused_by_name(conn: Connection) -> None:
    await tell(conn, worker("E1", work_email=f"{'e' * 195}@x.io"))
    with pytest.raises(AddressTooLong, match="workEmail has 201 characters; at most 200"):
        await tell(conn, worker("E2", work_email=f"{'e' * 196}@x.io"))


EVERYTHING: list[WorkerUpserted | OrgUnitUpserted] = [
    unit("ROOT"),
    unit("U", "ROOT"),
    unit("V", "U"),
    unit("V", "ROOT", seq=2),
    worker("M"),
    worker("N", "M", unit_code="V"),
    worker("E1", "N", on="2023-01-01"),
    worker("E1", "M", on="2024-01-01", seq=2, unit_code="V"),
    worker("E1", "N", on="2023-06-01", seq=3, site_code="PAR"),
    worker("E1", "M", on="2024-01-01", seq=4, unit_code="V", job_code="SW-03"),
    worker("E2", "E1", status="leave"),
]


async def outcome(db: Database, order: list[WorkerUpserted | OrgUnitUpserted], size: int) -> list[tuple[Any, ...]]:
    async with db.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        try:
            for at in range(0, len(order), size):
                await tell(conn, *order[at : at + size])
            rows = await conn.fetch(
                "SELECT p.*, m.employee_number AS manager FROM people AS p LEFT JOIN people AS m"
                " ON m.person_id = p.manager_id ORDER BY p.employee_number"
            )
            shown = ("employee_number", "manager", "unit_path", "site_code", "job_code", "status", "history")
            return [tuple(row[name] for name in shown) for row in rows]
        finally:
            await transaction.rollback()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(EVERYTHING), st.lists(st.sampled_from(EVERYTHING), max_size=4), st.integers(1, 15))
async def test_units_managers_and_workers_in_any_order_with_duplicates_come_to_the_same(
    db: Database, order: list[Any], again: list[Any], size: int
) -> None:
    assert await outcome(db, [*order, *again], size) == await outcome(db, EVERYTHING, 1)
