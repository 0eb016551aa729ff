"""Why programmes that are for somebody do not ask them: what is theirs alone to know and to change."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.matching.domain.format import BUDDY_FORMAT, UnknownPerson, kind_of
from services.matching.engine.explain import own
from services.matching.store import people, programmes
from services.matching.store.people import Known
from services.matching.store.programmes import Programme
from shared.db import Connection, Record


async def list_not_asked(conn: Connection, person_id: UUID) -> list[dict[str, Any]]:
    """Programmes for somebody that would not match them now, and why. Raises UnknownPerson."""
    today = datetime.now(UTC).date()
    open_ = await programmes.open_to(conn, person_id, today)
    row, seen = await people.by_programmes(conn, person_id, open_, today)
    if row is None:
        raise UnknownPerson("There is no such person.")
    why = [(one, in_the_way(row, one, known, today)) for one, known in zip(open_, seen, strict=True)]
    return [{"programme_id": one.programme_id, "reason": code, "text": own(code)} for one, code in why if code]


def in_the_way(row: Record, programme: Programme, known: Known, today: date) -> str | None:
    """The first that is in the way; None where a round asks them."""
    buddy = programme.format == BUDDY_FORMAT
    if not row["opted_in"] or row["status"] not in {"active", *(("prehire",) if buddy else ())}:
        return "not_taking_part"
    if row["paused_until"] is not None and row["paused_until"] > today:
        return "paused"
    if buddy:
        return "no_time" if row["time_budget_minutes"] < programme.learning.session else None
    return _unlike(row, programme) or _unfit(programme, known)


def _unlike(row: Record, programme: Programme) -> str | None:
    if row["formats"] and programme.format not in row["formats"]:
        return "another_format"
    return "another_modality" if row["modalities"] and programme.modality not in row["modalities"] else None


def _unfit(programme: Programme, known: Known) -> str | None:
    if not people.concerned(known.person, kind_of(programme.format), programme.skills):
        return "nothing_of_it"
    return None if known.person.available else "no_time"
