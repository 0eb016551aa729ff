"""Who asks, as far as the rules of sessions care."""

from uuid import UUID

from services.sessions.commands.founding import Caller
from shared.auth import Principal
from shared.refusal import Forbidden

OVERSEERS = ("programme-owner", "admin")


class NoPerson(Forbidden):
    """The token speaks for a system and not for a person."""


def person(principal: Principal) -> UUID:
    """The person who asks. Raises NoPerson."""
    if principal.person_id is None:
        raise NoPerson("Only a person can do this: the token names none.")
    return principal.person_id


def oversees(principal: Principal) -> bool:
    """Whether the caller oversees programmes."""
    return principal.has(*OVERSEERS)


def viewer(principal: Principal) -> UUID | None:
    """Whose things are shown: None for all, because the caller oversees them. Raises NoPerson."""
    return None if oversees(principal) else person(principal)


def caller(principal: Principal) -> Caller:
    """Somebody who may lead something, or oversees all. Raises NoPerson."""
    if not oversees(principal):
        person(principal)
    return Caller(principal.person_id, oversees(principal))
