"""Begin a review cycle and conclude it."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from services.metrics.domain.measures import COUNTED
from services.metrics.domain.reviews import check_conclusion, check_days, check_measure
from services.metrics.queries.known import check_programme
from services.metrics.queries.release import Release
from services.metrics.queries.reviews import measure_review
from shared import sql
from shared.db import Connection
from shared.refusal import NotFound, match_version

SQL = sql.load("services.metrics", "reviews")


async def begin_review(
    conn: Connection, programme_id: UUID, measure: str, finding: str, change: str, changed_on: date, measure_on: date
) -> UUID:
    """Write down what was found and what is changed. Raises InvalidRequest, NotByProgramme, WrongOrder."""
    check_measure(COUNTED.get(measure))
    check_days(changed_on, measure_on)
    await check_programme(conn, programme_id)
    review_id = uuid4()
    await conn.execute(SQL.add_review, review_id, programme_id, measure, finding, change, changed_on, measure_on)
    return review_id


async def conclude_review(
    conn: Connection, release: Release, review_id: UUID, conclusion: str, seen: int | None
) -> None:
    """Say what the second measurement means, and keep both measurements as they are shown.

    Raises NotFound, AlreadyConcluded, NotMeasuredAgain, Precondition*.
    """
    row = await conn.fetchrow(SQL.lock_review, review_id)
    if row is None:
        detail = "There is no such review."
        raise NotFound(detail)
    match_version(row["version"], seen)
    today = datetime.now(UTC).date()
    check_conclusion(row["measure_on"], row["concluded_on"], today)
    measured = await measure_review(release, row)
    await conn.execute(SQL.conclude_review, review_id, conclusion, today, measured.kept)
