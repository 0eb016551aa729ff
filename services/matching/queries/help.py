"""Requests for help as the asker and those asked see them."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias
from uuid import UUID

from services.matching.domain.help import HelpRequest, UnknownHelpRequest, over_for
from services.matching.queries.matches import skill_labels
from services.matching.store import help as store
from shared import sql
from shared.db import Connection

SQL = sql.load("services.matching", "help")
View: TypeAlias = Literal["mine", "asked", "board"]
LISTS = {"mine": SQL.list_mine, "asked": SQL.list_asked, "board": SQL.list_board}
TOLD = frozenset({"offered", "accepted", "declined"})
"""What the asker sees of others: who offered, never who was asked in vain or passed."""
FEWEST = 5
COUNTS = ("requests", "offered", "accepted", "expired", "open")


async def get_request(conn: Connection, request_id: UUID, person_id: UUID | None) -> dict[str, Any]:
    """One request, to who asked, who was asked, and on the board. Raises UnknownHelpRequest."""
    found = await store.with_asks(conn, await conn.fetch(SQL.get_requests, [request_id]))
    if found and person_id is not None:
        mine = person_id == found[0].requester_id or found[0].state_of(person_id) is not None
        if mine or await store.may_offer(conn, request_id, person_id):
            return (await shown(conn, found, person_id))[0]
    raise UnknownHelpRequest("There is no such request, or it was not put to you.")


async def list_requests(
    conn: Connection, view: View, person_id: UUID, state: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` requests before `after`, newest first: one's own, those one was asked, or anybody's to take."""
    every = (None,) if view == "board" else ()
    rows = await conn.fetch(LISTS[view], person_id, state, after, limit, *every)
    return await shown(conn, await store.with_asks(conn, rows), person_id)


async def shown(conn: Connection, requests: Sequence[HelpRequest], person_id: UUID | None) -> list[dict[str, Any]]:
    """Requests as this person may see them."""
    labels = await skill_labels(conn, (request.skill_id for request in requests))
    others = {one.requester_id for one in requests} | {ask.person_id for one in requests for ask in one.asks}
    kept = await store.kept_from(conn, person_id, sorted(others))
    seen = requests if person_id is None else [_seen(one, person_id, kept) for one in requests]
    return [_view(request, person_id, labels.get(request.skill_id)) for request in seen]


def _seen(request: HelpRequest, person_id: UUID, kept: frozenset[UUID]) -> HelpRequest:
    """A request by who of its people are kept from each other, learned of a moment ago or not yet acted upon."""
    if request.requester_id == person_id:
        return request.without(kept)
    return over_for(request, person_id) if request.requester_id in kept or request.over(person_id) else request


def _view(request: HelpRequest, person_id: UUID | None, label: str | None) -> dict[str, Any]:
    own = person_id == request.requester_id
    names = ("request_id", "version", "requester_id", "skill_id", "level", "question", "circle", "state", "engine")
    return {
        **{name: getattr(request, name) for name in (*names, "created_at", "expires_at", "first_offer_at")},
        "skill": label,
        "asked": len(request.asks) if own else None,
        "offers": [
            {"person_id": one.person_id, "state": one.state} for one in request.asks if own and one.state in TOLD
        ],
        "helper_id": request.helper_id if own or request.helper_id == person_id else None,
        "your_answer": None if own or person_id is None else request.state_of(person_id),
    }


async def figures(conn: Connection, days: int, skill_id: str | None) -> dict[str, Any]:
    """How soon help came in the whole weeks before this one; each figure only where enough people stand behind it."""
    row = await conn.fetchrow(SQL.figures, days, skill_id)
    assert row is not None
    told = {"days": days, "skill_id": skill_id, "fewest": FEWEST}
    if row["requests_people"] < FEWEST:
        return told
    counts = {name: row[name] for name in COUNTS if row[f"{name}_people"] >= FEWEST}
    if 0 < row["unoffered_people"] < FEWEST:
        counts.pop("offered", None)
    hours = {name: _hours(row[f"seconds_{name}"]) for name in ("p50", "p90")}
    return told | counts | {"hours_to_first_offer": hours if row["offered_people"] >= FEWEST else None}


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(float(seconds) / 3600, 2)
