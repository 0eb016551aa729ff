"""A match becomes a group; it may lose its facilitator, or end; its members accept the ground rules."""

from collections.abc import Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.artefacts import hold_waiting
from services.sessions.commands.schedules import schedule_groups
from services.sessions.domain.group import (
    CHOSEN_BY_MATCHING,
    Acknowledgement,
    GroundRulesOutdated,
    UnknownGroup,
    led_by,
)
from services.sessions.domain.programme import UnknownProgramme
from services.sessions.store import groups
from shared import outbox, sql
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.matching import MatchAccepted, MatchEvent
from shared.events.sessions import GroundRulesAcknowledged

PROGRAMMES = sql.load("services.sessions", "programmes")
SQL = sql.load("services.sessions", "groups")


async def form_groups(conn: Connection, causes: Sequence[Envelope[MatchEvent]]) -> None:
    """Groups of accepted matches and formed circles, with their series of sessions. Raises UnknownProgramme."""
    matches = {cause.data.match_id: cause for cause in causes}
    wanted = {cause.data.programme_id for cause in matches.values()}
    known = {row["programme_id"] for row in await conn.fetch(PROGRAMMES.get_programmes, list(wanted))}
    if unknown := wanted - known:
        raise UnknownProgramme(f"No programme {min(map(str, unknown))} here.")
    members = await groups.without_erased(conn, [cause.data for cause in matches.values()])
    rows = [
        (
            uuid7(),
            match.programme_id,
            match.match_id,
            match.version,
            match.kind,
            match.skill_id,
            led_by(members[match_id]),
            match.likeness if isinstance(match, MatchAccepted) else None,
        )
        for match_id, match in ((match_id, cause.data) for match_id, cause in sorted(matches.items()))
    ]
    columns = map(list, zip(*rows, strict=True))
    made = {row["group_id"] for row in await conn.fetch(SQL.insert_groups, *columns, CHOSEN_BY_MATCHING)}
    await groups.insert_members(conn, {row[0]: members[row[2]] for row in rows if row[0] in made})
    await schedule_groups(conn, made, matches)


async def acknowledge(conn: Connection, group_id: UUID, person_id: UUID, rules_version: int) -> Acknowledgement:
    """A member accepts the ground rules; twice is once. Raises UnknownGroup, GroundRulesOutdated."""
    group = await conn.fetchrow(SQL.lock_membership, group_id, person_id)
    if group is None:
        raise UnknownGroup("There is no such group, or you are not in it.")
    await accept(conn, group_id, group["programme_id"], person_id, rules_version, group["rules_version"])
    await hold_waiting(conn, group_id)
    return Acknowledgement(group_id, person_id, rules_version)


async def accept(
    conn: Connection, group_id: UUID, programme_id: UUID, person_id: UUID, rules_version: int, current: int
) -> None:
    """Note that somebody accepts the rules, and tell it the first time. Raises GroundRulesOutdated."""
    if current != rules_version:
        detail = "The group has another version of its ground rules."
        raise GroundRulesOutdated(detail, state="outdated", current_version=current)
    if await conn.fetchval(SQL.acknowledge, group_id, person_id, rules_version):
        event = GroundRulesAcknowledged(
            group_id=group_id, programme_id=programme_id, person_id=person_id, rules_version=rules_version
        )
        await outbox.append(conn, event)
