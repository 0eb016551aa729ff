"""A round's people told some at a time: each names others by their places in it, so that nobody is named twice."""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from services.matching.engine.people import Person, Problem


class Placed(NamedTuple):
    """Somebody at a place of a round; `person` tells of nobody else."""

    place: int
    asked: bool
    person: Person
    manager: int | None = None
    not_with: Sequence[int] = ()
    recent: Sequence[int] = ()
    """Whom they were matched with lately; of two, one says it."""


class Assembled(NamedTuple):
    """A whole problem, and the place of each of its people."""

    problem: Problem
    places: "array[int]"


def assembled(head: Problem, pages: Sequence[list[Placed]]) -> Assembled:
    """The problem that `head` is but for its people; empties the pages. Who is not among them is nobody's manager."""
    ids: list[UUID | None] = [None] * (1 + max((one.place for page in pages for one in page), default=-1))
    for page in pages:
        for one in page:
            ids[one.place] = one.person.id
    people: list[Person] = []
    places = array("i")
    asked: set[UUID] = set()
    recent: set[tuple[UUID, UUID]] = set()
    for page in pages:
        people += [_named(one, ids) for one in page]
        places.extend(one.place for one in page)
        asked.update(one.person.id for one in page if one.asked)
        recent.update((one.person.id, other) for one in page for other in _here(one.recent, ids))
        page.clear()
    problem = replace(head, people=tuple(people), asked=frozenset(asked), recent=frozenset(recent))
    return Assembled(problem, places)


def _named(one: Placed, ids: Sequence[UUID | None]) -> Person:
    if one.manager is None and not one.not_with:
        return one.person
    manager = ids[one.manager] if one.manager is not None and one.manager < len(ids) else None
    return one.person._replace(manager=manager, not_with=tuple(_here(one.not_with, ids)))


def _here(places: Sequence[int], ids: Sequence[UUID | None]) -> list[UUID]:
    return [found for place in places if place < len(ids) and (found := ids[place])]
