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


class UnclearCode(Refused):
    """A code that tells people or units apart could be taken for another one."""


class WorkerOfAnotherSystem(Refused):
    """Two HR systems use one employee number: nobody can tell whether they mean one worker."""


class SequenceReused(Refused):
    """HR says two different things under one date and sequence: nobody can tell which is meant."""


class UnknownPerson(NotFound):
    """There is no such person, or none the caller may know of."""


class UnknownUnit(NotFound):
    """There is no such unit."""


class UnknownHold(NotFound):
    """There is no such hold."""


class HoldDecided(Refused):
    """Somebody has decided already."""


class UnknownImport(NotFound):
    """There is no such import."""


class ImportState(Refused):
    """The import is not in a state for that."""


class UnknownErasure(NotFound):
    """There is no such request."""
