"""Links to the questions after a session: made as their message leaves, used once, revoked by whom they are for."""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.sessions.commands.feedback import give_feedback
from services.sessions.domain.feedback_links import FeedbackLink
from services.sessions.domain.feeds import new_token, token_hash
from services.sessions.queries import feedback_links as queries
from shared import sql
from shared.db import Connection
from shared.events.sessions import FeedbackAnswer

SQL = sql.load("services.sessions", "feedback_links")


async def issue(conn: Connection, prompt_ids: Collection[UUID]) -> dict[UUID, FeedbackLink]:
    """A link for each of these prompts that still waits for an answer; of each its digest alone is kept."""
    tokens = {prompt_id: new_token() for prompt_id in prompt_ids}
    if not tokens:
        return {}
    rows = await conn.fetch(SQL.issue, list(tokens), [token_hash(token) for token in tokens.values()])
    return {row["prompt_id"]: FeedbackLink(tokens[row["prompt_id"]], row["expires_on"]) for row in rows}


async def answer(
    conn: Connection,
    token: str,
    given: FeedbackAnswer | None,
    comment: str | None,
    own: tuple[tuple[UUID, int], Sequence[int]] | None,
) -> None:
    """Answer as whom the link is for, about the session it is for; of two at once one counts.

    Raises UnknownLink, LinkUsed, LinkEnded, and as `give_feedback`.
    """
    link = await queries.open_link(conn, token)
    await give_feedback(conn, link["session_id"], link["person_id"], given, comment, own)


async def revoke(conn: Connection, person_id: UUID) -> None:
    """None of the links they were sent opens anything any more; they can still answer with a token of theirs."""
    await conn.execute(SQL.revoke, person_id)
