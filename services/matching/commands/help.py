"""Help: asked for, offered, taken; asked of ever wider circles until somebody offers or the time is over."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from services.matching.domain import help as domain
from services.matching.domain.help import CIRCLES, MOST_OPEN, HelpRequest, NotTakingPart, TooManyOpen
from services.matching.engine.people import Problem
from services.matching.engine.round import VERSION
from services.matching.engine.rules import Rules
from services.matching.engine.suggestions import suggest
from services.matching.store import help as store
from services.matching.store import people, received
from shared import outbox, sql
from shared.db import Connection
from shared.events.base import Event
from shared.events.matching import HelpClosed, HelpOffered, HelpRequested
from shared.refusal import InvalidRequest

SQL = sql.load("services.matching", "help")
ASKED_AT_ONCE = 3
CONSIDERED = 12
DUE_AT_ONCE = 100


async def ask(
    conn: Connection, requester_id: UUID | None, skill_id: str, level: int, question: str | None, within: timedelta
) -> HelpRequest:
    """Ask for help with a skill; the nearest who can are asked at once.

    Raises UnknownHelpRequest, NotTakingPart, TooManyOpen, or InvalidRequest for a skill nobody has heard of.
    """
    person = await conn.fetchrow(SQL.lock_person, requester_id)
    if person is None or requester_id is None:
        raise domain.UnknownHelpRequest("Nobody here is known by this token.")
    if person["status"] != "active":
        raise NotTakingPart(f"Help is for people at work: the person is {person['status']}.", state=person["status"])
    if not await conn.fetchval(SQL.knows_skill, skill_id):
        raise InvalidRequest.naming("skill_id", "is no skill that is known here")
    if await conn.fetchval(SQL.count_open, requester_id) >= MOST_OPEN:
        raise TooManyOpen(f"{MOST_OPEN} requests are open: accept, or withdraw one first.", state="open")
    now = datetime.now(UTC)
    request = HelpRequest(
        request_id=uuid7(),
        version=1,
        requester_id=requester_id,
        skill_id=skill_id,
        level=level,
        question=question,
        circle=CIRCLES[0],
        state="open",
        helper_id=None,
        created_at=now,
        next_step_at=now + within / domain.STEPS,
        expires_at=now + within,
        first_offer_at=None,
        engine=VERSION,
    )
    values = (request.circle, now, request.next_step_at, request.expires_at, VERSION)
    await conn.execute(SQL.insert_request, request.request_id, requester_id, skill_id, level, question, *values)
    asked = await _reach(conn, request, now)
    await store.save(conn, [asked])
    await outbox.append(conn, HelpRequested(request_id=request.request_id, skill_id=skill_id))
    return replace(asked, version=2)


async def offer(conn: Connection, request_id: UUID, person_id: UUID | None) -> HelpRequest:
    """Somebody will help. Raises UnknownHelpRequest, HelpRequestClosed or NotAskedForThat."""
    request = await _asked(conn, request_id, person_id, volunteers=True)
    assert person_id is not None
    after = domain.offered(request, person_id, datetime.now(UTC))
    told: list[Event] = []
    if request.first_offer_at is None and after.first_offer_at is not None:
        told.append(
            HelpOffered(
                request_id=request_id, skill_id=request.skill_id, seconds=_seconds(after) or 0, circle=request.circle
            )
        )
    return await _save(conn, request, after, told)


async def pass_by(conn: Connection, request_id: UUID, person_id: UUID | None) -> HelpRequest:
    """Somebody asked will not help; who it was is not told. Raises as `offer` does."""
    request = await _asked(conn, request_id, person_id)
    assert person_id is not None
    return await _go_on(conn, request, domain.passed(request, person_id, datetime.now(UTC)))


async def accept(conn: Connection, request_id: UUID, requester_id: UUID | None, person_id: UUID) -> HelpRequest:
    """The asker takes an offer. Raises UnknownHelpRequest, HelpRequestClosed or NotAskedForThat."""
    request = await _answered(conn, request_id, requester_id, person_id)
    after = domain.chosen(request, person_id, datetime.now(UTC))
    return await _save(conn, request, after, [_closed(after)])


async def decline(conn: Connection, request_id: UUID, requester_id: UUID | None, person_id: UUID) -> HelpRequest:
    """The asker does not take an offer; others are asked when nobody is left. Raises as `accept` does."""
    request = await _answered(conn, request_id, requester_id, person_id)
    return await _go_on(conn, request, domain.refused(request, person_id, datetime.now(UTC)))


async def withdraw(conn: Connection, request_id: UUID, requester_id: UUID | None) -> HelpRequest:
    """The asker needs no help any more. Raises UnknownHelpRequest or HelpRequestClosed."""
    request = await _own(conn, request_id, requester_id)
    if request.state == "withdrawn":
        return request
    domain.check_open(request, datetime.now(UTC))
    after = domain.closing(request, "withdrawn")
    return await _save(conn, request, after, [_closed(after)])


async def widen(conn: Connection) -> int:
    """Ask a wider circle where nobody has offered in time, and end what is over; returns how many that were."""
    due = await store.with_asks(conn, await conn.fetch(SQL.lock_due, DUE_AT_ONCE))
    now = datetime.now(UTC)
    after = []
    for request in due:
        if request.expires_at <= now:
            after.append(domain.closing(request, "expired"))
        elif any(one.state == "offered" for one in request.asks):
            after.append(replace(request, next_step_at=min(now + request.step(), request.expires_at)))
        else:
            after.append(await _reach(conn, replace(request, circle=request.wider()), now))
    if due:
        await store.save(conn, after)
        await outbox.append_all(conn, [(_closed(one), None) for one in after if one.state != "open"])
    return len(due)


async def leave(conn: Connection, gone: Sequence[UUID]) -> None:
    """People are gone: what they asked for is withdrawn, and whom they would have helped is helped by others."""
    ids = [row["request_id"] for row in await conn.fetch(SQL.touched_by, gone)]
    if not ids:
        return
    now, after = datetime.now(UTC), []
    for request in await store.lock(conn, sorted(ids)):
        if request.state != "open":
            continue
        if request.requester_id in gone:
            after.append(domain.closing(request, "withdrawn"))
            continue
        after.append(_left(request.without(gone), now))
    await store.save(conn, after)
    await outbox.append_all(conn, [(_closed(one), None) for one in after if one.state != "open"])


async def part(conn: Connection, changed: Sequence[UUID]) -> None:
    """Whom a wish of these people keeps from an asker finds the request withdrawn; the asker, that they are gone."""
    apart: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await conn.fetch(SQL.parted_by, changed) if changed else ():
        apart[row["request_id"]].add(row["person_id"])
    requests = [one for one in await store.lock(conn, sorted(apart)) if one.state == "open"] if apart else []
    ends = [(one.request_id, person_id) for one in requests for person_id in apart[one.request_id]]
    if not ends:
        return
    await conn.execute(SQL.end_for, *map(list, zip(*ends, strict=True)))
    now = datetime.now(UTC)
    after = [(one, one.without(apart[one.request_id])) for one in requests]
    await store.save(conn, [_left(left, now) for before, left in after if left != before])


def _left(request: HelpRequest, now: datetime) -> HelpRequest:
    """A request some are out of: others are asked now where nobody is left who may answer."""
    return request if request.waiting else replace(request, next_step_at=now)


async def _reach(conn: Connection, request: HelpRequest, now: datetime) -> HelpRequest:
    """Ask the next best people of the circle; of a wider one where it has nobody."""
    found: list[UUID] = []
    circle = request.circle
    for circle in CIRCLES[CIRCLES.index(request.circle) :]:
        found = await _best(conn, replace(request, circle=circle), now)
        if found:
            break
    reached = replace(request, circle=circle, next_step_at=min(now + request.step(), request.expires_at))
    for person_id in found:
        reached = reached.with_ask(person_id, "asked")
    return reached


async def _best(conn: Connection, request: HelpRequest, now: datetime) -> list[UUID]:
    today = now.date()
    rows = await conn.fetch(
        SQL.helpers,
        request.requester_id,
        request.skill_id,
        today,
        request.circle,
        request.request_id,
        request.level,
        request.next_step_at.isoformat(),
    )
    if not rows:
        return []
    crowd = await people.everybody(conn, None, today, [request.requester_id, *(row["person_id"] for row in rows)])
    need = ((request.skill_id, request.level, request.level + 1),)
    problem = Problem(
        people=tuple(
            one.person._replace(available=True, places=1, needs=need)
            if one.person.id == request.requester_id
            else one.person
            for one in crowd
        ),
        asked=frozenset({request.requester_id}),
        rules=Rules(),
        seed=request.request_id.int % 2**48,
        heard=await received.of_pairs(conn),
    )
    listed = await asyncio.to_thread(suggest, problem, request.requester_id, CONSIDERED)
    helpers = [(match.members[1][0], match.score) for match in listed]
    busy = {row["person_id"]: row["asks"] for row in await conn.fetch(SQL.busy_helping, [one for one, _ in helpers])}
    load = problem.rules.weights["teacher_load"]
    helpers.sort(key=lambda one: one[1] - load * busy.get(one[0], 0), reverse=True)
    return [one for one, _ in helpers[:ASKED_AT_ONCE]]


async def _asked(
    conn: Connection, request_id: UUID, person_id: UUID | None, *, volunteers: bool = False
) -> HelpRequest:
    found = await store.lock(conn, [request_id])
    if found and person_id is not None:
        asked = found[0].state_of(person_id) is not None
        if found[0].over(person_id) or (asked and await store.kept_from(conn, person_id, [found[0].requester_id])):
            return domain.over_for(found[0], person_id)
        if asked or (volunteers and await store.may_offer(conn, request_id, person_id)):
            return found[0]
    raise domain.UnknownHelpRequest("There is no such request, or it was not put to you.")


async def _own(conn: Connection, request_id: UUID, requester_id: UUID | None) -> HelpRequest:
    found = await store.lock(conn, [request_id])
    if not found or found[0].requester_id != requester_id:
        raise domain.UnknownHelpRequest("There is no such request of yours.")
    return found[0]


async def _answered(conn: Connection, request_id: UUID, requester_id: UUID | None, person_id: UUID) -> HelpRequest:
    """The asker's own request, without the offer of who is kept from them."""
    request = await _own(conn, request_id, requester_id)
    return request.without(await store.kept_from(conn, requester_id, [person_id]))


async def _go_on(conn: Connection, before: HelpRequest, after: HelpRequest) -> HelpRequest:
    """When nobody is left who may answer, the next are asked at once."""
    if after is not before and not after.waiting:
        after = await _reach(conn, after, datetime.now(UTC))
    return await _save(conn, before, after, [])


async def _save(conn: Connection, before: HelpRequest, after: HelpRequest, told: Sequence[Event]) -> HelpRequest:
    if after is before:
        return before
    await store.save(conn, [after])
    await outbox.append_all(conn, [(event, None) for event in told])
    return replace(after, version=before.version + 1)


def _seconds(request: HelpRequest) -> int | None:
    first = request.first_offer_at
    return None if first is None else max(0, int((first - request.created_at).total_seconds()))


def _closed(request: HelpRequest) -> HelpClosed:
    assert request.state != "open"
    return HelpClosed(
        request_id=request.request_id,
        skill_id=request.skill_id,
        outcome=request.state,
        seconds_to_first_offer=_seconds(request),
        circle=request.circle,
    )
