"""What a facilitator does before, in and after a session: a sounding board, neither teacher nor judge."""

from collections.abc import Sequence

from shared.refusal import InvalidRequest

DUTIES = (
    "See that there is a topic or challenge, and that everybody knows when and where.",
    "Look whether somebody needs something to take part, and arrange it.",
    "Open with the ground rules and with how confidential this is.",
    "Keep the conversation going: hear everybody once before anybody twice.",
    "Hold back: ask, sum up, mirror; contribute no solutions of your own.",
    "Keep it kind: work is criticised and never people; step in when it is not.",
    "Keep the time, and leave some for what each one takes along.",
    "Keep momentum: agree on the next meeting before this one ends.",
    "Pass on what nobody could answer, and what should be kept for others.",
)


def check_done(done: Sequence[int]) -> list[int]:
    """The numbers, counted from 1, once each and in order. Raises InvalidRequest."""
    if strangers := [number for number in done if not 1 <= number <= len(DUTIES)]:
        raise InvalidRequest.naming("done", f"{strangers[0]} is no duty: there are {len(DUTIES)}")
    return sorted(set(done))
