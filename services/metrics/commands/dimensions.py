"""Units, skills and programmes, as their owners last described them."""

from collections.abc import Sequence

from services.metrics import store
from services.metrics.domain.latest import newest
from shared.db import Connection
from shared.events.directory import SkillChanged, UnitChanged
from shared.events.sessions import ProgrammeChanged


async def change_units(conn: Connection, events: Sequence[UnitChanged]) -> None:
    """Write units."""
    await store.apply_units(conn, newest(events, lambda unit: unit.code))


async def change_skills(conn: Connection, events: Sequence[SkillChanged]) -> None:
    """Write skills."""
    await store.apply_skills(conn, newest(events, lambda skill: skill.skill_id))


async def change_programmes(conn: Connection, events: Sequence[ProgrammeChanged]) -> None:
    """Write programmes, and the formats of all of them, older versions too: what they had is still counted."""
    await store.apply_programmes(conn, newest(events, lambda programme: programme.programme_id))
    await store.apply_formats(conn, {name for event in events for name in (event.format, *event.further_formats)})
