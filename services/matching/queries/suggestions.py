"""Whom one person could learn from, now."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from services.matching.engine.explain import reason
from services.matching.engine.people import Problem
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import suggest
from services.matching.queries.matches import skill_labels
from services.matching.store import people
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "rounds")


async def list_suggestions(conn: Connection, person_id: UUID, limit: int) -> list[dict[str, object]] | None:
    """The best peers for what a person wants to learn, best first; None for somebody unknown."""
    today = datetime.now(UTC).date()
    rules = Rules()
    self = await people.everybody(conn, None, today, [person_id])
    if not self:
        return None
    needs = [skill for skill, *_ in self[0].person.needs]
    teachers = [row["person_id"] for row in await conn.fetch(SQL.teachers_of, person_id, needs)]
    crowd = [*self, *(await people.everybody(conn, None, today, teachers) if teachers else [])]
    problem = Problem(
        people=tuple(one.person for one in crowd),
        asked=frozenset({person_id}),
        rules=rules,
        seed=today.toordinal(),
        recent=await people.recent_pairs(conn, rules.cool_off_days, [person_id]),
    )
    found = await asyncio.to_thread(suggest, problem, person_id, limit)
    labels = await skill_labels(conn, (term.skill for match in found for term in match.terms))
    return [
        {
            "person_id": match.members[1][0],
            "skill_id": match.skill,
            "score": match.score,
            "reasons": [
                {
                    "code": term.code,
                    "points": term.points,
                    "skill_id": term.skill,
                    "text": reason(term.code, labels.get(term.skill or "")),
                }
                for term in match.terms
            ],
        }
        for match in found
    ]
