"""Where and how a session is held, for whom it is made easy, and which courses lie before or after it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from shared.refusal import NotFound

Place = Literal["room", "worksite", "at_the_job"]
"""A room to meet in; where the work is done; while it is done."""
Access = Literal["captions", "interpreter", "step_free"]
PLACES: Mapping[Place, str] = {
    "room": "It is held in a room.",
    "worksite": "It is held at the worksite.",
    "at_the_job": "It is held at the job: you watch and do real work.",
}
ACCESS: Mapping[Access, str] = {
    "captions": "captions",
    "interpreter": "an interpreter",
    "step_free": "step-free access",
}
MOST_COURSES = 10


class UnknownAccommodation(NotFound):
    """Nobody has asked for anything there, or it is not for the caller."""


def described(place: Place | None, access: Sequence[Access], courses: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """What an invitation says of it, a sentence each; nothing where nothing was arranged."""
    lines = [PLACES[place]] if place else []
    if access:
        lines.append(f"There is {', '.join(ACCESS[flag] for flag in ACCESS if flag in access)}.")
    lines += [f"{course['relation'].capitalize()} it: {course['title']} ({course['uri']})" for course in courses]
    return tuple(lines)
