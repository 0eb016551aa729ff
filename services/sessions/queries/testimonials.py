"""Testimonials as their readers may see them."""

from uuid import UUID

from services.sessions.domain.testimonials import CROWD, TestimonialKind
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.sessions", "testimonials")


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
