"""Who asks, as far as the rules of sessions care."""

from uuid import UUID

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


def viewer(principal: Principal) -> UUID | None:
    """Whose things are shown: None for all, because the caller oversees them. Raises NoPerson."""
    return None if principal.has(*OVERSEERS) else person(principal)
