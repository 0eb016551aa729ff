"""Take feedback in without its author, and let it go in batches."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from uuid import UUID

import orjson

from services.sessions.domain.feedback import (
    LEARNING,
    DidNotAttend,
    FeedbackAlreadyGiven,
    month_of,
    release,
    release_alike,
)
from services.sessions.domain.forms import check_form, usefulness
from services.sessions.domain.session import UnknownSession
from services.sessions.store import forms
from shared import outbox, sql
from shared.at_once import Change
from shared.db import Connection
from shared.events.sessions import FeedbackAnswer, LikenessRated

SQL = sql.load("services.sessions", "feedback")


async def give_feedback(
    conn: Connection,
    session_id: UUID,
    person_id: UUID,
    answer: FeedbackAnswer | None,
    comment: str | None,
    own: tuple[tuple[UUID, int], Sequence[int]] | None = None,
) -> None:
    """Keep an answer and, apart from it, that this person has answered.

    `own`: the form and version that were read, where another one asks than the first.

    Raises UnknownSession, DidNotAttend, FeedbackAlreadyGiven, NothingAsked, OtherForm, InvalidRequest.
    """
    change = await keep_feedback(conn, session_id, person_id, answer, comment, own)
    if not await conn.fetchval(change.statement, *change.args):
        raise FeedbackAlreadyGiven("You have given feedback on this session already.", state="given")


async def keep_feedback(
    conn: Connection,
    session_id: UUID,
    person_id: UUID,
    answer: FeedbackAnswer | None,
    comment: str | None,
    own: tuple[tuple[UUID, int], Sequence[int]] | None = None,
    result: object = None,
) -> Change:
    """What keeps it, with no row where it was given already. Raises what `give_feedback` does but for that."""
    learning = sorted(LEARNING)
    part = await conn.fetchrow(SQL.look_answering, session_id, person_id, *forms.STANDARD_OF, learning)
    if part is None:
        raise UnknownSession("There is no such session, or you were not in it.")
    if part["state"] != "attended":
        raise DidNotAttend("Feedback is asked of those who were there.", state=part["state"])
    format_name = part["format"]
    form = part if part["form_id"] else await forms.standard(conn, format_name)
    asked, items = ((form["form_id"], form["version"]), form["items"]) if form else (None, ())
    check_form(asked, own[0] if own else None, own[1] if own else (), items)
    begin = datetime.combine(month_of(part["starts_at"]), time(), UTC)
    scores = (answer.usefulness, answer.relevance, answer.engagement) if answer else (None, None, None)
    topic, given = (f"{own[0][0]}:{own[0][1]}:{format_name}", {"s": list(own[1])}) if own else (None, None)
    cell = (part["programme_id"], begin, topic, part["division"])
    comments = [comment] if comment else []
    useful = answer.usefulness if answer else usefulness(own[1], items) if own else None
    alike = (part["likeness"], part["programme_format"], useful, learning)
    args = (session_id, person_id, *cell, *scores, comments, given, format_name, *alike)
    return Change(SQL.give, args, None, result)


async def release_likeness(conn: Connection) -> int:
    """Tell how useful ten people or more found pairs of one likeness; returns how many times that was."""
    told, kept = [], []
    for row in await conn.fetch(SQL.lock_alike):
        leaving, waiting = release_alike(row["answers"])
        event = LikenessRated(
            format=row["format"], likeness=row["likeness"], answers=len(leaving), usefulness=sum(leaving)
        )
        told.append((event, None))
        kept.append((row["format"], row["likeness"], row["quarter"], row["round"], sorted(waiting)))
    await conn.executemany(SQL.keep_the_rest_alike, kept)
    await outbox.append_all(conn, told)
    return len(told)


async def release_feedback(conn: Connection) -> int:
    """Release what five people, or ten, have answered in one cell; returns how many batches that were."""
    today = datetime.now(UTC).date()
    batches, kept = [], []
    for row in await conn.fetch(SQL.lock_ripe):
        cell = (row["programme_id"], row["format"], row["division"], row["month"])
        answers = [FeedbackAnswer(**dict(answer)) for answer in row["answers"]]
        batch, waiting = release(cell, answers, row["comments"], today)
        batches.append(batch)
        kept.append((*cell, row["round"], sorted((a.usefulness, a.relevance, a.engagement) for a in waiting)))
    await conn.executemany(SQL.keep_the_rest, kept)
    if batches:
        rows = [  # a list in a list would be an array of two dimensions: comments travel as text
            (
                b.batch_id, b.programme_id, b.format, b.division, b.month, b.released_on, len(b.answers),
                sum(a.usefulness for a in b.answers), sum(a.relevance for a in b.answers),
                sum(a.engagement for a in b.answers), orjson.dumps(b.comments).decode(),
            )
            for b in batches
        ]  # fmt: skip
        await conn.execute(SQL.insert_batches, *map(list, zip(*rows, strict=True)))
        await outbox.append_all(conn, [(batch.told(), None) for batch in batches])
    return len(batches)
