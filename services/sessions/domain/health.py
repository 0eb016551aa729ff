"""Red flags of a running programme: what makes programmes fail, seen while something can still be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.events.sessions import ProgrammeGoal

QUIET_DAYS = 14
"""Published this long ago without a group is a programme nobody uses."""
ENOUGH, HALF, CROWDED = 10, 0.5, 0.25
"""From so many expected people on, fewer than half of them there, or a quarter as many waiting as there are seats."""


@dataclass(frozen=True, slots=True)
class RedFlag:
    """What is wrong, how often, and what it means."""

    code: str
    count: int
    detail: str


def red_flags(found: Mapping[str, Any], goals: tuple[ProgrammeGoal, ...], today: date) -> list[RedFlag]:
    """The flags of what was counted, the worst first; none when all is well."""
    quiet = found["published_on"] is not None and (today - found["published_on"]).days >= QUIET_DAYS
    expected, there = found["expected"], found["attended"]
    overdue = [goal for goal in goals if goal.due < today]
    checks = [
        ("sponsor_gone", 1 - found["sponsor_there"], "No sponsor who works here: nobody in leadership answers for it."),
        ("audience_empty", int(found["audience"] == 0), "Nobody is in its audience."),
        ("no_groups", int(quiet and found["groups"] == 0), f"Published {QUIET_DAYS} days ago or more, and no group."),
        ("momentum_lost", found["silent"], "Groups that have not met for one and a half times their cadence."),
        ("unschedulable_groups", found["unschedulable"], "Groups without a time in common."),
        ("no_facilitator", found["unled"], "Groups that need a facilitator and have none."),
        ("low_attendance", (expected - there) * (expected >= ENOUGH and there < HALF * expected),
         "Fewer than half of those expected were there; so many were missing."),
        ("attendance_missing", found["unrecorded"], "Sessions over for a week whose attendance nobody has recorded."),
        ("sessions_flagged", found["flagged"], "Upcoming sessions at a time when somebody does not work any more."),
        ("waitlist_long", found["waiting"] * (found["waiting"] >= CROWDED * max(found["seats"], 1)),
         "People waiting for a seat: more sessions are wanted."),
        ("outside_audience", found["outside"], "Members whom the audience does not include any more."),
        ("goal_overdue", len(overdue), "Goals whose date has passed: read the result, and renew them."),
    ]  # fmt: skip
    return [RedFlag(code, count, detail) for code, count, detail in checks if count > 0]
