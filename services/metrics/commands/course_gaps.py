"""Where formal training falls short, as sessions counts it."""

from collections.abc import Sequence

from services.metrics import store
from services.metrics.domain.latest import newest
from shared import sql
from shared.db import Connection
from shared.events.follow_up import CourseGapCounted

SQL = sql.load("services.metrics", "course_gaps")


async def record_course_gaps(conn: Connection, told: Sequence[CourseGapCounted]) -> None:
    """Record how many people a course has left with a question; the highest version of a month holds."""
    gaps = newest(told, lambda gap: (gap.programme_id, gap.course, store.first_of_month(gap.month)))
    await conn.execute(SQL.apply_gaps, [{**gap.model_dump(), "month": store.first_of_month(gap.month)} for gap in gaps])
