"""Whom one person could learn from, now."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.matching.engine.explain import reason
from services.matching.engine.people import Match, Person, Problem
from services.matching.engine.round import VERSION
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import suggest
from services.matching.queries.matches import skill_labels, told
from services.matching.store import people
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "rounds")
DEEPEST = 300
"""Further down nobody looks, and nothing is computed."""
READ, READ_OF_EACH = 240, 60
"""Teachers read for all skills together, and at the least for each."""


class Wanted(NamedTuple):
    """What suggestions are narrowed to; None is no matter."""

    skill_id: str | None = None
    unit: str | None = None
    site: str | None = None
    language: str | None = None
    level: int = 0


async def list_suggestions(
    conn: Connection, person_id: UUID, wanted: Wanted, after: tuple[int, UUID] | None, limit: int
) -> list[dict[str, Any]] | None:
    """Up to `limit` peers after a score and an id, best first; None for somebody unknown."""
    today = datetime.now(UTC).date()
    rules = Rules()
    found = await people.everybody(conn, None, today, [person_id])
    if not found:
        return None
    self = _asking(found[0].person, wanted.skill_id)
    needs = [skill for skill, *_ in self.needs]
    least = [max(wanted.level, level + rules.margin) for _, level, _ in self.needs]
    where = (wanted.unit, wanted.site, wanted.language, self.languages)
    most = max(READ_OF_EACH, READ // max(1, len(needs)))
    rows = await conn.fetch(SQL.teachers_of, person_id, needs, least, *where, most)
    teachers = [row["person_id"] for row in rows]
    crowd = await people.everybody(conn, None, today, teachers) if teachers else []
    problem = Problem(
        people=(self, *(_at_least(one.person, wanted.level) for one in crowd)),
        asked=frozenset({person_id}),
        rules=rules,
        seed=today.toordinal(),
        recent=await people.recent_pairs(conn, rules.cool_off_days, [person_id]),
    )
    ranked = await asyncio.to_thread(suggest, problem, person_id, DEEPEST)
    ranked.sort(key=_key)
    rest = [match for match in ranked if after is None or _key(match) > (-after[0], after[1])]
    return await _shown(conn, rest[:limit])


def _asking(person: Person, skill: str | None) -> Person:
    """The person with what they want to learn, or with one skill they ask about."""
    if skill is None:
        return person
    needs = tuple(need for need in person.needs if need[0] == skill)
    return person._replace(needs=needs or ((skill, dict(person.offers).get(skill, 0), 1),))


def _at_least(person: Person, level: int) -> Person:
    return person._replace(offers=tuple(offer for offer in person.offers if offer[1] >= level)) if level else person


def _key(match: Match) -> tuple[int, UUID]:
    return -match.score, match.members[1][0]


async def _shown(conn: Connection, found: Sequence[Match]) -> list[dict[str, Any]]:
    labels = await skill_labels(conn, (term.skill for match in found for term in match.terms))
    return [
        {
            "person_id": match.members[1][0],
            "skill_id": match.skill,
            "score": match.score,
            "engine": VERSION,
            "reasons": [
                {
                    "code": term.code,
                    "points": term.points,
                    "skill_id": term.skill,
                    "text": reason(term.code, told(labels, term.code, term.skill)),
                }
                for term in match.terms
            ],
        }
        for match in found
    ]
