"""Tries refused full states again: what a rule refused may only have come before the record that makes it right."""

from shared import deadletters, sql
from shared.batch import runs
from shared.consumer import Handlers
from shared.db import TROUBLE, Connection
from shared.envelope import decode

SQL = sql.load("shared", "delivery")


async def retry_refused(conn: Connection, service: str, handlers: Handlers) -> int:
    """Handle again what is due, each in a savepoint, ever more rarely and five times at most; returns the successes.

    Two records on two partitions may arrive in either order: a swap in the reporting line is a cycle for a moment.
    """
    classes = {cls.event_type: cls for cls in handlers}
    done = 0
    for row in await conn.fetch(SQL.refused_and_due, service, sorted(deadletters.FULL_STATE)):
        try:
            async with conn.transaction():
                envelope = decode(await deadletters.opened(conn, row), classes)
                for cls, run in runs([envelope] if envelope else []):
                    await handlers[cls](conn, run)
                await deadletters.close(conn, service, row, "replayed", "tried again by itself")
            done += 1
        except TROUBLE:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the letter stays open for a person
            await conn.execute(SQL.count_attempt, service, row["id"])
    return done
