"""Groups and their members as rows."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared import sql
from shared.db import Connection
from shared.events.matching import MatchEvent, MatchMember

PEOPLE = sql.load("services.sessions", "people")


async def without_erased(conn: Connection, matches: Sequence[MatchEvent]) -> dict[UUID, list[MatchMember]]:
    """The members of each match, without people who have been erased since."""
    people = {member.person_id for match in matches for member in match.members}
    erased = {row["person_id"] for row in await conn.fetch(PEOPLE.erased_among, list(people))}
    return {match.match_id: [m for m in match.members if m.person_id not in erased] for match in matches}


async def insert_members(conn: Connection, members: Mapping[UUID, Sequence[MatchMember]]) -> None:
    """Members of new groups, by group."""
    rows = [(group, member.person_id, member.role) for group, found in members.items() for member in found]
    await conn.copy_records_to_table("group_members", records=rows, columns=("group_id", "person_id", "role"))
