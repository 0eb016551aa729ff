"""Give, record, consent to and take back what is said of a programme."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.sessions.domain.programme import UnknownProgramme
from services.sessions.domain.testimonials import (
    Attribution,
    StaysConfidential,
    TestimonialKind,
    TestimonialState,
    TokenTaken,
    TookNoPart,
    UnknownTestimonial,
    check_open,
    hashed,
    withdrawal,
)
from shared import sql
from shared.db import Connection

SQL = sql.load("services.sessions", "testimonials")


async def give(
    conn: Connection,
    programme_id: UUID,
    by: UUID,
    text: str,
    tags: Sequence[str],
    attribution: Attribution,
    token: str | None,
) -> None:
    """One's own words, which is consent. Raises UnknownProgramme, TookNoPart, StaysConfidential, TokenTaken."""
    kept = withdrawal(attribution, token)
    await _check_part(conn, programme_id, by)
    author = by if kept is None else None
    row = (uuid4(), "testimonial", programme_id, author, kept, None, "consented", text, sorted(set(tags)))
    if not await conn.fetchval(SQL.insert, *row):
        raise TokenTaken("This token takes back another testimonial.", state="taken")


async def record(
    conn: Connection,
    programme_id: UUID,
    person_id: UUID,
    kind: TestimonialKind,
    text: str,
    tags: Sequence[str],
    recorded_by: UUID | None,
) -> UUID:
    """Somebody else's words, written down by whoever oversees programmes: nobody reads them before they consent.

    Raises UnknownProgramme, TookNoPart, StaysConfidential.
    """
    await _check_part(conn, programme_id, person_id)
    made = uuid4()
    row = (made, kind, programme_id, person_id, None, recorded_by, "asked", text, sorted(set(tags)))
    await conn.execute(SQL.insert, *row)
    await conn.execute(SQL.ask_consent, made, person_id)
    return made


async def answer(
    conn: Connection, testimonial_id: UUID, by: UUID, attribution: Attribution, token: str | None, *, consents: bool
) -> None:
    """Whether one's words may be read, and under one's name. Raises UnknownTestimonial, ConsentSettled, TokenTaken."""
    kept = withdrawal(attribution, token) if consents else None
    await _lock(conn, testimonial_id, by, "asked")
    if not consents:
        await conn.execute(SQL.end, testimonial_id, "refused")
        return
    if kept is not None and await conn.fetchval(SQL.is_taken, kept):
        raise TokenTaken("This token takes back another testimonial.", state="taken")
    await conn.execute(SQL.consent, testimonial_id, kept)


async def withdraw(conn: Connection, testimonial_id: UUID, by: UUID) -> None:
    """Take one's words back. Raises UnknownTestimonial, ConsentSettled."""
    await _lock(conn, testimonial_id, by, "consented")
    await conn.execute(SQL.end, testimonial_id, "withdrawn")


async def withdraw_by_token(conn: Connection, token: str) -> None:
    """Take back what was said without a name. Raises UnknownTestimonial."""
    if not await conn.fetchval(SQL.end_by_token, hashed(token)):
        raise UnknownTestimonial("No words can be taken back with this token.")


async def _lock(conn: Connection, testimonial_id: UUID, by: UUID, wanted: TestimonialState) -> None:
    row = await conn.fetchrow(SQL.lock, testimonial_id, by)
    if row is None:
        raise UnknownTestimonial("There is no such testimonial, or the words are not yours.")
    check_open(row["state"], wanted)


async def _check_part(conn: Connection, programme_id: UUID, person_id: UUID) -> None:
    part = await conn.fetchrow(SQL.part, programme_id, person_id)
    if part is None:
        raise UnknownProgramme("There is no such programme.")
    if not part["attended"]:
        raise TookNoPart("They have attended no session of it.", state="took no part")
    if part["confidentiality"] == "closed":
        raise StaysConfidential("The programme is closed.", state=part["confidentiality"])
