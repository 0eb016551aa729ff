"""A database connection that shows its statements in the trace, and is cleaned between users only where it must be."""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any

import asyncpg
from opentelemetry import trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from shared.tracing import start

LEAVES_SOMETHING = re.compile(
    r"set_config\((?![^()]*\btrue\s*\))|pg_(try_)?advisory_lock|\b(LISTEN|PREPARE|WITH\s+HOLD)\b"
    r"|\bCREATE\s+TEMP(ORARY)?\b(?!.*ON\s+COMMIT\s+DROP)|;\s*SET\s+(?!LOCAL\b)",
    re.IGNORECASE | re.DOTALL,
)
SETTING = re.compile(r"SET\s+(?!LOCAL\b|TRANSACTION\b)", re.IGNORECASE)
VERB = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(\w*)", re.DOTALL)
UNSEEN = ("BEGIN", "SAVEPOINT", "RELEASE")


@lru_cache(maxsize=4096)
def leaves_something(query: str) -> bool:
    """Whether a statement changes the session beyond its transaction: settings, locks, listening."""
    found = VERB.match(query)
    return bool(LEAVES_SOMETHING.search(query) or (found and SETTING.match(query, found.start(1))))


@lru_cache(maxsize=4096)
def verb(query: str) -> str:
    """What a statement does, in one word: SELECT, INSERT, WITH."""
    found = VERB.match(query)
    return found[1].upper() if found else ""


def _watched(method: Callable[..., Awaitable[Any]]) -> Any:
    @wraps(method)
    async def watched(self: "Session", query: str, *args: Any, **options: Any) -> Any:
        if leaves_something(query):
            self.touched = True
        name = verb(query)
        around = trace.get_current_span()
        if not around.is_recording() or name in UNSEEN or not is_instrumentation_enabled():
            return await method(self, query, *args, **options)
        attributes = {"db.system": "postgresql", "db.statement": query}
        span = start(name, around.get_span_context(), trace.SpanKind.CLIENT, attributes)
        try:
            return await method(self, query, *args, **options)
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            span.end()

    return watched


if TYPE_CHECKING:
    Base = asyncpg.Connection[asyncpg.Record]
else:
    Base = asyncpg.Connection


class Session(Base):
    """What the pool hands out. A statement has a span where somebody is tracing; its parameters are never in it."""

    touched = False
    """Whether something is left in the session that the next user must not find."""

    execute = _watched(asyncpg.Connection.execute)
    executemany = _watched(asyncpg.Connection.executemany)
    fetch = _watched(asyncpg.Connection.fetch)
    fetchval = _watched(asyncpg.Connection.fetchval)
    fetchrow = _watched(asyncpg.Connection.fetchrow)

    def get_reset_query(self) -> str:
        """The statement run when the connection goes back; empty, and a round trip less, where nothing was left."""
        touched, self.touched = self.touched, False
        return super().get_reset_query() if touched else ""
