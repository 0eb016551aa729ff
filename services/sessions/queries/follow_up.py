"""What somebody is asked, and with which words."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.sessions.domain.forms import is_recommendation
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "follow_up")
FORMS = sql.load("services.sessions", "forms")


async def list_prompts(conn: Connection, person_id: UUID, *, after: Sequence[Any] | None, limit: int) -> list[Record]:
    """What waits for an answer, soonest to expire first, one more than `limit`."""
    return await conn.fetch(SQL.list_prompts, person_id, *(after or (None, None)), limit + 1)


async def list_forms(
    conn: Connection, form_id: UUID | None, *, after: Sequence[Any] | None, limit: int
) -> list[Record]:
    """In order of form and version, one more than `limit`."""
    return await conn.fetch(SQL.list_forms, form_id, *(after or (None, None)), limit + 1)


async def list_surveys(
    conn: Connection, *, viewer: UUID | None, programme_id: UUID | None, after: UUID | None, limit: int
) -> list[Record]:
    """Oldest first, one more than `limit`; to people those they were asked."""
    return await conn.fetch(SQL.list_surveys, None, viewer, programme_id, after, limit + 1)


async def programme_forms(conn: Connection, programme_id: UUID) -> dict[str, Any] | None:
    """Which forms ask in a programme beside the standard ones, and what came of its own feedback forms."""
    if await conn.fetchval(FORMS.status_of, programme_id) is None:
        return None
    chosen = [dict(row) for row in await conn.fetch(FORMS.list, programme_id)]
    return {"programme_id": programme_id, "forms": chosen, "results": await form_results(conn, programme_id)}


async def form_results(
    conn: Connection, programme_id: UUID, format_name: str | None = None, month: date | None = None
) -> list[dict[str, Any]]:
    """What was released of each form and version, of all its sessions or of those of a format and month.

    `score` is the mean of its statements, high is good.
    """
    found = []
    for row in await conn.fetch(FORMS.results, programme_id, format_name, month):
        pairs = list(zip(row["items"], row["means"], strict=True))
        good = [6 - mean if item["reverse"] else mean for item, mean in pairs if not is_recommendation(item)]
        found.append({
            "form_id": row["form_id"],
            "form_version": row["form_version"],
            "answers": row["answers"],
            "means": [{"code": item["code"], "mean": mean} for item, mean in pairs],
            "score": round(sum(good) / len(good), 2),
        })  # fmt: skip
    return found
