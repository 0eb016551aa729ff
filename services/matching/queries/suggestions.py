"""Whom one person could learn from, now."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from services.matching.engine import suggestions
from services.matching.engine.at_hand import Ranked, Rows, rank
from services.matching.engine.explain import own, reason
from services.matching.engine.round import VERSION
from services.matching.engine.rules import Rules
from services.matching.queries.matches import told
from services.matching.store import received, teachers
from shared.db import Connection

READ, READ_OF_EACH = 600, 150
"""Teachers read for all skills together, and at the least for each."""
ASIDE = 10
"""So many more than are asked for are looked at for room at a time: some have none."""


class Wanted(NamedTuple):
    """What suggestions are narrowed to; None is no matter."""

    skill_id: str | None = None
    unit: str | None = None
    site: str | None = None
    language: str | None = None
    level: int = 0

    @property
    def places(self) -> list[str]:
        """Where teachers have to be, in the words of what is packed."""
        named = (("unit", self.unit), ("site", self.site), ("language", self.language))
        return [f"{kind}/{name}" for kind, name in named if name is not None]


def warm() -> None:
    """Load what the first question would wait for."""
    suggestions.warm()
    teachers.zone_names()


async def list_suggestions(
    conn: Connection, person_id: UUID, wanted: Wanted, after: tuple[int, UUID] | None, limit: int
) -> list[dict[str, Any]] | None:
    """Up to `limit` peers after a score and an id, best first; None for somebody unknown."""
    today, rules = datetime.now(UTC).date(), Rules()
    asking = await teachers.asking(conn, person_id, wanted.skill_id, rules, today)
    if asking is None:
        return None
    needs = asking.asker.needs
    if asking.hindrance(today):
        return []
    most = max(READ_OF_EACH, READ // len(needs))
    rows = await teachers.drawn(conn, asking, wanted.places, wanted.level, most, today)
    ranked = rank(asking.asker, rows, rules, received.heard(asking.row["heard"]))
    places = await _free(conn, ranked, rows, _start(ranked, rows, after), limit)
    return _shown(ranked, rows, places, asking.row["labels"])


async def why_none(conn: Connection, person_id: UUID, wanted: Wanted) -> dict[str, str]:
    """Why there is no peer to suggest to somebody known."""
    today = datetime.now(UTC).date()
    asking = await teachers.asking(conn, person_id, wanted.skill_id, Rules(), today)
    code = (asking and asking.hindrance(today)) or "nobody_fits"
    return {"code": code, "text": own(code)}


def _start(ranked: Ranked, rows: Rows, after: tuple[int, UUID] | None) -> int:
    """The first place behind a score and an id."""
    if after is None:
        return 0
    score, person = ranked.score, rows.person[ranked.row]
    high, low = teachers.words([after[1]])[0]
    behind = (person[:, 0] > high) | ((person[:, 0] == high) & (person[:, 1] > low))
    return int(np.count_nonzero((score > after[0]) | ((score == after[0]) & ~behind)))


async def _free(conn: Connection, ranked: Ranked, rows: Rows, start: int, limit: int) -> list[int]:
    """The first `limit` places from one on whose people have room for a learner."""
    found: list[int] = []
    while len(found) < limit and start < len(ranked.row):
        places = np.arange(start, min(len(ranked.row), start + limit + ASIDE))
        room = await teachers.with_room(conn, rows, ranked.row[places])
        found += places[room].tolist()
        start += len(places)
    return found[:limit]


def _shown(ranked: Ranked, rows: Rows, places: list[int], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    at = np.array(places, np.int64)
    skills = ranked.population.skills
    return [
        {
            "person_id": teachers.person_id(rows, row),
            "skill_id": skills[skill],
            "score": score,
            "reasons": [
                {
                    "code": term.code,
                    "points": term.points,
                    "skill_id": term.skill,
                    "text": reason(term.code, told(labels, term.code, term.skill)),
                }
                for term in terms
            ],
            "engine": VERSION,
        }
        for row, score, terms, skill in zip(
            *(ranked.row[at].tolist(), ranked.score[at].tolist(), ranked.why(at), rows.need[ranked.row[at]].tolist()),
            strict=True,
        )
    ]
