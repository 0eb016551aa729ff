"""What the directory says no to."""

from uuid import UUID

from shared.refusal import InvalidRequest, NotFound, Refused


class ReportingLineCycle(Refused):
    """Somebody would report to themselves, directly or by way of others."""


class UnitCycle(Refused):
    """A unit would lie within itself, directly or by way of others."""


class UnknownTimeZone(Refused):
    """HR names a time zone that the IANA database does not."""


class ImpossibleDate(Refused):
    """HR names a day that no calendar of ours reaches."""


class SequenceTooLarge(Refused):
    """HR counts further than a 64-bit number does."""


class UnclearCode(Refused):
    """A code that tells people or units apart could be taken for another one."""


class AddressTooLong(Refused):
    """HR names an address that is longer than what an invitation can be sent to."""


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


class LeaversHeld(Refused):
    """More people would leave within an hour than go unasked: an operator decides on this one."""

    def __init__(self, person_id: UUID, way: str) -> None:
        super().__init__(
            "More than 2 % of the organization would leave within an hour: this waits for an operator, and happens "
            "when it is approved. Everything else goes on."
        )
        self.person_id = person_id
        self.way = way


class HoldDecided(Refused):
    """Somebody has decided already."""


class NoDuplicate(NotFound):
    """These two are not an account and a worker at one address, or no longer."""


class UnknownImport(NotFound):
    """There is no such import."""


class UnknownFeed(NotFound):
    """There is no such feed."""


class FeedState(Refused):
    """The feed is not in a state for that."""


class UnreadableFile(InvalidRequest):
    """Nobody can tell what the columns of the file mean."""


class UnknownErasure(NotFound):
    """There is no such request."""


class NotMet(Refused):
    """Only who was in a session with somebody may endorse them."""


class TooManyEndorsements(Refused):
    """Endorsements are worth something because they are few."""

    status = 429


class NothingStated(NotFound):
    """The caller has said nothing of this skill."""


class UnknownSkill(NotFound):
    """There is no such skill in the taxonomy."""


class MergedIntoItself(Refused):
    """A skill cannot take its own place, nor one that is itself out of use."""


class UnknownJobProfile(NotFound):
    """No job profile has this code."""


class UnknownChecklistItem(NotFound):
    """There is no such item, or none that a person can tick themselves."""


class ContributionsNotShared(Refused):
    """The person has not chosen to share what they contribute."""


class NothingContributed(Refused):
    """There is nothing yet that a badge could speak of."""


class BadgesNotConfigured(Refused):
    """No key to sign badges with, or no address to verify them at, is set."""


class UnderLegalHold(Refused):
    """Somebody's data must be kept for a legal reason: they cannot be erased before the hold is lifted."""


class UnknownExport(NotFound):
    """There is no such request, or it has expired."""


class ExportNotReady(Refused):
    """Not every service has answered yet."""


class Taken(Refused):
    """Another account has the name or the number, or somebody had it who was erased."""


class NotYours(Refused):
    """The value is HR's to change, not the identity system's."""

    status = 400


class UnknownMember(Refused):
    """A group names somebody who is not here."""

    status = 400


class UnknownResource(NotFound):
    """There is no such account or group."""


class NothingPushed(NotFound):
    """The subscriber polls, or is none."""


class EventsNotConfigured(NotFound):
    """No issuer whose tokens are taken, or no key to sign our own with, is set."""
