"""Which kind of match a programme's format asks for."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.events.matching import MatchKind
from shared.refusal import NotFound, Refused

BUDDY_FORMAT = "onboarding_buddy"
KINDS: Mapping[str, MatchKind] = MappingProxyType(
    {
        "mentoring": "pair",
        "teach_one_thing": "pair",
        "job_shadowing": "pair",
        "mentoring_circle": "circle",
        "study_group": "circle",
        "peer_discussion": "circle",
        "critique_group": "circle",
        "problem_solving": "circle",
        BUDDY_FORMAT: "buddy",
    }
)
PREPARATION: Mapping[str, int] = MappingProxyType(
    {"peer_discussion": 10, "problem_solving": 15, "job_shadowing": 15, "teach_one_thing": 10, "critique_group": 20}
)
"""Minutes that who teaches or facilitates prepares for each session, where a format has any: what sessions counts."""


class UnknownProgramme(NotFound):
    """No such programme has reached matching."""


class ProgrammeNotPublished(Refused):
    """Only published programmes are matched."""


class RoundTooLong(Refused):
    """The round would have taken longer than its rules allow."""


class SolverBusy(Refused):
    """As many rounds are solved or wait as may at a time."""

    status = 503


class RoundRunning(Refused):
    """Another round of the programme is being solved."""


class RoundTooLarge(Refused):
    """The round would have taken more memory than its rules allow."""


class UnknownPerson(NotFound):
    """No such person, or not the caller."""


class UnknownRound(NotFound):
    """No such round."""


class RoundPublished(Refused):
    """Everybody has been told: what came of it can be answered, and not taken back."""


class RoundDiscarded(Refused):
    """Somebody decided against this round."""


class RoundSolving(Refused):
    """Parts of the round are still being solved, or could not be."""


class RoundNotKept(Refused):
    """What the round was computed from is not there any more, or not whole."""


class RoundOfAnotherEngine(Refused):
    """An earlier or a later engine computed the round: this one would come to other bytes."""


class FormatNotMatched(Refused):
    """People join programmes of this format by themselves."""


def kind_of(format_: str) -> MatchKind:
    """What a round of this format forms. Raises FormatNotMatched."""
    kind = KINDS.get(format_)
    if kind is None:
        raise FormatNotMatched(f"Programmes of the format {format_} are not matched.", format=format_)
    return kind
