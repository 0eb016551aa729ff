"""What the directory says no to."""

from shared.refusal import NotFound, Refused


class ReportingLineCycle(Refused):
    """Somebody would report to themselves, directly or by way of others."""


class UnitCycle(Refused):
    """A unit would lie within itself, directly or by way of others."""


class UnknownTimeZone(Refused):
    """HR names a time zone that the IANA database does not."""


class ImpossibleDate(Refused):
    """HR names a day that no calendar of ours reaches."""


class SequenceReused(Refused):
    """HR says two different things under one date and sequence: nobody can tell which is meant."""


class UnknownPerson(NotFound):
    """There is no such person, or none the caller may know of."""


class UnknownUnit(NotFound):
    """There is no such unit."""


class UnknownErasure(NotFound):
    """There is no such request."""
