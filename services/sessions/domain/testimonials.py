"""What people say of a programme for others to read, with their name or without, for as long as they consent."""

import hashlib
from typing import Literal

from shared.refusal import InvalidRequest, NotFound, Refused

TestimonialKind = Literal["testimonial", "case_study", "interview"]
TestimonialState = Literal["asked", "consented", "refused", "withdrawn"]
Attribution = Literal["named", "anonymous"]
CROWD = 10
"""Words without a name are shown once so many people have taken part: comments need more people than scores do."""


class UnknownTestimonial(NotFound):
    """There is no such testimonial, or it is not the caller's to know."""


class TookNoPart(Refused):
    """Only somebody who was there can say how it was."""


class ConsentSettled(Refused):
    """It was answered, refused or withdrawn."""


class StaysConfidential(Refused):
    """What a closed programme is like is for those in it."""


class TokenTaken(Refused):
    """A token takes back one testimonial: make another for the next."""


def withdrawal(attribution: Attribution, token: str | None) -> bytes | None:
    """What is kept of the token with which words without a name are taken back. Raises InvalidRequest."""
    if attribution == "named":
        if token is not None:
            raise InvalidRequest.naming("token", "is for words without a name")
        return None
    if token is None:
        raise InvalidRequest.naming("token", "is missing: without a name, only it can take the words back")
    return hashed(token)


def hashed(token: str) -> bytes:
    """As it is kept."""
    return hashlib.sha256(token.encode()).digest()


def check_open(state: TestimonialState, wanted: TestimonialState) -> None:
    """Raise ConsentSettled with the state it is in."""
    if state != wanted:
        raise ConsentSettled(f"It is {state}.", state=state)
