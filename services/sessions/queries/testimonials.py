"""Testimonials as their readers may see them, and beside the numbers they give a meaning to."""

from typing import Any
from uuid import UUID

from services.sessions.domain.feedback import ENOUGH, quality
from services.sessions.domain.testimonials import CROWD, TestimonialKind
from services.sessions.queries.follow_up import form_results
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "testimonials")
SOME = 10
"""Words beside the numbers of one report."""


async def get_testimonial(conn: Connection, testimonial_id: UUID, reader: UUID | None) -> Record | None:
    """One, as whoever oversees programmes sees it."""
    return await conn.fetchrow(SQL.list, testimonial_id, reader, True, None, None, None, None, CROWD, 1)


async def list_testimonials(
    conn: Connection,
    reader: UUID | None,
    *,
    oversees: bool,
    programme_id: UUID | None,
    tag: str | None,
    kind: TestimonialKind | None,
    after: UUID | None,
    limit: int,
) -> list[Record]:
    """In order of id, which says nothing, one more than `limit`."""
    return await conn.fetch(SQL.list, None, reader, oversees, programme_id, tag, kind, after, CROWD, limit + 1)


async def report(conn: Connection, programme_id: UUID) -> dict[str, Any] | None:
    """A programme in numbers and in words: people in fives, means from five answers on, words from ten people on."""
    row = await conn.fetchrow(SQL.numbers, programme_id)
    if row is None:
        return None
    forms = await form_results(conn, programme_id)
    scores = [(form["answers"], form["score"]) for form in forms]
    if row["answers"]:
        scores.append((row["answers"], (row["usefulness"] + row["relevance"] + row["engagement"]) / 3))
    crowd = row["people"] >= CROWD and row["confidentiality"] != "closed"
    return {
        **dict(row),
        "people": row["people"] // ENOUGH * ENOUGH,
        "answers": sum(answers for answers, _ in scores),
        "forms": forms,
        "quality": quality(scores),
        "words": [dict(row) for row in await conn.fetch(SQL.quotes, programme_id, SOME)] if crowd else [],
    }
