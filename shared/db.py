"""The only door to PostgreSQL: a pool whose waits are all bounded, and transactions."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from shared.session import Session
from shared.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Record: TypeAlias = asyncpg.Record
UniqueViolation = asyncpg.UniqueViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
CheckViolation = asyncpg.CheckViolationError
UNSTORABLE_TEXT: tuple[type[Exception], ...] = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
)
"""What a NUL character meets, which JSON knows and PostgreSQL does not."""

UNAVAILABLE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,
)
"""Errors that say the database is in trouble, not the statement: wait and try again.

The last one: a migration has added a column to what a statement finds; the driver prepares it anew.
"""


WAITING_PER_CONNECTION = 16
"""A longer queue would only be told no a second later."""


class ConnectionLost(OSError):
    """The connection broke while it was in use."""


class DatabaseBusy(Exception):
    """Every connection was in use for longer than the acquire timeout."""


TROUBLE: tuple[type[Exception], ...] = (*UNAVAILABLE, DatabaseBusy)
UNANSWERED = (TimeoutError, asyncio.CancelledError)
"""Nobody knows what the server still does on the connection: it is not used again, and nobody waits for its end."""
BROKEN = (*UNAVAILABLE, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What giving back or closing a connection may say that is broken: the driver has dropped it then."""
CANCEL_SECONDS = 1.0


def plain(value: object) -> str:
    """For JSON: the driver has a UUID type of its own."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


async def _prepare(conn: Connection) -> None:
    """JSON in the binary format, which COPY asks for; jsonb begins with its version, 1."""
    await conn.set_type_codec(
        "json",
        encoder=lambda value: orjson.dumps(value, plain),
        decoder=orjson.loads,
        schema="pg_catalog",
        format="binary",
    )
    await conn.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + orjson.dumps(value, plain),
        decoder=lambda data: orjson.loads(data[1:]),
        schema="pg_catalog",
        format="binary",
    )


async def connect(settings: Settings, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection outside the pool, for what must own its session (the relay, migrations)."""
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        settings.database_url,
        timeout=settings.connect_timeout,
        command_timeout=settings.command_timeout,
        server_settings={"application_name": f"lateral-{settings.service}"},
        connection_class=Session,
        **options,
    )
    await _prepare(conn)
    return conn


@asynccontextmanager
async def session(settings: Settings) -> AsyncIterator[Connection]:
    """A connection outside the pool whose session matters; it ends, with its locks, when the block does."""
    conn = await connect(settings)
    try:
        with _naming_a_lost(conn):
            yield conn
    finally:
        conn.terminate()


@contextmanager
def _naming_a_lost(conn: Connection) -> Iterator[None]:
    """A driver that says `connection is closed` by its error for misuse must not hide an outage."""
    try:
        yield
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if _is_lost(conn) or isinstance(error, asyncpg.InternalClientError):
            raise ConnectionLost(str(error)) from error
        raise


def _is_lost(conn: Connection) -> bool:
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True


class Database:
    """A service's own database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._waiting = 0
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, settings: Settings) -> Self:
        """Open the pool. Raises one of UNAVAILABLE when the database cannot be reached."""
        pool = await asyncpg.create_pool(
            settings.database_url,
            min_size=1,
            max_size=settings.pool_size,
            timeout=settings.connect_timeout,
            command_timeout=settings.command_timeout,
            server_settings={"application_name": f"lateral-{settings.service}"},
            init=_prepare,
            connection_class=Session,
        )
        return cls(pool, settings)

    def admit(self) -> None:
        """Whether it makes sense to wait for a connection. Raises DatabaseBusy when too many do already."""
        if self._waiting >= WAITING_PER_CONNECTION * self._settings.pool_size:
            message = f"{self._waiting} others wait for a connection"
            raise DatabaseBusy(message)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection for reads. Raises DatabaseBusy when none is free in time, or at once when too many wait."""
        self.admit()
        self._waiting += 1
        try:
            # One that is idle is there at once; a timer would cost more than taking it.
            within = None if self._pool.get_idle_size() else self._settings.acquire_timeout
            conn = await self._pool.acquire(timeout=within)
        except TimeoutError as error:
            message = f"no free connection within {self._settings.acquire_timeout} s"
            raise DatabaseBusy(message) from error
        finally:
            self._waiting -= 1
        try:
            with _naming_a_lost(conn):
                yield conn
        except UNANSWERED:
            self._end(conn)
            raise
        except BaseException:
            await self._give_back(conn)
            raise
        else:
            await self._give_back(conn)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction; it is committed when the block ends and rolled back when it raises."""
        async with self.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            try:
                yield conn
            except UNANSWERED:
                raise  # a server that does not answer would not answer a ROLLBACK either; it does one by itself
            except BaseException:
                await transaction.rollback()
                raise
            else:
                await transaction.commit()

    async def _give_back(self, conn: "PoolConnectionProxy[asyncpg.Record]") -> None:
        """Whatever becomes of the connection: the work is done, and committed, and must not be told to have failed."""
        with suppress(*BROKEN):
            await self._pool.release(conn, timeout=self._settings.command_timeout)  # which shields itself

    def _end(self, conn: "PoolConnectionProxy[asyncpg.Record]") -> None:
        """Close a connection while nobody waits: its statement is cancelled if the server still listens."""
        task = asyncio.create_task(self._close(conn))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _close(self, conn: "PoolConnectionProxy[asyncpg.Record]") -> None:
        with suppress(*BROKEN):
            await conn.close(timeout=CANCEL_SECONDS)
        await self._pool.release(conn)

    @asynccontextmanager
    async def apart(self, command_timeout: float) -> AsyncIterator[Connection]:
        """A connection outside the pool whose statements may take that long: no request waits for it."""
        async with session(self._settings.model_copy(update={"command_timeout": command_timeout})) as conn:
            yield conn

    @property
    def in_use(self) -> int:
        """Connections handed out now."""
        return self._pool.get_size() - self._pool.get_idle_size()

    async def close(self) -> None:
        """Close the pool within 3 s; connections still busy then are cut."""
        try:
            await asyncio.wait_for(self._pool.close(), 3)
        except TimeoutError:
            self._pool.terminate()
