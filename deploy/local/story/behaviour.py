"""How people behave: who comes, who speaks how much, who answers what. Unequal as life is, and the same each time.

Everything is drawn by place (which group, which session, which seat) and never by a person's random id.
"""

# ruff: noqa: S311 - invents people, keeps no secrets

from random import Random
from typing import Literal, NamedTuple

from deploy.local.story.programmes import BUDDIES

Presence = Literal["attended", "no_show", "excused"]
KINDS = ("taught", "asked", "shared", "challenged", "summarised")

_DECLINES_ONE_IN = 12
_BUSY_ONE_IN = 6
_NO_SHOW, _EXCUSED = 0.06, 0.05
_SILENT_ONE_IN = 5
_LEAVES_EARLY = 0.1
_ANSWERS_FEEDBACK = 0.72
_ACCEPTS_INVITATION = 0.9
_LIKES = {1: (0.30, 0.35, 0.10, 0.10, 0.15), 0: (0.10, 0.35, 0.40, 0.10, 0.05)}
"""What a contribution is: of those who know, and of those who learn."""


class Seat(NamedTuple):
    """A place in a session: the group's rank in its programme, the session's number, the member's rank."""

    programme: str
    group: int
    session: int
    member: int


class Part(NamedTuple):
    """What somebody did in a session."""

    state: Presence
    minutes: int
    contributions: dict[str, int]


class Scores(NamedTuple):
    """An answer to the three questions."""

    usefulness: int
    relevance: int
    engagement: int


def declines(seed: int, rank: int) -> bool:
    """Whether the proposal of that rank is declined: one in twelve is, wherever the seed puts it."""
    block, place = divmod(rank, _DECLINES_ONE_IN)
    return Random(f"{seed}/declines/{block}").randrange(_DECLINES_ONE_IN) == place


def busy(seed: int, number: str) -> bool:
    """Whether somebody, by employee number, has no time for any of it.

    Where fewer than five of those asked stay away, participation is not shown, so that nobody knows of these.
    """
    return Random(f"{seed}/busy/{number}").randrange(_BUSY_ONE_IN) == 0


def accepts(seed: int, seat: Seat) -> bool:
    """Whether an invitation is accepted. A newcomer's buddy never says no, and neither does the newcomer."""
    return seat.programme == BUDDIES or _rng(seed, "rsvp", seat).random() < _ACCEPTS_INVITATION


def part(seed: int, seat: Seat, minutes: int, *, knows: bool, free: bool) -> Part:
    """Whether somebody came and what they gave: some speak three times as much as others, some never."""
    rng = _rng(seed, "part", seat)
    chance = rng.random() if free else _NO_SHOW
    if chance < _NO_SHOW:
        return Part("no_show", 0, dict.fromkeys(KINDS, 0))
    if chance < _NO_SHOW + _EXCUSED:
        return Part("excused", 0, dict.fromkeys(KINDS, 0))
    stayed = minutes - rng.randrange(5, 25) if rng.random() < _LEAVES_EARLY else minutes
    habit = Random(f"{seed}/habit/{seat.programme}/{seat.group}/{seat.member}")
    talkative = 0.0 if habit.randrange(_SILENT_ONE_IN) == 0 else habit.lognormvariate(1.2, 0.55)
    spoke = min(round(rng.gauss(talkative, 0.8)), 15) if talkative else 0
    given = rng.choices(KINDS, _LIKES[knows], k=max(0, spoke))
    return Part("attended", stayed, {kind: given.count(kind) for kind in KINDS})


def feedback(seed: int, seat: Seat) -> Scores | None:
    """What somebody who attended answers; most do. A good group is good in all three."""
    rng = _rng(seed, "feedback", seat)
    if rng.random() >= _ANSWERS_FEEDBACK:
        return None
    group = Random(f"{seed}/mood/{seat.programme}/{seat.group}").gauss(4.05, 0.45)
    return Scores(*(min(5, max(1, round(rng.gauss(group + shift, 0.7)))) for shift in (0.1, 0.0, -0.1)))


def _rng(seed: int, what: str, seat: Seat) -> Random:
    return Random(f"{seed}/{what}/{'/'.join(map(str, seat))}")
