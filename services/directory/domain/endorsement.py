"""Who may endorse whom, and how often: an endorsement is worth something because it is scarce."""

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from services.directory.domain.refusals import NotMet, TooManyEndorsements
from shared.refusal import InvalidRequest

MET_WITHIN_DAYS = 365
LIMIT_DAYS = 30
MOST_ENDORSEMENTS = 20
MOST_FOR_ONE_PERSON = 3


def met_since(today: date) -> date:
    """The day from which on a session together counts."""
    return today - timedelta(days=MET_WITHIN_DAYS)


def limited_since(today: date) -> date:
    """The day from which on endorsements count against the limit."""
    return today - timedelta(days=LIMIT_DAYS)


def relation(person_id: UUID, manager_id: UUID | None, caller: UUID) -> Literal["self", "manager", "peer"]:
    """As what the caller speaks of a person."""
    if caller == person_id:
        return "self"
    return "manager" if caller == manager_id else "peer"


def check_endorsement(level: int, given: int, to_this_person: int, *, met: bool, repeated: bool) -> None:
    """Raise NotMet, TooManyEndorsements or InvalidRequest; to correct one's own endorsement is always allowed."""
    if not level:
        raise InvalidRequest.naming("level", "an endorsement is of something: from 1 on")
    if not met:
        raise NotMet(f"You have not been in a session together in the last {MET_WITHIN_DAYS} days.")
    if repeated:
        return
    if given >= MOST_ENDORSEMENTS:
        raise TooManyEndorsements(f"You have given {MOST_ENDORSEMENTS} endorsements in {LIMIT_DAYS} days.")
    if to_this_person >= MOST_FOR_ONE_PERSON:
        raise TooManyEndorsements(f"You have endorsed this person {MOST_FOR_ONE_PERSON} times in {LIMIT_DAYS} days.")
