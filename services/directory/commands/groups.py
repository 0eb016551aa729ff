"""Takes groups as an identity system provisions them; org units stay where HR puts them."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from services.directory.domain.plain import check_code
from services.directory.domain.refusals import NotYours, UnknownMember, UnknownResource
from services.directory.store import groups as store
from services.directory.store import scim_events
from shared.db import Connection
from shared.refusal import PreconditionFailed


async def create_group(
    conn: Connection, display_name: str, external_id: str | None, members: Mapping[str, str | None]
) -> UUID:
    """Take a new role and return its id; `members` are shown as they are named. Raises UnknownMember or UnclearCode."""
    check_code("externalId", external_id)
    group_id = uuid4()
    await store.save(conn, group_id, display_name, external_id)
    await _set_members(conn, group_id, members)
    await scim_events.announce_groups(conn, [group_id], "create")
    return group_id


async def change_group(
    conn: Connection,
    group_id: UUID,
    display_name: str,
    external_id: str | None,
    members: Mapping[str, str | None],
    version: str | None,
    *,
    replaced: bool = False,
) -> None:
    """Take the whole new state of a role, `replaced` or patched.

    Raises UnknownResource, NotYours, PreconditionFailed or UnknownMember, or UnclearCode.
    """
    check_code("externalId", external_id)
    await _lock(conn, group_id, version)
    await store.save(conn, group_id, display_name, external_id)
    await _set_members(conn, group_id, members)
    await scim_events.announce_groups(conn, [group_id], "put" if replaced else "patch")


async def delete_group(conn: Connection, group_id: UUID, version: str | None) -> None:
    """Delete a role; its members stay. Raises UnknownResource, NotYours or PreconditionFailed."""
    await _lock(conn, group_id, version)
    await scim_events.announce_groups(conn, [group_id], "delete")
    await scim_events.announce_feed(conn, group_id, ())
    await store.delete(conn, group_id)


async def _lock(conn: Connection, group_id: UUID, version: str | None) -> None:
    current = await store.lock(conn, group_id)
    if current is None:
        if await store.is_unit(conn, group_id):
            raise NotYours("Org units are HR's: they change by HR's events.", field="id")
        raise UnknownResource("There is no such group.")
    if version is not None and version != f'W/"v{current}"':
        raise PreconditionFailed("It has changed since the version you have seen: read it again.")


async def _set_members(conn: Connection, group_id: UUID, members: Mapping[str, str | None]) -> None:
    shown = {_id(member): display for member, display in members.items()}
    kinds = await store.kinds_of(conn, list(shown))
    if strangers := [str(member) for member in shown if member not in kinds]:
        raise UnknownMember(f"There is nobody with the id {strangers[0]}.")
    await scim_events.announce_feed(conn, group_id, list(shown))
    await store.set_members(conn, group_id, [(member, kinds[member], display) for member, display in shown.items()])


def _id(member: str) -> UUID:
    try:
        return UUID(member)
    except ValueError:
        raise UnknownMember("A member's value is the id of a user or a group.") from None
