"""The main job: a sample organization from its HR feed to measured learning, through the public interfaces alone."""

import asyncio
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console

from deploy.local import summary
from deploy.local.audit_events import Audit, audit_at_rest
from deploy.local.sample.organization import PEOPLE, Organization
from deploy.local.story import feed, figures
from deploy.local.story.arrivals import Arrivals
from deploy.local.story.cast import People, Setting
from deploy.local.story.client import Caller, Lateral, NeverHappened, Unexpected
from deploy.local.story.figures import Freshness, Totals, Window
from deploy.local.story.matches import Matchmaking
from deploy.local.story.month import Month
from deploy.local.story.programmes import BUDDIES, PAIRS, audiences, drafts, find, publish
from deploy.local.story.steps import Steps

OWNER = "programme-owner"
OWNERS_UNIT = "PPL"


@dataclass(frozen=True)
class Told:
    """The story's end: what came of it, and whether anything was lost on the way."""

    totals: Totals
    freshness: Freshness
    audit: Audit
    seconds: Mapping[str, float]
    requests: int
    repeated: int


async def main_job(stack: Mapping[str, Any], console: Console) -> int:
    """Tell the story on a running stack and print its summary; returns the exit code."""
    if not stack["tokens"]:
        console.print("The demo speaks for a thousand people: it needs the development issuer. Unset LATERAL_ISSUER.")
        return 1
    try:
        told = await tell(stack, console)
        await _look_ahead(stack, console)
    except (Unexpected, NeverHappened) as problem:
        console.print(f"The story broke off: {problem}", style="red", markup=False, soft_wrap=True)
        return 1
    summary.show(console, stack, told)
    return 1 if told.audit.lost else 0


async def tell(
    stack: Mapping[str, Any],
    console: Console,
    people: int = PEOPLE,
    on_step: Callable[[str], None] = lambda _: None,
    client: Callable[[Mapping[str, Any]], Lateral] = Lateral,
) -> Told:
    """The story for an organization of that size, whatever of it an earlier run has told already."""
    steps = Steps(console, on_step)
    async with client(stack) as services:
        known = await find(services, Caller(OWNER))
        today = date.fromisoformat(known[BUDDIES]["starts_on"]) if BUDDIES in known else datetime.now(UTC).date()
        # HR speaks of yesterday: a day that has begun at every site, whatever the hour.
        organization = Organization(today - timedelta(days=1), people)
        setting = Setting(services, steps, organization, stack["kafka_bootstrap"])
        delivered, everybody = await _found(setting)
        if not known:
            with steps.step("Matching, sessions and metrics know everybody"):
                await Arrivals(stack).of("directory", "directory.people", ("matching", "sessions", "metrics"))
        owner, sponsor = _owner_and_sponsor(setting, everybody)
        plans = drafts(today, sponsor, audiences(setting.organization))
        programmes = await publish(setting, owner, plans)
        matched = await Matchmaking(setting, owner, programmes, everybody).run()
        lived = await Month(setting, owner, everybody).run(programmes, matched)
        await figures.wait_for_metrics(setting, stack)
        with steps.step("Every event accounted for") as step:
            found = await audit_at_rest(stack, delivered)
            step.note = f"{found.told} deliveries, {found.lost} lost"
        window = Window(str(programmes[PAIRS].starts_on), str(today))
        totals = Totals(
            people=len(everybody.number_of),
            units=sum(1 for _ in setting.organization.units()),
            matched=matched,
            lived=lived,
            measures=await figures.measured(setting, window),
            by_programme=await figures.participation_by_programme(setting, window),
        )
        fresh = await figures.freshness(setting)
        return Told(totals, fresh, found, steps.seconds, services.requests, services.repeated)


async def _look_ahead(stack: Mapping[str, Any], console: Console) -> None:
    """What timers would do within five minutes: nobody who has just started this should wait for it."""
    with Steps(console).step("Network of the month that is over, and knowledge that leaves") as step:
        networks, risks = await asyncio.gather(
            _timer(stack, "metrics", "count-networks"), _timer(stack, "matching", "find-knowledge-at-risk")
        )
        counted = "counted" if networks else "none, or counted before"
        step.note = f"{counted}; {risks} skills that one or two know of whom somebody leaves"


async def _timer(stack: Mapping[str, Any], service: str, name: str) -> int:
    """How much a timer has done now."""
    environ = {
        **os.environ,
        f"LATERAL_{service.upper()}_DATABASE_URL": stack["databases"][service],
        "LATERAL_KAFKA_BOOTSTRAP": stack["kafka_bootstrap"],
        "LATERAL_ISSUER": stack["issuer"],
    }
    command = sys.executable, "-m", f"services.{service}", "timer", name
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return int(out.split()[0]) if out.split() else 0


async def _found(setting: Setting) -> tuple[Mapping[str, Collection[str]], People]:
    """The organization comes to be: its skills and everybody HR knows. Told again, it changes nothing."""
    await feed.import_skills(setting)
    delivered = await feed.publish_feed(setting)
    return delivered, await feed.everybody_known(setting)


def _owner_and_sponsor(setting: Setting, people: People) -> tuple[Caller, str]:
    """The head of the people division runs the programmes, the head of the company sponsors them."""
    heads = {unit.code: unit.head_employee_number for unit in setting.organization.units()}
    top = next(iter(heads.values()))
    return Caller(OWNER, people.person(heads.get(OWNERS_UNIT, top))), people.person(top)
