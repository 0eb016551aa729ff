"""What becomes of booked times when people's time changes: they stay where they can, and move where they must."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from services.sessions.domain.budget import Budgets
from services.sessions.domain.hours import Hours, Span
from services.sessions.domain.scheduling import Request, find, fits, overdrawn, take


class Settled(NamedTuple):
    """Where a booking is now, and whether everybody can be there."""

    span: Span
    fits: bool


def settle(
    bookings: Iterable[tuple[Request, Span]],
    hours: Mapping[UUID, Hours],
    busy: dict[UUID, list[Span]],
    budgets: Budgets,
    changed: Collection[UUID] = (),
    fixed: Collection[int] = (),
) -> list[Settled]:
    """Keep each booking where its people can be there; else move it to the best slot; else leave it where it is.

    What is moved keeps to everybody's budgets. What was agreed stays although somebody has gone beyond theirs since,
    unless they are among the `changed`: new in it, or with other hours, engagements or budgets. What can stay is looked
    at first, so that it does not make room for what has to move. The `fixed`, by their place, stay in any case: their
    time was said, and others have it in their calendars.
    """
    every = list(bookings)
    settled: dict[int, Settled] = {}
    for number, (request, booked) in sorted(enumerate(every), key=lambda each: each[0] not in fixed):
        stays = _stays(request, booked, hours, busy, budgets, changed)
        if stays or number in fixed:
            settled[number] = Settled(booked, fits=stays)
            take(request, booked, busy, budgets)
    for number, (request, booked) in enumerate(every):
        if number not in settled:
            settled[number] = where = _moved(request, booked, hours, busy, budgets)
            take(request, where.span, busy, budgets)
    return [settled[number] for number in range(len(every))]


def _stays(
    request: Request,
    booked: Span,
    hours: Mapping[UUID, Hours],
    busy: Mapping[UUID, list[Span]],
    budgets: Budgets,
    changed: Collection[UUID],
) -> bool:
    weeks, taken = [hours[person] for person in request.people], [busy.get(p, []) for p in request.people]
    return fits(booked, weeks, taken) and not set(changed).intersection(overdrawn(request, booked.start, budgets))


def _moved(
    request: Request, booked: Span, hours: Mapping[UUID, Hours], busy: Mapping[UUID, list[Span]], budgets: Budgets
) -> Settled:
    """The best slot, but where it is if that is as far outside of working hours as any has to be, or there is none."""
    weeks, taken = [hours[person] for person in request.people], [busy.get(p, []) for p in request.people]
    slot = find(request, weeks, taken, budgets=budgets)
    if slot is None:
        return Settled(booked, fits=False)
    afforded = not overdrawn(request, booked.start, budgets)
    if slot.outside and afforded and fits(booked, [week.stretched(slot.outside) for week in weeks], taken):
        return Settled(booked, fits=True)
    return Settled(Span(slot.start, slot.end), fits=True)
