"""Reports by mail: subscribe, unsubscribe, queue what is due, and settle what became of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.metrics.commands.query_log import note_query
from services.metrics.domain.reports import AlreadySubscribed, Cadence, ends_on, next_due
from services.metrics.queries.known import check_programme
from services.metrics.queries.report import Report, get_report
from shared import sql
from shared.courier import Outcome
from shared.db import Connection, Record
from shared.refusal import NotFound

SQL = sql.load("services.metrics", "reports")
AT_ONCE = 20
MOST_ATTEMPTS = 10
LONGEST_WAIT = timedelta(hours=3)


@dataclass(frozen=True)
class Letter:
    """One report on its way to one reader."""

    mail: Record
    report: Report


async def subscribe(
    conn: Connection, person_id: UUID | None, subscriber: str, email: str, programme_id: UUID | None, cadence: Cadence
) -> Record:
    """Raises InvalidRequest for a programme nobody knows, AlreadySubscribed."""
    await check_programme(conn, programme_id)
    now = datetime.now(UTC)
    made: Record | None = await conn.fetchrow(
        SQL.subscribe, uuid4(), person_id, subscriber, email, programme_id, cadence, next_due(cadence, now),
        ends_on(now.date()),
    )  # fmt: skip
    if made is None:
        detail = "This address gets this report already."
        raise AlreadySubscribed(detail, state="subscribed")
    return made


async def unsubscribe(conn: Connection, subscription_id: UUID, subscriber: str) -> None:
    """Nothing more is sent. Raises NotFound, for somebody else's too."""
    if not await conn.fetchval(SQL.unsubscribe, subscription_id, subscriber):
        detail = "There is no such subscription."
        raise NotFound(detail)


async def unsubscribe_by_token(conn: Connection, token: UUID) -> None:
    """The same by the link in a mail; once more is no error."""
    await conn.execute(SQL.unsubscribe_by_token, token)


async def queue_reports(conn: Connection) -> int:
    """A timer's turn: one mail a subscription that is due, however long nobody looked; returns how many."""
    await conn.execute(SQL.drop_ended)
    now = datetime.now(UTC)
    due = await conn.fetch(SQL.due)
    times = [next_due(row["cadence"], now) for row in due]
    await conn.execute(SQL.queue, [row["subscription_id"] for row in due], times)
    return len(due)


async def claim(conn: Connection, k: int) -> list[Letter]:
    """What is due, with what it says now; each report is read once for all its readers."""
    mails = await conn.fetch(SQL.claim, AT_ONCE)
    reports = {each: await get_report(conn, k, each) for each in dict.fromkeys(mail["programme_id"] for mail in mails)}
    for programme_id in reports:
        selection = {} if programme_id is None else {"programme_id": str(programme_id)}
        await note_query(conn, (), "report by mail", selection, "Subscribed to")
    return [Letter(mail, reports[mail["programme_id"]]) for mail in mails]


async def settle(conn: Connection, outcomes: Sequence[tuple[Letter, Outcome]]) -> None:
    """Write down what came of each; what may yet be delivered is tried again, ever more seldom."""
    now, rows = datetime.now(UTC), []
    for letter, outcome in outcomes:
        attempts = letter.mail["attempts"]
        again = outcome.result == "later" and attempts < MOST_ATTEMPTS
        wait = timedelta(seconds=outcome.wait or 30 * 2.0**attempts * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        state = "sent" if outcome.result == "done" else "due" if again else "failed"
        detail = None if state == "sent" else outcome.detail
        rows.append((letter.mail["mail_id"], state, detail, now + min(wait, LONGEST_WAIT)))
    await conn.execute(SQL.settle, *map(list, zip(*rows, strict=True)))
