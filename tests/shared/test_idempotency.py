import pytest

from shared.audit import Entry
from shared.db import Connection
from shared.idempotency import Claim, Reply, fingerprint, prune, save, take
from shared.refusal import InvalidRequest

CLAIM = Claim("u-1", "POST", "/v1/things", "k-1", fingerprint({}, b"{}"))


async def test_a_free_key_is_taken_and_a_taken_one_returns_its_reply(conn: Connection) -> None:
    assert await take(conn, CLAIM) is None
    reply = Reply(201, b'{"id": 1}', '"v1"')
    await save(conn, CLAIM, reply, Entry("u-1", "create_thing", "/v1/things", 201, None, "r-1"))
    assert await take(conn, CLAIM) == reply
    assert await conn.fetchval("SELECT request_id FROM audit") == "r-1"


async def test_a_key_used_for_another_request_is_refused(conn: Connection) -> None:
    await take(conn, CLAIM)
    other = Claim("u-1", "POST", "/v1/things", "k-1", fingerprint({}, b"[]"))
    with pytest.raises(InvalidRequest, match="Idempotency-Key: was used before"):
        await take(conn, other)


async def test_only_keys_older_than_a_day_are_forgotten(conn: Connection) -> None:
    await take(conn, CLAIM)
    assert await prune(conn) == 0
    await conn.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    assert await prune(conn) == 1
    assert await take(conn, CLAIM) is None


def test_the_fingerprint_tells_paths_and_bodies_apart() -> None:
    prints = {
        fingerprint({"id": 1}, b""),
        fingerprint({"id": 2}, b""),
        fingerprint({"id": 1, "part": 2}, b""),
        fingerprint({"id": 1}, b" "),
        fingerprint({}, b""),
    }
    assert len(prints) == 5
    assert fingerprint({"a": 1, "b": 2}, b"") == fingerprint({"b": 2, "a": 1}, b"")


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "é", "x" * 256, "\x7f"])
def test_a_key_is_visible_ascii(key: str) -> None:
    with pytest.raises(InvalidRequest):
        Claim("u-1", "POST", "/v1/things", key, b"")
