"""Reasons of circles that stand are true of who is in them: told anew whenever somebody has come or gone."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.matching.commands.problems import problem_for
from services.matching.domain.match import Match
from services.matching.engine import retelling
from services.matching.engine.retelling import LOAD, Standing
from services.matching.store import matches, programmes
from shared.db import Connection


async def retell(conn: Connection, circles: Sequence[Match]) -> list[Match]:
    """These circles with the reasons of who is in them now, by the rules of now; both are stored."""
    by_programme: dict[UUID, list[Match]] = defaultdict(list)
    for match in circles:
        by_programme[match.programme_id].append(match)
    today = datetime.now(UTC).date()
    after: dict[UUID, Match] = {}
    for programme_id, theirs in sorted(by_programme.items()):
        programme = await programmes.get(conn, programme_id)
        only = sorted({member.person_id for match in theirs for member in match.members})
        problem, _ = await problem_for(conn, programme, today, 0, only=only)
        found = await asyncio.to_thread(retelling.retell, problem, [_standing(match) for match in theirs])
        for match, terms in zip(theirs, found, strict=True):
            after[match.match_id] = match.retold(matches.reasons(terms), programme.rules_version)
    await matches.save_reasons(conn, list(after.values()))
    return [after[match.match_id] for match in circles]


def _standing(match: Match) -> Standing:
    load = sum(reason.points for reason in match.reasons if reason.code == LOAD)
    return Standing(match.participants, match.facilitator, match.skill_id, load)
