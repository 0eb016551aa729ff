"""Dead letters handled again: a key's letters in order, in one transaction, at a pace, and at first only to see."""

import asyncio
import getpass
import math
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import orjson

from shared import audit, deadletters, sql
from shared.consumer import Handlers
from shared.db import TROUBLE, Connection, Database
from shared.deadletters import FULL_STATE, NotReplayable
from shared.envelope import decode

SQL = sql.load("shared", "redrive")
DELIVERY = sql.load("shared", "delivery")


class Selection(NamedTuple):
    """Which open dead letters to take up; what is None does not matter."""

    number: int | None = None
    reason: str | None = None
    topic: str | None = None
    key: str | None = None
    limit: int = 100
    """Keys at most."""


class Outcome(NamedTuple):
    """What became of one key's letters."""

    number: int
    """The first of them."""
    topic: str
    letters: int
    problem: str | None
    """Why nothing was changed; None when they were handled."""


class Pace:
    """So many a second at most: whoever comes too early waits, and nobody makes up for having been slow."""

    def __init__(self, rate: float) -> None:
        self._apart = 1 / rate
        self._next = time.monotonic()

    async def turn(self) -> None:
        """Wait until it is one's turn; others go on meanwhile."""
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        self._next = max(self._next, time.monotonic()) + self._apart


class _OnlyLooked(Exception):
    """Ends a transaction that was only to see what would happen."""


async def redrive(
    db: Database, service: str, handlers: Handlers, selection: Selection, *, rate: float, dry: bool = True
) -> AsyncIterator[Outcome]:
    """Handle what is selected, key by key, oldest first; a key that fails is left as it was.

    At most `rate` letters a second, also of one key, whose transaction stays open meanwhile. `dry` waits for nothing,
    handles everything too and rolls it back: what it says is what would happen.
    """
    async with db.acquire() as conn:
        heads = await conn.fetch(SQL.open_heads, service, *selection, sorted(FULL_STATE))
    pace = Pace(math.inf if dry else rate)
    for head in heads:
        letters, problem = 0, None
        try:
            async with db.transaction() as conn:
                letters = await replay_key(conn, service, handlers, head["id"], pace)
                await note(conn, "dead-letters.replay", f"{service}/dead-letters/{head['id']}")
                if dry:
                    raise _OnlyLooked  # noqa: TRY301 - the transaction must see it
        except _OnlyLooked:
            pass
        except TROUBLE:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the handler says, the letter stays where it was
            letters, problem = head["letters"], f"{type(error).__name__}: {error}"
        yield Outcome(head["id"], head["topic"], letters, problem)


async def replay_key(conn: Connection, service: str, handlers: Handlers, number: int, pace: Pace | None = None) -> int:
    """Handle the open dead letters of a key in order, in the caller's transaction. Raises what the handler raises."""
    classes = {cls.event_type: cls for cls in handlers}
    rows = await deadletters.queue(conn, service, number)
    for row in rows:
        envelope = decode(await deadletters.opened(conn, row), classes)
        if envelope is None:
            message = f"dead letter {row['id']} is of a type nobody here handles"
            raise NotReplayable(message)
        if pace is not None:
            await pace.turn()
        await handlers[type(envelope.data)](conn, [envelope])
        await deadletters.close(conn, service, row, "replayed", "replayed by an operator")
    return len(rows)


async def discard(conn: Connection, service: str, number: int, why: str) -> None:
    """Give one up, for a reason. Raises NotReplayable when it is not open."""
    row = await deadletters.show(conn, service, number)
    if row is None or row["state"] != "open":
        message = f"dead letter {number} is {row['state'] if row else 'unknown'}"
        raise NotReplayable(message)
    await deadletters.close(conn, service, row, "discarded", why)
    await note(conn, "dead-letters.discard", f"{service}/dead-letters/{number}")


async def park(conn: Connection, service: str, topic: str, key: str) -> None:
    """Hold a key back by hand: its next events wait as dead letters, in order. Raises NotReplayable."""
    if topic in FULL_STATE:
        message = f"{topic} carries full state: its keys are never held, the next record replaces this one"
        raise NotReplayable(message)
    await conn.execute(DELIVERY.park_keys, service, [topic], [key])
    await note(conn, "dead-letters.park", f"{service}/keys/{topic}")


async def unpark(conn: Connection, service: str, handlers: Handlers, topic: str, key: str) -> int:
    """Handle what waits behind a key, in order, and let it go on; returns how many. Raises NotReplayable."""
    if await conn.fetchval(SQL.is_parked, service, topic, key) is None:
        message = "that key is not parked"
        raise NotReplayable(message)
    letters = await conn.fetch(DELIVERY.open_dead_letters_of_key, service, topic, key)
    done = await replay_key(conn, service, handlers, letters[0]["id"]) if letters else 0
    await conn.execute(DELIVERY.unpark_key, service, topic, key)
    await note(conn, "dead-letters.unpark", f"{service}/keys/{topic}")
    return done


async def note(conn: Connection, action: str, what: str) -> None:
    """An audit line: who did it at the command line, and to what; never a key, which may be somebody's number."""
    entry = audit.Entry(f"operator:{getpass.getuser()}", action, what, 200, None, uuid4().hex)
    await audit.append(conn, entry)


def redacted(value: bytes | None) -> object:
    """The shape of a record without what it says: names of fields, kinds and lengths of values."""
    if value is None:
        return None
    try:
        return _shape(orjson.loads(value))
    except orjson.JSONDecodeError:
        return f"{len(value)} bytes that are no JSON"


def _shape(value: Any) -> object:
    match value:
        case Mapping():
            return {name: _shape(item) for name, item in value.items()}
        case list():
            return [_shape(item) for item in value[:3]] + ([f"and {len(value) - 3} more"] if len(value) > 3 else [])  # noqa: PLR2004 - enough to see
        case str():
            return f"text of {len(value)}"
        case bool() | None:
            return value
        case _:
            return "number"
