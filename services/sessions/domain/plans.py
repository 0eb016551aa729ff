"""What may be done with the plan of a session."""

from shared.refusal import Forbidden, NotFound, Refused


class UnknownPlan(NotFound):
    """There is no such plan, or it is not shared."""


class NotTheirPlan(Forbidden):
    """Whoever wrote it says who may use it."""


class NotHeldYet(Refused):
    """Nobody knows yet whether it is any good."""
