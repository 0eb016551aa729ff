"""Matches as members and programme owners see them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict
from uuid import UUID

from services.matching.domain.match import Match, UnknownMatch
from services.matching.engine.explain import TAGGED, reason
from services.matching.store import matches
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "matches")


class Filters(TypedDict):
    """What a list is narrowed to; None is no matter."""

    person_id: UUID | None
    round_id: UUID | None
    programme_id: UUID | None
    state: str | None
    kind: str | None
    ring_id: UUID | None


async def get_match(conn: Connection, match_id: UUID, only_of: UUID | None) -> dict[str, object]:
    """One match; with `only_of` it must be that person's. Raises UnknownMatch."""
    rows = await conn.fetch(SQL.get_match, match_id)
    found = await matches.with_members(conn, rows)
    hidden = only_of is not None and (
        not found or found[0].state == "preview" or all(member.person_id != only_of for member in found[0].members)
    )
    if not found or hidden:
        raise UnknownMatch("There is no such match of yours.")
    return (await shown(conn, found))[0]


async def list_matches(
    conn: Connection, filters: Filters, only_of: UUID | None, after: UUID | None, limit: int
) -> list[dict[str, object]]:
    """Up to `limit` matches before `after`, newest first; with `only_of` that person's alone."""
    rows = await conn.fetch(
        SQL.list_matches,
        only_of,
        filters["person_id"],
        filters["round_id"],
        filters["programme_id"],
        filters["state"],
        filters["kind"],
        filters["ring_id"],
        after,
        limit,
    )
    return await shown(conn, await matches.with_members(conn, rows))


async def shown(conn: Connection, found: Sequence[Match]) -> list[dict[str, object]]:
    """Matches with their reasons in words."""
    labels = await skill_labels(conn, (term.skill_id for match in found for term in match.reasons))
    return [
        {
            **{name: getattr(match, name) for name in ("match_id", "version", "kind", "state", "programme_id")},
            **{name: getattr(match, name) for name in ("round_id", "skill_id", "members", "score", "expires_at")},
            **{name: getattr(match, name) for name in ("ring_id", "rules_version", "engine", "asked")},
            "facilitator_id": match.facilitator,
            "reasons": [
                {**term.model_dump(), "text": reason(term.code, told(labels, term.code, term.skill_id))}
                for term in match.reasons
            ],
        }
        for match in found
    ]


def told(labels: Mapping[str, str], code: str, about: str | None) -> str | None:
    """What a reason speaks of, in words: a skill's label, or a tag, which is a word itself."""
    return about if code == TAGGED else labels.get(about or "")


async def skill_labels(conn: Connection, skills: Iterable[str | None]) -> dict[str, str]:
    """Labels of the skills that are known."""
    rows = await conn.fetch(SQL.labels, sorted({skill for skill in skills if skill}))
    return {row["skill_id"]: row["label"] for row in rows}
