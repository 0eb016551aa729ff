"""Leave something for others, keep it good, take it back; count who uses it without saying who."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.founding import Caller
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.knowledge import (
    AlreadyRated,
    Item,
    NotAnExpert,
    NotUsedYet,
    RatesOwnWork,
    UnknownItem,
    lasting,
    placed,
)
from services.sessions.domain.session import UnknownSession
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.knowledge import KnowledgeUsed
from shared.events.sessions import Confidentiality
from shared.refusal import InvalidRequest, match_version

SQL = sql.load("services.sessions", "knowledge")
WORDS = ("title", "text", "context", "desired_result", "link", "skills", "level", "stage", "job_code")
VOUCHED = ("title", "text", "context", "desired_result", "link")
"""Words that somebody vouches for: others need to be looked at again."""


async def leave(conn: Connection, fields: Mapping[str, Any], author: UUID) -> UUID:
    """Something for others, under the confidentiality of where it comes from; returns its id.

    Raises UnknownSession, UnknownGroup, UnknownItem, StaysInTheGroup, InvalidRequest.
    """
    place = await _place(conn, fields["session_id"], fields["group_id"], author)
    level: Confidentiality = place["confidentiality"] if place else "open"
    if place is None and fields["scope"] == "group":
        raise InvalidRequest.naming("scope", "needs a session_id or group_id: whose group is it?")
    scope, named, session_id = placed(level, fields["scope"], author, fields["session_id"])
    text = fields["text"] or await _written(conn, place, fields)
    check_words(fields["kind"], {**fields, "text": text})
    await _check_skills(conn, fields["skills"])
    if fields["challenge_id"] is not None:
        challenge = await lock(conn, fields["challenge_id"], Caller(author, oversees=False))
        if challenge.kind != "challenge":
            raise InvalidRequest.naming("challenge_id", f"is a {challenge.kind}")
    item_id = uuid7()
    where = (place["programme_id"], place["group_id"]) if place else (None, None)
    words = {**{name: fields[name] for name in WORDS}, "text": text}
    until = lasting(fields["expires_on"], _today())
    await conn.execute(
        SQL.insert, item_id, fields["kind"], scope, level, *where, session_id, named, *words.values(),
        fields["challenge_id"], until,
    )  # fmt: skip
    await _tell(conn, item_id)
    return item_id


async def change(
    conn: Connection, item_id: UUID, expected: int | None, changes: Mapping[str, Any], caller: Caller
) -> None:
    """Other words. Raises UnknownItem, NotTheAuthor, ItemWithdrawn, PreconditionFailed, InvalidRequest."""
    item = await lock(conn, item_id, caller)
    item.check_owned(caller.person_id, oversees=caller.oversees)
    match_version(item.version, expected)
    item.check_not_withdrawn()
    before = dict(await conn.fetchrow(SQL.get_words, item_id) or {})
    after = {**before, **changes}
    check_words(item.kind, after)
    await _check_skills(conn, after["skills"])
    vouched = all(after[name] == before[name] for name in VOUCHED)
    await conn.execute(SQL.change, item_id, *(after[name] for name in WORDS), vouched)
    await _tell(conn, item_id)


async def renew(conn: Connection, item_id: UUID, until: date | None, caller: Caller) -> None:
    """It is still true. Raises UnknownItem, NotTheAuthor, ItemWithdrawn, InvalidRequest."""
    item = await lock(conn, item_id, caller)
    item.check_owned(caller.person_id, oversees=caller.oversees)
    item.check_not_withdrawn()
    await conn.execute(SQL.set_state, item_id, "current", lasting(until, _today()))
    await _tell(conn, item_id)


async def withdraw(conn: Connection, item_id: UUID, caller: Caller) -> None:
    """Take it back for good. Raises UnknownItem, NotTheAuthor, ItemWithdrawn."""
    item = await lock(conn, item_id, caller)
    item.check_owned(caller.person_id, oversees=caller.oversees)
    item.check_not_withdrawn()
    await conn.execute(SQL.set_state, item_id, "withdrawn", item.expires_on)
    await _tell(conn, item_id)


async def verify(conn: Connection, item_id: UUID, caller: Caller, *, verified: bool) -> None:
    """Vouch for it, or not any more. Raises UnknownItem, NotAnExpert, NotCurrent."""
    item = await lock(conn, item_id, caller)
    expert = caller.person_id != item.author_id and await conn.fetchval(
        SQL.knows_one_of, caller.person_id, list(item.skills)
    )
    if not (expert or (caller.oversees and (caller.person_id is None or caller.person_id != item.author_id))):
        raise NotAnExpert("Somebody else who knows one of its skills vouches for it.")
    item.check_current()
    await conn.execute(SQL.verify, item_id, caller.person_id if verified else None, verified)
    await _tell(conn, item_id)


async def use(conn: Connection, item_id: UUID, person_id: UUID) -> str | None:
    """Somebody looks at it: counted once a day; returns its link. Raises UnknownItem, NotCurrent."""
    item = await lock(conn, item_id, Caller(person_id, oversees=False))
    item.check_current()
    await conn.execute(SQL.use, item_id, person_id)
    words = await conn.fetchrow(SQL.get_words, item_id)
    return words["link"] if words else None


async def rate(conn: Connection, item_id: UUID, person_id: UUID, score: int) -> None:
    """Keep a rating, and apart from it that they have rated. Raises RatesOwnWork, NotUsedYet, AlreadyRated, NotCurrent.

    The row is locked: ratings of one item take turns, so that five that wait are five.
    """
    item = await lock(conn, item_id, Caller(person_id, oversees=False))
    item.check_current()
    if person_id == item.author_id:
        raise RatesOwnWork("It is yours: others rate it.", state=item.state)
    if not await conn.fetchval(SQL.has_used, item_id, person_id):
        raise NotUsedYet("Use it first.", state="not used")
    if not await conn.fetchval(SQL.note_rated, item_id, person_id):
        raise AlreadyRated("You have rated it already.", state="rated")
    await conn.execute(SQL.rate, item_id, score)


async def expire(conn: Connection) -> int:
    """What has not been renewed by its day: a timer's work; late is as good as in time."""
    items = [_item(row) for row in await conn.fetch(SQL.expire)]
    await outbox.append_all(conn, [(event, None) for item in items if (event := item.told())])
    return len(items)


async def count_uses(conn: Connection) -> int:
    """Tell how many people use what, in steps of five; of what stays in a group nothing is told."""
    rows = [dict(row) for row in await conn.fetch(SQL.count_uses)]
    told = [{name: row[name] for name in KnowledgeUsed.model_fields} for row in rows if row["scope"] == "everybody"]
    await outbox.append_all(conn, [(KnowledgeUsed(**row), None) for row in told])
    return len(rows)


async def lock(conn: Connection, item_id: UUID, caller: Caller) -> Item:
    """An item the caller may know of. Raises UnknownItem."""
    row = await conn.fetchrow(SQL.lock, item_id, caller.person_id, caller.oversees)
    if row is None:
        raise UnknownItem("There is no such thing, or it is not for you.")
    return _item(row)


def check_words(kind: str, words: Mapping[str, Any]) -> None:
    """Raise InvalidRequest naming what a kind needs: a challenge its context and result, a resource its link."""
    needed = {"challenge": ("text", "context", "desired_result"), "lesson": ("text",), "resource": ("text", "link")}
    for name in needed[kind]:
        if not words[name]:
            raise InvalidRequest.naming(name, f"is missing: a {kind} needs it")


async def _place(conn: Connection, session_id: UUID | None, group_id: UUID | None, author: UUID) -> Record | None:
    if session_id is not None:
        found = await conn.fetchrow(SQL.place_of_session, session_id, author)
        if found is None or not found["belongs"] or group_id not in {None, found["group_id"]}:
            raise UnknownSession("There is no such session, or you were not in it.")
        return found
    if group_id is not None:
        found = await conn.fetchrow(SQL.place_of_group, group_id, author)
        if found is None or not found["belongs"]:
            raise UnknownGroup("There is no such group, or you are not in it.")
        return found
    return None


async def _written(conn: Connection, place: Record | None, fields: Mapping[str, Any]) -> str | None:
    """What its session or group has written as that kind already."""
    if place is None:
        return None
    found = await conn.fetchval(SQL.written, place["group_id"], fields["session_id"], fields["kind"])
    return None if found is None else str(found)


async def _check_skills(conn: Connection, skills: Sequence[str]) -> None:
    if unknown := await conn.fetchval(SQL.unknown_skills, list(skills)):
        raise InvalidRequest.naming("skills", f"names a skill nobody knows of: {unknown}")


async def _tell(conn: Connection, item_id: UUID) -> None:
    row = await conn.fetchrow(SQL.get_rules, item_id)
    if row is not None and (event := _item(row).told()):
        await outbox.append(conn, event)


def _item(row: Record) -> Item:
    return Item(**{**dict(row), "skills": tuple(row["skills"])})


def _today() -> date:
    return datetime.now(UTC).date()
