"""What people suggest, and how it is answered."""

from collections.abc import Mapping
from typing import Literal

from shared.refusal import NotFound, Refused

SuggestionState = Literal["open", "planned", "done", "declined"]
Answer = Literal["planned", "done", "declined"]
MOVES: Mapping[SuggestionState, frozenset[Answer]] = {
    "open": frozenset({"planned", "done", "declined"}),
    "planned": frozenset({"done", "declined"}),
    "done": frozenset(),
    "declined": frozenset(),
}


class UnknownSuggestion(NotFound):
    """There is no such suggestion."""


class SuggestionSettled(Refused):
    """It cannot become that any more."""


def check_move(before: SuggestionState, after: Answer) -> None:
    """Raise SuggestionSettled with the state it is in."""
    if after not in MOVES[before]:
        raise SuggestionSettled(f"It is {before}.", state=before)
