"""An organization adds formats of its own and rewrites playbooks."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.sessions.domain.catalogue import FORMATS, format_named
from services.sessions.domain.formats import Format
from services.sessions.domain.playbooks import Playbook
from services.sessions.store import formats as store
from shared import sql
from shared.db import Connection
from shared.refusal import InvalidRequest, Refused, match_version

SQL = sql.load("services.sessions", "formats")


class FormatExists(Refused):
    """The name is taken: programmes and reports already mean something by it."""


async def add_format(conn: Connection, name: str, based_on: str, changes: Mapping[str, Any]) -> Format:
    """A new format with the rules of another but for `changes`. Raises FormatExists, InvalidRequest."""
    if based_on not in FORMATS:
        raise InvalidRequest.naming("based_on", "is none of the catalogue's formats")
    rules = dict(changes)
    base = format_named(based_on)
    least, most = rules.pop("group_size_min", base.size[0]), rules.pop("group_size_max", base.size[1])
    rules["size"] = [least, most]
    if least > most:
        raise InvalidRequest.naming("group_size_max", "is below group_size_min")
    made = store.derived(name, based_on, rules)
    if name in FORMATS or not await conn.fetchval(SQL.insert_format, name, based_on, rules):
        raise FormatExists("There is a format of that name already.", state="taken")
    return made


async def rewrite_playbook(conn: Connection, name: str, expected: int | None, steps: Sequence[str]) -> Playbook:
    """The next version of a playbook; older ones stay readable. Raises UnknownPlaybook, PreconditionFailed."""
    current = await store.playbook(conn, name)
    match_version(current.version, expected)
    following = Playbook(name, current.version + 1, tuple(steps))
    if not await conn.fetchval(SQL.insert_playbook, name, following.version, list(steps)):
        match_version(following.version, expected)
    return following
