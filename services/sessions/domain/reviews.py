"""Peer review: who reviews whose work, and when reviewers differ too much to be left alone."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.refusal import Forbidden, InvalidRequest, NotFound, Refused

SPREAD = 2
"""Points of five between two reviewers' scores of one criterion, above which somebody else is asked for a word."""
FEWEST = 2
"""Reviews below which a work is not delivered without a word."""


class UnknownRound(NotFound):
    """There is no such round, or none of a group the caller is in."""


class UnknownReview(NotFound):
    """There is no such review, or it is somebody else's."""


class UnknownWork(NotFound):
    """There is no such work, or none that waits for the caller's word."""


class RoundNotCollecting(Refused):
    """Works are taken until a day, and that day has passed."""


class ReviewNotOpen(Refused):
    """It is done, or somebody else was asked since."""


class WorkNotEscalated(Refused):
    """Only where reviewers differ, or are too few, a word is asked for."""


class NotTheirsToOpen(Forbidden):
    """The group's facilitator, or a member where there is none, opens a round."""


def allocate(round_id: UUID, authors: Sequence[UUID], reviewers: int) -> list[tuple[UUID, UUID]]:
    """(author, reviewer) pairs: each is reviewed by as many as each reviews, nobody by themselves.

    In a circle drawn from the round's id: the same for everybody who looks again, another for each round.
    """
    drawn = sorted(authors, key=lambda author: hashlib.sha256(round_id.bytes + author.bytes).digest())
    count = min(reviewers, len(drawn) - 1)
    return [
        (author, drawn[(place + step) % len(drawn)])
        for place, author in enumerate(drawn)
        for step in range(1, count + 1)
    ]


def disputed(scores: Sequence[Sequence[int]], wanted: int) -> bool:
    """Whether a work needs a word: too few reviews, or two that are more than SPREAD apart on some criterion."""
    if len(scores) < min(FEWEST, wanted):
        return True
    return any(max(criterion) - min(criterion) > SPREAD for criterion in zip(*scores, strict=True))


def check_plan(plan: Mapping[str, Any], today: date) -> None:
    """Raise InvalidRequest where nobody could submit or review in time, or the rubric names a criterion twice."""
    if plan["submit_by"] < today:
        raise InvalidRequest.naming("submit_by", "is in the past")
    if plan["review_by"] <= plan["submit_by"]:
        raise InvalidRequest.naming("review_by", "must come after submit_by")
    codes = [criterion["code"] for criterion in plan["rubric"]]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            raise InvalidRequest.naming(f"rubric.{number}.code", "is named already")


def check_scores(scores: Sequence[int], criteria: int) -> None:
    """Raise InvalidRequest unless there is one score a criterion."""
    if len(scores) != criteria:
        raise InvalidRequest.naming("scores", f"must be {criteria}, one for each criterion of the rubric")
