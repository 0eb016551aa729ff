"""Where formal training falls short."""

from datetime import date
from typing import Any

import httpx

from shared.db import Database
from shared.events.follow_up import CourseGapCounted
from tests.fixtures.issuer import Issuer
from tests.metrics.test_api import read, store
from tests.metrics.world import PROGRAMME, programme


def gap(course: str, people: int, version: int = 1, month: int = 10) -> CourseGapCounted:
    return CourseGapCounted(
        programme_id=PROGRAMME, course=course, month=date(2026, month, 1), version=version, people=people
    )


async def test_courses_that_leave_questions_are_listed_by_month_of_k_people_and_more(
    api: httpx.AsyncClient, issuer: Issuer, db: Database
) -> None:
    """C13: the course gap signal in metrics: newest count, whatever the order of events; paged; shown on its page."""
    await store(db, programme())
    await store(db, gap("urn:a", 10, version=2), gap("urn:b", 5), gap("urn:b", 15, month=11))
    await store(db, gap("urn:a", 5))
    seen: list[dict[str, Any]] = []
    following: str | None = None
    while not seen or following:
        cursor = {"cursor": following} if following else {}
        reply = await read(api, issuer, "/v1/course-gaps", limit=2, **cursor)
        seen, following = seen + reply["items"], reply["next"]
    assert [(one["course"], one["month"], one["people"]) for one in seen] == [
        ("urn:b", "2026-11-01", 15), ("urn:b", "2026-10-01", 5), ("urn:a", "2026-10-01", 10),
    ]  # fmt: skip
    page = await api.get("/skills", headers=issuer.bearer("analyst"))
    assert (page.status_code, "urn:b" in page.text) == (200, True)
