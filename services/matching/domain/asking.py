"""Asking a colleague who is suggested: what may be in the way, as it is told."""

from shared.refusal import Refused

MOST_OPEN = 3
"""Colleagues one person asks at a time: each keeps a place free for who asks until they answer."""


class TooManyAsked(Refused):
    """Somebody waits for as many answers as anybody may."""


class NotTakingPart(Refused):
    """Who asks is away, has not opted in, pauses or has no time."""


class ColleagueNotFree(Refused):
    """The colleague cannot be asked. Which of the reasons it is, is nobody else's to know."""

    def __init__(self) -> None:
        why = (
            "this colleague cannot be asked for it now: away, taken, not far enough ahead, met not long ago, "
            "or not to be matched with you by what the programme asks for"
        )
        super().__init__(f"colleague_id: {why}", errors=[{"field": "colleague_id", "message": why}])
