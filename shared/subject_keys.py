"""A random key for each person or thing that records are keyed by: what it seals is unreadable once it is destroyed."""

import os
from collections.abc import Collection
from functools import cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared import sql
from shared.db import Connection
from shared.settings import Wrapping

SQL = sql.load("shared", "subject_keys")
KEY_BYTES = 32
NONCE_BYTES = 12
AT_ONCE = 1000


class Unreadable(Exception):
    """The key is destroyed or wrapped by one that is not set, or the bytes are not those that were sealed."""


class WrappingKeysMissing(Exception):
    """Keys of people are wrapped by keys that the settings do not name."""


class Box:
    """What one subject's key seals and opens, by AES-256-GCM; `place` is where the bytes belong and nowhere else."""

    def __init__(self, secret: bytes, place: str) -> None:
        self._cipher = AESGCM(secret)
        self._place = place.encode()

    def seal(self, text: bytes) -> bytes:
        """A nonce, then the sealed bytes."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, self._place)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises Unreadable."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._place)
        except (InvalidTag, ValueError) as error:
            raise Unreadable("these are not the bytes that were sealed") from error


def subject(name: str) -> bytes:
    """What stands for a name here."""
    return sha256(name.encode()).digest()


async def box_to_seal(conn: Connection, of: bytes, place: str) -> Box | None:
    """The box of a subject, whose key is made if there is none; None once it was destroyed."""
    fresh = AESGCM.generate_key(KEY_BYTES * 8)
    row = await conn.fetchrow(SQL.use_key, of, *_wrapped(fresh))
    assert row is not None
    return None if row["secret"] is None else Box(_unwrapped(row["secret"], row["wrapped_by"]), place)


async def box_to_open(conn: Connection, of: bytes, place: str) -> Box:
    """The same to read. Raises Unreadable."""
    row = await conn.fetchrow(SQL.read_key, of)
    if row is None or row["secret"] is None:
        raise Unreadable("its key is destroyed: whom it was about has been erased")
    return Box(_unwrapped(row["secret"], row["wrapped_by"]), place)


async def destroy(conn: Connection, subjects: Collection[bytes]) -> None:
    """Make all that is or will be sealed for these unreadable."""
    await conn.execute(SQL.destroy_keys, list(subjects))


async def any_destroyed(conn: Connection, subjects: Collection[bytes]) -> bool:
    """Whether the key of one of these was destroyed."""
    return bool(subjects) and bool(await conn.fetchval(SQL.any_destroyed, list(subjects)))


async def check_wrapping_keys(conn: Connection) -> None:
    """Raise WrappingKeysMissing when a key in use is not set: seen at the start, not at the first bad record."""
    known = {_id(key) for key in wrapping()}
    missing = {row["wrapped_by"] for row in await conn.fetch(SQL.wrapping_keys_in_use)} - known
    if missing:
        raise WrappingKeysMissing(f"LATERAL_WRAPPING_KEYS lacks {', '.join(sorted(missing))}")


async def rewrap(conn: Connection) -> int:
    """Wrap some keys that are not under the first wrapping key yet; returns how many. Raises Unreadable."""
    keys = wrapping()
    if not keys:
        return 0
    rows = await conn.fetch(SQL.to_wrap, _id(keys[0]), AT_ONCE)
    secrets = [_wrapped(_unwrapped(row["secret"], row["wrapped_by"]))[0] for row in rows]
    await conn.execute(SQL.wrap, [row["subject"] for row in rows], secrets, _id(keys[0]))
    return len(rows)


def _wrapped(secret: bytes) -> tuple[bytes, str | None]:
    keys = wrapping()
    return (Fernet(keys[0]).encrypt(secret), _id(keys[0])) if keys else (secret, None)


def _unwrapped(secret: bytes, wrapped_by: str | None) -> bytes:
    if wrapped_by is None:
        return secret
    keys = wrapping()
    try:
        return MultiFernet([Fernet(key) for key in keys or (Fernet.generate_key(),)]).decrypt(secret)
    except InvalidToken as error:
        raise Unreadable(f"LATERAL_WRAPPING_KEYS lacks {wrapped_by}") from error


def _id(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:16]


@cache
def wrapping() -> tuple[str, ...]:
    """The wrapping keys in the settings, read once."""
    return tuple(key.get_secret_value() for key in Wrapping().wrapping_keys)
