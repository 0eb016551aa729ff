"""Links to what somebody is asked: made as their message leaves, used once, revoked by whom they are for."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias
from uuid import UUID

from services.sessions.domain.asking import family
from services.sessions.domain.feedback_links import FeedbackLink
from services.sessions.domain.feeds import new_token, token_hash
from services.sessions.domain.forms import OtherForm
from services.sessions.queries import feedback_links as queries
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "feedback_links")
Give: TypeAlias = Callable[[Connection, Record], Awaitable[None]]
"""Answers as the person of a link, about its subject."""


async def issue(conn: Connection, prompt_ids: Collection[UUID]) -> dict[UUID, FeedbackLink]:
    """A link for each of these prompts that still waits for an answer; of each its digest alone is kept."""
    tokens = {prompt_id: new_token() for prompt_id in prompt_ids}
    if not tokens:
        return {}
    rows = await conn.fetch(SQL.issue, list(tokens), [token_hash(token) for token in tokens.values()])
    return {row["prompt_id"]: FeedbackLink(tokens[row["prompt_id"]], row["expires_on"]) for row in rows}


async def answer(conn: Connection, token: str, answered: str, give: Give) -> None:
    """Give what answers questions of the family `answered` as whom the link is for; of two at once one counts.

    Raises UnknownLink, LinkUsed, LinkEnded, OtherForm, and what `give` does.
    """
    link = await queries.open_link(conn, token)
    if family(link["kind"]) != answered:
        raise OtherForm("Something else is asked here.", state="other form")
    await give(conn, link)


async def revoke(conn: Connection, person_id: UUID) -> None:
    """None of the links they were sent opens anything any more; they can still answer with a token of theirs."""
    await conn.execute(SQL.revoke, person_id)
