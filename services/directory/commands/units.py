"""Takes what HR says of org units: the tree, and the place in it of all units and people below."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import md5
from uuid import UUID

from msgspec.structs import replace

from services.directory.commands.people import refresh
from services.directory.domain.cycles import find_cycle
from services.directory.domain.history import check_sequence
from services.directory.domain.names import check_unit
from services.directory.domain.refusals import SequenceReused, UnitCycle
from services.directory.store import people as people_store
from services.directory.store import records as records_store
from services.directory.store import scim_events
from services.directory.store import units as store
from shared import outbox
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.base import Event
from shared.events.directory import UnitChanged
from shared.events.hr import OrgUnitUpserted

Told = Mapping[str, Envelope[OrgUnitUpserted]]
Known = Mapping[str, OrgUnitUpserted]


async def record_units(conn: Connection, told: Sequence[Envelope[OrgUnitUpserted]], now: datetime) -> None:
    """Take the newest state of each unit; publish units and people whose place has changed.

    Raises UnitCycle, naming every unit in it, SequenceReused, SequenceTooLarge or UnclearCode.
    """
    for envelope in told:
        check_unit(envelope.data)
        check_sequence(envelope.data.sequence_number)
    await people_store.lock_chart(conn)
    told = await _without_the_erased(conn, told)
    known = await store.lock(conn, {envelope.key for envelope in told})
    newer = _newer(known, told)
    if not newer:
        return
    await _refuse_cycles(conn, newer)
    units = {code: newer[code].data for code in sorted(newer)}
    await store.save(conn, list(units.values()))
    moved = await store.move_subtrees(
        conn, [code for code, unit in units.items() if code not in known or known[code].parent_code != unit.parent_code]
    )
    told_anew = {code for code, unit in units.items() if code not in known or _public(known[code]) != _public(unit)}
    changed = await store.next_versions(conn, told_anew.union(moved))
    await outbox.append_all(conn, [(unit, _cause(unit, newer)) for unit in changed])
    await _announce(conn, known, units)
    if moved:
        await people_store.mark_units_stale(conn, moved)
        await refresh(conn, newer, now)


async def _without_the_erased(
    conn: Connection, told: Sequence[Envelope[OrgUnitUpserted]]
) -> Sequence[Envelope[OrgUnitUpserted]]:
    """The same, none with a head who was erased."""
    heads = {envelope.data.head_employee_number for envelope in told if envelope.data.head_employee_number}
    if not (forgotten := await records_store.forgotten(conn, heads)):
        return told
    return [
        replace(each, data=each.data.model_copy(update={"head_employee_number": None}))
        if each.data.head_employee_number in forgotten
        else each
        for each in told
    ]


async def _announce(conn: Connection, known: Known, units: Known) -> None:
    """SCIM shows units as groups; whom they hold is told of the people."""
    await scim_events.announce_groups(conn, [group_id(code) for code in units if code not in known], "create")
    named = [group_id(code) for code, unit in units.items() if code in known and known[code].name != unit.name]
    await scim_events.announce_groups(conn, named, "patch")


def group_id(code: str) -> UUID:
    """The id under which SCIM shows a unit; sql/scim.sql says the same."""
    return UUID(md5(f"unit:{code}".encode(), usedforsecurity=False).hexdigest())


def _newer(known: Known, told: Sequence[Envelope[OrgUnitUpserted]]) -> dict[str, Envelope[OrgUnitUpserted]]:
    newer: dict[str, Envelope[OrgUnitUpserted]] = {}
    for envelope in told:
        unit = envelope.data
        best = newer[unit.code].data if unit.code in newer else known.get(unit.code)
        if best is None or best.sequence_number < unit.sequence_number:
            newer[unit.code] = envelope
        elif best.sequence_number == unit.sequence_number and best != unit:
            raise SequenceReused(f"HR has said something else of {unit.code} under sequence {unit.sequence_number}.")
    return newer


async def _refuse_cycles(conn: Connection, newer: Told) -> None:
    parents = {code: envelope.data.parent_code for code, envelope in newer.items() if envelope.data.parent_code}
    above = await store.parents_above(conn, set(parents.values()))
    stands = {code: parent for code, parent in above.items() if code not in newer}
    if cycle := find_cycle({**stands, **parents}, parents):
        raise UnitCycle(f"The units are a cycle: {' -> '.join(cycle)}.", cycle=list(cycle))


def _public(unit: OrgUnitUpserted) -> tuple[object, ...]:
    return unit.name, unit.parent_code, unit.valid_from, unit.valid_to


def _cause(unit: UnitChanged, newer: Told) -> Envelope[Event] | None:
    return next((newer[code] for code in reversed(unit.path) if code in newer), None)
