"""Peer review from works to delivery: allocated, chased, given to somebody else, escalated."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.sessions.commands.prompts import mark_answered
from services.sessions.domain.founding import GroupNotActive
from services.sessions.domain.group import UnknownGroup
from services.sessions.domain.reviews import (
    NotTheirsToOpen,
    ReviewNotOpen,
    RoundNotCollecting,
    UnknownReview,
    UnknownRound,
    UnknownWork,
    WorkNotEscalated,
    allocate,
    check_plan,
    check_scores,
    disputed,
)
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.follow_up import PeerReviewClosed

SQL = sql.load("services.sessions", "reviews")
SAFETY = sql.load("services.sessions", "safety")
AGAIN = timedelta(days=5)


async def open_round(conn: Connection, group_id: UUID, by: UUID | None, plan: Mapping[str, Any]) -> dict[str, Any]:
    """A round in a group; `by` is None for those who oversee it.

    Raises UnknownGroup, NotTheirsToOpen, GroupNotActive, InvalidRequest.
    """
    group = await conn.fetchrow(SAFETY.lock_group, group_id, by)
    if group is None:
        raise UnknownGroup("There is no such group, or you are not in it.")
    if by is not None and group["facilitator_id"] not in {None, by}:
        raise NotTheirsToOpen("The group's facilitator opens a round of review.")
    if group["state"] == "ended":
        raise GroupNotActive("The group has ended.", state=group["state"])
    check_plan(plan, _today())
    values = (plan["rubric"], plan["reviewers"], plan["submit_by"], plan["review_by"])
    return _row(await conn.fetchrow(SQL.insert_round, uuid7(), group_id, *values))


async def submit_work(conn: Connection, round_id: UUID, by: UUID, title: str, link: str) -> dict[str, Any]:
    """One work a member; again replaces it. Raises UnknownRound, RoundNotCollecting."""
    found = await conn.fetchrow(SQL.lock_round_of_member, round_id, by)
    if found is None:
        raise UnknownRound("There is no such round, or you are not in its group.")
    if found["state"] != "collecting" or found["submit_by"] < _today():
        raise RoundNotCollecting("Works are not taken any more.", state=found["state"], submit_by=found["submit_by"])
    return _row(await conn.fetchrow(SQL.submit_work, uuid7(), round_id, by, title, link))


async def give_review(conn: Connection, review_id: UUID, by: UUID, scores: Sequence[int], comment: str) -> None:
    """What a reviewer says. Raises UnknownReview, ReviewNotOpen, InvalidRequest."""
    review = await conn.fetchrow(SQL.lock_review, review_id, by)
    if review is None:
        raise UnknownReview("There is no such review, or it is not yours.")
    if review["state"] != "asked":
        raise ReviewNotOpen(f"It is {review['state']}.", state=review["state"])
    check_scores(scores, review["criteria"])
    await conn.execute(SQL.give_review, review_id, list(scores), comment)
    await mark_answered(conn, by, "review", review_id)


async def give_verdict(conn: Connection, work_id: UUID, by: UUID, verdict: str) -> dict[str, Any]:
    """The word of whoever is asked where reviewers differ or are too few. Raises UnknownWork, WorkNotEscalated."""
    work = await conn.fetchrow(SQL.lock_escalated, work_id, by)
    if work is None:
        raise UnknownWork("There is no such work, or it does not wait for your word.")
    if work["state"] != "escalated":
        raise WorkNotEscalated(f"It is {work['state']}.", state=work["state"])
    await conn.execute(SQL.settle, work_id, verdict)
    await conn.execute(SQL.set_work, work_id, "delivered", work["author_id"], "review-delivered")
    return {"work_id": work_id, "state": "delivered"}


async def run_rounds(conn: Connection) -> int:
    """Allocate what is collected, find others for what was missed, deliver or escalate, close; returns how much."""
    done = 0
    for found in await conn.fetch(SQL.lock_collected):
        done += await _allocate(conn, found)
    for row in await conn.fetch(SQL.miss):
        done += await _ask_another(conn, row["work_id"], _today() + AGAIN, again=True)
    for work in await conn.fetch(SQL.lock_reviewed):
        needs_word = disputed(work["scores"], work["reviewers"])
        state, reader, about = "delivered", work["author_id"], "review-delivered"
        if needs_word and work["arbiter_id"] is not None:
            state, reader, about = "escalated", work["arbiter_id"], "review-escalated"
        await conn.execute(SQL.set_work, work["work_id"], state, reader, about)
        done += 1
    closed = await conn.fetch(SQL.lock_finished)
    for found in closed:
        await conn.execute(SQL.set_round, found["round_id"], "closed")
    await outbox.append_all(conn, [(PeerReviewClosed(**dict(row)), None) for row in closed])
    return done + len(closed)


async def _allocate(conn: Connection, found: Record) -> int:
    works = {row["author_id"]: row["work_id"] for row in await conn.fetch(SQL.works_of, found["round_id"])}
    pairs = allocate(found["round_id"], list(works), found["reviewers"])
    if pairs:
        authors, reviewers = zip(*pairs, strict=True)
        await conn.execute(SQL.ask, [works[one] for one in authors], list(reviewers), found["review_by"], False)
    await conn.execute(SQL.set_round, found["round_id"], "reviewing")
    missing = found["reviewers"] - len(pairs) // max(len(works), 1)
    others = [await _ask_another(conn, work, found["review_by"]) for work in works.values() for _ in range(missing)]
    return len(pairs) + sum(others)


async def _ask_another(conn: Connection, work_id: UUID, by: date, *, again: bool = False) -> int:
    """One more reviewer of the group, where somebody is left; `again`: in the place of one who did not review."""
    another = await conn.fetchval(SQL.candidates, work_id)
    if another is None:
        return 0
    await conn.execute(SQL.ask, [work_id], [another], by, again)
    return 1


def _today() -> date:
    return datetime.now(UTC).date()


def _row(row: Record | None) -> dict[str, Any]:
    assert row is not None
    return dict(row)
