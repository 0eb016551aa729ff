"""Groups of a programme as the story goes through them: in an order that random ids do not change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.story.behaviour import Seat
from deploy.local.story.cast import People, Setting
from deploy.local.story.client import Caller
from deploy.local.story.programmes import Programme


@dataclass(frozen=True)
class Group:
    """A group with its sessions in order of time, and its members in order of employee number."""

    programme: str
    rank: int
    found: Mapping[str, Any]
    members: tuple[str, ...]
    sessions: tuple[Mapping[str, Any], ...]

    def seat(self, session: int, person_id: str) -> Seat:
        """Where somebody sits."""
        return Seat(self.programme, self.rank, session, self.members.index(person_id))


async def with_sessions(
    setting: Setting, owner: Caller, people: People, programme: Programme, groups: Sequence[Mapping[str, Any]]
) -> list[Group]:
    """The groups, ranked by who is in them, with the sessions that were not cancelled."""
    sessions: dict[str, list[dict[str, Any]]] = {}
    async for session in setting.services.items(owner, "sessions", "/v1/sessions", programme_id=programme.programme_id):
        if session["state"] != "cancelled":
            sessions.setdefault(session["group_id"], []).append(session)
    ordered = sorted(groups, key=lambda group: people.order(_ids(group["members"])))
    return [
        Group(
            programme.name,
            rank,
            group,
            tuple(sorted(_ids(group["members"]), key=lambda person: people.number_of[person])),
            tuple(sorted(sessions.get(group["group_id"], ()), key=lambda session: str(session["starts_at"]))),
        )
        for rank, group in enumerate(ordered)
    ]


def _ids(members: Iterable[Mapping[str, Any]]) -> list[str]:
    return [member["person_id"] for member in members]
