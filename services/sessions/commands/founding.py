"""People found groups, join and leave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.facilitators import appoint
from services.sessions.commands.rotations import recast
from services.sessions.commands.seats import give_up_seats
from services.sessions.domain.formats import Format, Membership
from services.sessions.domain.founding import (
    GroupFull,
    GroupNotActive,
    Joining,
    MembershipFixed,
    NotInAudience,
    NotTheLeader,
    OneFunctionAlone,
    leads,
)
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.programme import check_published, chosen
from services.sessions.domain.requirements import across_functions
from services.sessions.store import formats, programmes
from services.sessions.store import sessions as store
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchMember, MemberRole
from shared.refusal import InvalidRequest

SQL = sql.load("services.sessions", "founding")
SESSIONS = sql.load("services.sessions", "sessions")
ARTEFACTS = sql.load("services.sessions", "artefacts")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and whether they oversee programmes."""

    person_id: UUID | None
    oversees: bool


async def lock_group(conn: Connection, group_id: UUID) -> Record:
    """The group with what its programme says of it, locked. Raises UnknownGroup."""
    row = await conn.fetchrow(SQL.lock_group, group_id)
    if row is None:
        raise UnknownGroup("There is no such group.")
    return row


async def lock_led(conn: Connection, group_id: UUID, caller: Caller) -> Record:
    """A group the caller leads. Raises UnknownGroup, NotTheLeader, GroupNotActive."""
    group = await lock_group(conn, group_id)
    if not leads(caller.person_id, group["founded_by"], group["facilitator_id"], oversees=caller.oversees):
        members = {row["person_id"] for row in await conn.fetch(SQL.get_members, group_id)}
        if caller.person_id not in members:
            raise UnknownGroup("There is no such group, or you are not in it.")
        raise NotTheLeader("The group's founder or facilitator does this.")
    _check_active(group)
    return group


async def found_group(
    conn: Connection, programme_id: UUID, fields: Mapping[str, Any], members: Sequence[MatchMember], caller: Caller
) -> UUID:
    """A group of a published programme with these members and whoever founds it; returns its id.

    Raises UnknownProgramme, ProgrammeNotPublished, OneFunctionAlone, InvalidRequest naming a member or a number.
    """
    programme = await programmes.lock(conn, programme_id)
    check_published(programme)
    shape = chosen(fields.get("format"), programme.format, programme.formats, await formats.known(conn))
    further = shape.name if shape.name != programme.format else None
    everybody = _with_founder(shape, members, caller, fields.get("role"))
    await _check_members(conn, programme_id, everybody)
    await check_functions(conn, shape, everybody)
    membership = fields.get("membership") or shape.membership
    _check_capacity(shape, fields.get("capacity"), membership)
    capacity = fields.get("capacity") or (shape.size[1] if further else None)
    _check_size(shape, everybody, capacity or programme.group_size_max, fixed=membership == "fixed")
    group_id = uuid7()
    await conn.execute(
        SQL.insert_group, group_id, programme_id, "founded", fields.get("skill_id"), fields["name"],
        caller.person_id, membership, capacity, further,
    )  # fmt: skip
    rows = [(group_id, member.person_id, member.role) for member in everybody]
    await conn.copy_records_to_table("group_members", records=rows, columns=("group_id", "person_id", "role"))
    if charter := fields.get("charter"):
        await conn.execute(ARTEFACTS.write, group_id, None, "charter", charter, caller.person_id)
    if shape.facilitated:
        await appoint(conn, group_id)
    return group_id


async def join(conn: Connection, group_id: UUID, person_id: UUID) -> Joining:
    """Become a member, or ask to. Twice is once. Raises UnknownGroup, GroupFull, MembershipFixed, GroupNotActive."""
    group = await lock_group(conn, group_id)
    if await conn.fetch(SQL.not_in_audience, group["programme_id"], [person_id]) or group["kind"] != "founded":
        raise UnknownGroup("There is no such group, or it is not for you.")
    _check_active(group)
    if person_id in {row["person_id"] for row in await conn.fetch(SQL.get_members, group_id)}:
        return "member"
    if group["membership"] == "fixed" and await conn.fetchval(SQL.has_begun, group_id):
        raise MembershipFixed("Who is in it was settled when it began.", state=group["membership"])
    if group["membership"] == "closed":
        await conn.execute(SQL.ask_to_join, group_id, person_id)
        return "requested"
    await admit(conn, group, person_id)
    return "member"


async def decide(conn: Connection, group_id: UUID, person_id: UUID, caller: Caller, *, welcome: bool) -> None:
    """Let somebody in who asked, or not. Raises UnknownGroup, NotTheLeader, GroupFull."""
    group = await lock_led(conn, group_id, caller)
    if not await conn.fetchval(SQL.close_request, group_id, person_id):
        raise UnknownGroup("Nobody of that id has asked to join this group.")
    if welcome:
        await admit(conn, group, person_id)


async def admit(conn: Connection, group: Record, person_id: UUID) -> None:
    """Make somebody a member of a locked group and invite them to what is to come. Raises GroupFull."""
    members = await conn.fetch(SQL.get_members, group["group_id"])
    if len([row for row in members if row["role"] != "facilitator"]) >= group["capacity"]:
        raise GroupFull(f"All {group['capacity']} places are taken.", state=group["state"])
    if not await conn.fetchval(SQL.insert_member, group["group_id"], person_id, "participant"):
        return
    await recast(conn, [group["group_id"]], welcome=person_id)


async def leave_group(conn: Connection, group_id: UUID, person_id: UUID, caller: Caller) -> None:
    """Oneself at any time, or by whoever leads. Their seats go to those who wait. Raises UnknownGroup, NotTheLeader."""
    if caller.person_id == person_id:
        await lock_group(conn, group_id)
    else:
        await lock_led(conn, group_id, caller)
    if not await conn.fetchval(SQL.remove_member, group_id, person_id):
        raise UnknownGroup("There is no such group, or they are not in it.")
    rows = await conn.fetch(SESSIONS.lock_upcoming_of_groups, [group_id], datetime.now(UTC))
    sessions = {row["session_id"]: store.session(row) for row in rows}
    await give_up_seats(conn, sessions, [(session_id, person_id) for session_id in sessions])
    await recast(conn, [group_id])


def _check_active(group: Record) -> None:
    if group["state"] != "active":
        raise GroupNotActive(f"The group is {group['state']}.", state=group["state"])
    if group["programme_status"] != "published":
        raise GroupNotActive(f"Its programme is {group['programme_status']}.", state=group["programme_status"])


def _with_founder(
    shape: Format, members: Sequence[MatchMember], caller: Caller, role: MemberRole | None
) -> list[MatchMember]:
    """Whoever founds it is in it: as the one who presents or hosts where the format needs one, unless they say else."""
    if caller.person_id is None or caller.person_id in {member.person_id for member in members}:
        return list(members)
    leading = any(least and shape.roles["teacher"] == needed for needed, (least, _) in shape.counts.items())
    there = any(member.role == "teacher" for member in members)
    usual: MemberRole = "teacher" if leading and not there else "participant"
    return [MatchMember(person_id=caller.person_id, role=role or usual), *members]


async def _check_members(conn: Connection, programme_id: UUID, members: Sequence[MatchMember]) -> None:
    ids = [member.person_id for member in members]
    if len(set(ids)) < len(ids):
        raise InvalidRequest.naming("members", "names somebody twice")
    if strangers := {row["person_id"] for row in await conn.fetch(SQL.not_in_audience, programme_id, ids)}:
        first = next(one for one in ids if one in strangers)
        raise NotInAudience("The programme is not for everybody named.", state="not in the audience", person_id=first)


async def check_functions(conn: Connection, shape: Format, members: Sequence[MatchMember]) -> None:
    """Raise OneFunctionAlone where a format crosses functions and as many as it needs are all of one."""
    seated = [member.person_id for member in members if member.role != "facilitator"]
    if "two_functions" not in shape.requires or len(seated) < shape.size[0]:
        return
    rows = await conn.fetch(SQL.functions_of, seated)
    if not across_functions({row["job_function"] for row in rows}):
        raise OneFunctionAlone(f"{shape.title} needs people of two functions at least.", state="one function")


def _check_capacity(shape: Format, wanted: int | None, membership: Membership) -> None:
    """Whoever comes to an open group is welcome; any other is no larger than its format works with."""
    _, most = shape.size
    if membership != "open" and wanted is not None and wanted > most:
        raise InvalidRequest.naming("capacity", f"is more than the {most} that {shape.title} is for")


def _check_size(shape: Format, members: Sequence[MatchMember], capacity: int, *, fixed: bool) -> None:
    seated = [member for member in members if member.role != "facilitator"]
    if len(seated) > capacity:
        raise InvalidRequest.naming("members", f"are more than the group has places: {capacity}")
    least, _ = shape.size
    if fixed and len(seated) < least:
        raise InvalidRequest.naming("members", f"are fewer than the {least} that {shape.title} needs")
    if wrong := shape.miscast(role for _, role in shape.cast(members, 0)):
        raise InvalidRequest.naming("members", wrong[0])
