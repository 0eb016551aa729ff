"""A capture session that matching proposes, and what somebody decides about it."""

from typing import Literal

from shared.refusal import NotFound, Refused

ProposalState = Literal["proposed", "accepted", "declined", "withdrawn", "missed"]


class UnknownProposal(NotFound):
    """There is no such proposal."""


class ProposalSettled(Refused):
    """It was accepted, declined or withdrawn, or its day has passed."""
