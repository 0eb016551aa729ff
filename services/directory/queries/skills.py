"""Skills as they are searched and looked at."""

from dataclasses import dataclass
from typing import Any

from services.directory.domain.taxonomy import AFTER_ALL, fold
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "skills")
RANKS = range(4)
IN_ANY_ORDER = 4
SHORTEST_WORD = 2
"""A single letter of one of several words says nothing yet."""
MOST_WORDS = 60
"""As many as there are bits to tell which of them a skill has."""
MOST_NARROWER = 200
MANY = 1000
"""Of so many terms it takes longer to gather and sort the skills than to walk through all in order."""
COMMON = 20_000
"""Where each of several words begins so many terms, skills that have them all are met soon on a walk."""
TOPIC = 5
"""Best matches that a question about somebody who knows is about."""


@dataclass(frozen=True, slots=True)
class Found:
    """A skill with all its labels and its neighbours in the tree."""

    skill: Record
    labels: list[Record]
    broader: list[Record]
    narrower: list[Record]


async def search_skills(
    conn: Connection, words: str, language: str | None, after: tuple[Any, ...] | None, limit: int
) -> list[Record]:
    """Skills in use that are called so, the best matches first; one more than `limit` if there are more.

    Labels that begin with the words, then alternatives, then words within them, then all words in any order. Each rank
    is asked only if those before it have not filled the page.
    """
    typed = fold(words)
    start, label, skill_id = after or (0, None, None)
    if not typed:
        return list(await conn.fetch(SQL.list_skills, label, skill_id, limit + 1))
    found: list[Record] = []
    for rank in RANKS:
        if rank >= start and len(found) <= limit:
            place = (label, skill_id) if rank == start else (None, None)
            asked = rank, typed, typed + AFTER_ALL, language
            # Labels that begin alike stand together: there is nothing to find on the way to them.
            many = rank > 0 and await conn.fetchval(SQL.terms_of_rank, *asked, MANY) == MANY
            found += await conn.fetch(
                SQL.walk_rank if many else SQL.search_rank, *asked, *place, limit + 1 - len(found)
            )
    each = sorted(set(typed.split()))[:MOST_WORDS]
    if len(each) > 1 and min(map(len, each)) >= SHORTEST_WORD and len(found) <= limit:
        place = (label, skill_id) if start == IN_ANY_ORDER else (None, None)
        found += await _in_any_order(conn, each, typed, language, place, limit + 1 - len(found))
    return found


async def _in_any_order(
    conn: Connection, each: list[str], typed: str, language: str | None, place: tuple[str | None, str | None], most: int
) -> list[Record]:
    ends = [word + AFTER_ALL for word in each]
    counts = [row["terms"] for row in await conn.fetch(SQL.terms_of_words, each, ends, language, COMMON)]
    rarer, common = (
        [word for word, terms in zip(each, counts, strict=True) if (terms == COMMON) is so] for so in (False, True)
    )
    asked = typed, typed + AFTER_ALL, language, *place, most
    if not rarer:
        return await conn.fetch(SQL.walk_words, each, ends, *asked)
    rarer_ends, common_ends = ([word + AFTER_ALL for word in words] for words in (rarer, common))
    return await conn.fetch(SQL.search_words, rarer, rarer_ends, *asked, common, common_ends)


async def get_skill(conn: Connection, skill_id: str) -> Found | None:
    """One skill."""
    skill = await conn.fetchrow(SQL.get_skill, skill_id)
    if skill is None:
        return None
    return Found(
        skill,
        await conn.fetch(SQL.labels_of, skill_id),
        await conn.fetch(SQL.broader_of, skill_id),
        await conn.fetch(SQL.narrower_of, skill_id, MOST_NARROWER),
    )


async def topic(conn: Connection, words: str | None, skill_id: str | None, most: int) -> list[str]:
    """The skills a question is about, and all below them."""
    if skill_id is not None:
        skill = await conn.fetchrow(SQL.get_skill, skill_id)
        wanted = [(skill["replaced_by"] if skill else None) or skill_id]
    else:
        wanted = [row["skill_id"] for row in await search_skills(conn, words or "", None, None, TOPIC - 1)]
    return [row["skill_id"] for row in await conn.fetch(SQL.with_narrower, wanted, most)]
