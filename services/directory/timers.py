"""What falls due by itself: HR's dated records, people who wait to be published anew, taxonomies that are taken in."""

from datetime import UTC, datetime

from services.directory.commands.erasures import watch_erasures
from services.directory.commands.exports import expire_exports
from services.directory.commands.feeds import deactivate_missing
from services.directory.commands.leavers import let_go
from services.directory.commands.people import refresh_waiting, resolve_references
from services.directory.commands.security_events import prune_tokens
from services.directory.commands.showcase import invite_teachers
from services.directory.commands.skill_imports import go_on_importing
from services.directory.commands.skills import index_terms
from services.directory.commands.workers import apply_due
from services.directory.queries.holds import waiting
from shared.db import Connection
from shared.telemetry import HELD_LEAVERS
from shared.timers import Timer


async def apply_due_records(conn: Connection) -> int:
    """Records whose day has come where the worker is."""
    return await apply_due(conn, datetime.now(UTC))


async def refresh_people(conn: Connection) -> int:
    """People whom a change elsewhere has touched, when they were too many for one transaction."""
    return await refresh_waiting(conn, datetime.now(UTC))


async def deactivate_confirmed(conn: Connection) -> int:
    """People whom a snapshot no longer names, when that was confirmed."""
    return await deactivate_missing(conn, datetime.now(UTC))


async def measure_holds(conn: Connection) -> int:
    """How many wait for an operator, for the alert."""
    HELD_LEAVERS.set(await waiting(conn))
    return 0


async def let_approved_go(conn: Connection) -> int:
    """People whose leaving an operator has approved."""
    return await let_go(conn, datetime.now(UTC))


TIMERS: tuple[Timer, ...] = (
    Timer("directory-invite-teachers", 86400, invite_teachers),
    Timer("directory-due-records", 15, apply_due_records),
    Timer("directory-holds-measure", 15, measure_holds),
    Timer("directory-approved-leavers", 2, let_approved_go),
    Timer("directory-missing-people", 1, deactivate_confirmed),
    Timer("directory-refresh-people", 1, refresh_people),
    Timer("directory-watch-erasures", 60, watch_erasures),
    Timer("directory-expire-exports", 600, expire_exports),
    Timer("directory-resolve-references", 300, resolve_references),
    Timer("directory-scim-tokens", 3600, prune_tokens),
    Timer("directory-skill-imports", 1, go_on_importing),
    Timer("directory-skill-terms", 60, index_terms),
)
