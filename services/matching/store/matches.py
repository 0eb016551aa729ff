"""Matches between their rows and the domain."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.domain.match import Match, Member, first_answer
from services.matching.engine import received
from services.matching.engine.people import Match as Formed
from services.matching.engine.people import Term
from services.matching.engine.round import VERSION
from services.matching.store.programmes import Programme
from shared import sql
from shared.db import Connection, Record
from shared.events.matching import MatchKind, MatchReason

SQL = sql.load("services.matching", "matches")
AT_ONCE = 100
"""Matches made into rows, or rows into matches, before others get their turn."""
PAGE = 500
"""Matches of a round that are decided about at a time, however many it has."""
EXCHANGES = {2: "exchange_of_two", 3: "exchange_of_three"}
"""The reason that says of a leg how many teach each other."""


def proposals(
    kind: MatchKind,
    formed: Iterable[Sequence[Formed]],
    programme: Programme,
    round_id: UUID | None,
    expires_at: datetime | None = None,
) -> Iterator[Match]:
    """What the engine formed, the legs of an exchange together, as matches.

    A circle stands, everything else waits for answers as long as the rules say.
    """
    until = expires_at or datetime.now(UTC) + timedelta(days=programme.rules.expires_days)
    for legs in formed:
        ring_id = uuid7() if len(legs) > 1 else None
        for each in legs:
            yield Match(
                match_id=uuid7(),
                version=1,
                kind=kind,
                state="formed" if kind == "circle" else "proposed",
                programme_id=programme.programme_id,
                round_id=round_id,
                skill_id=each.skill,
                members=tuple(Member(person, role, first_answer(kind, role)) for person, role in each.members),  # type: ignore[arg-type]
                score=each.score,
                reasons=reasons(each.terms) + ((_reason(EXCHANGES[len(legs)], 0, None),) if ring_id else ()),
                expires_at=None if kind == "circle" else until,
                ring_id=ring_id,
                rules_version=programme.rules_version,
                engine=VERSION,
            )


def reasons(terms: Iterable[Term]) -> tuple[MatchReason, ...]:
    """Terms of a score as they are told."""
    return tuple(_reason(term.code, term.points, term.skill) for term in terms)


@lru_cache(1 << 14)
def _reason(code: str, points: int, skill_id: str | None) -> MatchReason:
    """The same object for the same words: there are few, and a round says them a million times."""
    return MatchReason(code=code, points=points, skill_id=skill_id)


async def insert(conn: Connection, matches: Iterable[Match]) -> None:
    """New matches with their members, some at a time."""
    rest = iter(matches)
    while some := list(islice(rest, AT_ONCE)):
        await _insert(conn, some)


async def _insert(conn: Connection, matches: Sequence[Match]) -> None:
    rows = [
        {
            "match_id": str(match.match_id),
            "kind": match.kind,
            "state": match.state,
            "programme_id": str(match.programme_id),
            "round_id": str(match.round_id) if match.round_id else None,
            "skill_id": match.skill_id,
            "score": match.score,
            "reasons": [reason.model_dump() for reason in match.reasons],
            "expires_at": match.expires_at.isoformat() if match.expires_at else None,
            "ring_id": str(match.ring_id) if match.ring_id else None,
            "rules_version": match.rules_version,
            "asked": match.asked,
            "engine": match.engine,
        }
        for match in matches
    ]
    await conn.execute(SQL.insert_matches, rows)
    members = [(match.match_id, member) for match in matches for member in match.members]
    await conn.execute(
        SQL.insert_members,
        [match_id for match_id, _ in members],
        [member.person_id for _, member in members],
        [member.role for _, member in members],
        [member.answer for _, member in members],
    )


async def lock(conn: Connection, match_ids: Sequence[UUID]) -> list[Match]:
    """These matches, locked in the order of their ids."""
    return await with_members(conn, await conn.fetch(SQL.lock_matches, match_ids))


async def lock_with_legs(conn: Connection, match_ids: Sequence[UUID]) -> list[Match]:
    """The same, and the other legs of the exchanges they are legs of."""
    return await lock(conn, [row["match_id"] for row in await conn.fetch(SQL.legs, match_ids)])


async def lock_expired(conn: Connection, limit: int) -> list[Match]:
    """Proposals past their time that nobody is answering just now."""
    return await with_members(conn, await conn.fetch(SQL.lock_expired, limit))


async def some_previews(conn: Connection, round_id: UUID, after: object) -> list[Match]:
    """Some of a round's matches that nobody has been told of yet, the legs of an exchange together, `after` one."""
    return await with_members(conn, await conn.fetch(SQL.previews_after, round_id, after, PAGE))


async def forget_previews(conn: Connection, match_ids: Sequence[UUID]) -> None:
    """As if these had never been thought of."""
    for start in range(0, len(match_ids), PAGE):
        await conn.execute(SQL.forget_previews, match_ids[start : start + PAGE])


async def forget_round(conn: Connection, round_id: UUID) -> None:
    """As if none of a round's previews had."""
    while rows := await conn.fetch(SQL.previews_after, round_id, None, PAGE):
        await forget_previews(conn, [row["match_id"] for row in rows])


async def publish(conn: Connection, matches: Sequence[Match]) -> None:
    """These previews do."""
    ids, states = [match.match_id for match in matches], [match.state for match in matches]
    await conn.execute(SQL.publish_previews, ids, states, [match.expires_at for match in matches])


async def get(conn: Connection, match_ids: Sequence[UUID]) -> list[Match]:
    """These, in the order of their ids."""
    return await with_members(conn, await conn.fetch(SQL.get_matches, match_ids))


async def with_members(conn: Connection, rows: Sequence[Record]) -> list[Match]:
    """Rows of `matches` with their members, in the order of the rows."""
    found: list[Match] = []
    for start in range(0, len(rows), AT_ONCE):
        found += await _with_members(conn, rows[start : start + AT_ONCE])
    return found


async def _with_members(conn: Connection, rows: Sequence[Record]) -> list[Match]:
    members: dict[UUID, list[Member]] = defaultdict(list)
    for row in await conn.fetch(SQL.members_of, [row["match_id"] for row in rows]):
        members[row["match_id"]].append(Member(row["person_id"], row["role"], row["answer"]))
    return [
        Match(
            match_id=row["match_id"],
            version=row["version"],
            kind=row["kind"],
            state=row["state"],
            programme_id=row["programme_id"],
            round_id=row["round_id"],
            skill_id=row["skill_id"],
            members=tuple(members[row["match_id"]]),
            score=row["score"],
            reasons=tuple(_reason(why["code"], why["points"], why.get("skill_id")) for why in row["reasons"]),
            expires_at=row["expires_at"],
            ring_id=row["ring_id"],
            rules_version=row["rules_version"],
            asked=row["asked"],
            engine=row["engine"],
        )
        for row in rows
    ]


async def likeness(conn: Connection, match_ids: Sequence[UUID]) -> dict[UUID, str]:
    """How alike the two of each of these matches are; nothing of one whose people are not both known."""
    return {
        row["match_id"]: received.likeness(
            another_unit=row["another_unit"], same_site=row["same_site"], apart=row["apart"]
        )
        for row in await conn.fetch(SQL.likeness, match_ids)
    }


async def save_states(conn: Connection, matches: Sequence[Match]) -> None:
    """The new states of locked matches; each counts one version up."""
    ids, states = [match.match_id for match in matches], [match.state for match in matches]
    await conn.execute(SQL.change_states, ids, states)


async def save_reasons(conn: Connection, matches: Sequence[Match]) -> None:
    """Why these locked matches stand, as it is now."""
    rows = [
        {
            "match_id": str(match.match_id),
            "score": match.score,
            "reasons": [reason.model_dump() for reason in match.reasons],
            "rules_version": match.rules_version,
        }
        for match in matches
    ]
    if rows:
        await conn.execute(SQL.save_reasons, rows)


async def save_members(conn: Connection, before: Sequence[Match], after: Sequence[Match]) -> None:
    """Who is in these locked circles now."""
    gone = [
        (old.match_id, member.person_id)
        for old, new in zip(before, after, strict=True)
        for member in set(old.members) - set(new.members)
    ]
    await conn.execute(SQL.remove_members, [match_id for match_id, _ in gone], [person for _, person in gone])
    come = [
        (new.match_id, member)
        for old, new in zip(before, after, strict=True)
        for member in set(new.members) - set(old.members)
    ]
    ids, members = [match_id for match_id, _ in come], [member for _, member in come]
    people, roles = [member.person_id for member in members], [member.role for member in members]
    await conn.execute(SQL.add_members, ids, people, roles)
