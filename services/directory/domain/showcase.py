"""Natural teachers: invited by what others say, and shown by their own choice alone; nobody is labelled."""

from shared.refusal import Refused

FEW, MANY = 3, 5
"""Peers who endorse a skill: so few are enough for somebody who has taught, so many for anybody."""
TAUGHT = 3
"""Sessions of the last year in which somebody taught and was there."""
WITHIN_DAYS = 365


class NotOffered(Refused):
    """Only what somebody offers to teach, or was invited to show, can be shown."""


def reason(endorsed: int, taught: int) -> str:
    """Why somebody was invited, for them alone."""
    said = f"{endorsed} colleagues who were in a session with you say that you know it"
    return f"{said}, and you have taught in {taught} sessions" if taught else said
