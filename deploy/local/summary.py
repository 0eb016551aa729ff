"""The demo's end on one screen: what came of it, whether anything was lost, and where to look next."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console

from deploy.local.sample.organization import NAME
from deploy.local.story.figures import Figure
from deploy.local.story.programmes import BUDDIES, CIRCLES, PAIRS

if TYPE_CHECKING:
    from deploy.local.demo import Told

REASONS_SHOWN = 3
TRY = "analyst"


def show(console: Console, stack: Mapping[str, Any], told: "Told") -> None:
    """Print the summary."""
    console.print()
    for line in lines(stack, told):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def lines(stack: Mapping[str, Any], told: "Told") -> Iterator[str]:
    """The summary, line by line."""
    yield f"{NAME}, after a month of learning from each other"
    for name, text in (*_figures(told), *_links(stack)):
        yield f"  {name:<14} {text}"
    yield f"  Try            TOKEN={stack['tokens'][TRY]}"
    url = f"{stack['services']['metrics']}/v1/measures/participation_rate?by=unit"
    yield f"                 curl -s -H \"Authorization: Bearer $TOKEN\" '{url}'"


def _figures(told: "Told") -> Iterator[tuple[str, str]]:
    totals, matched, lived, measure = told.totals, told.totals.matched, told.totals.lived, told.totals.measures
    yield "People", f"{totals.people:,} in {totals.units} units; {matched.hires} new hires"
    yield "Buddies", _states(matched.states.get(BUDDIES, {}))
    yield "Pairs", _states(matched.states.get(PAIRS, {}))
    yield "Circles", _states(matched.states.get(CIRCLES, {}))
    reasons = ", ".join(
        f"{reason.replace('_', ' ')} {count}" for reason, count in matched.reasons.most_common(REASONS_SHOWN)
    )
    yield "Matched", f"{matched.asked - matched.unmatched} of {matched.asked} asked; {matched.unmatched} not: {reasons}"
    yield (
        "Sessions",
        (
            f"{_number(measure['sessions_held'])} held, {lived.sessions - lived.past} to come, {lived.groups} groups "
            f"({lived.unschedulable} without a common time), {_number(measure['learning_hours'])} hours"
        ),
    )
    by_programme = ", ".join(
        f"{name} {_percent(figure)}" for name, figure in totals.by_programme.items() if name != BUDDIES
    )
    everybody = _percent(measure["participation_rate"])
    yield "Participation", f"{everybody} of everybody; of those it is for: {by_programme}"
    yield "Attendance", f"{_percent(measure['attendance_rate'])} of the places"
    yield "Evenness", f"{_number(measure['evenness'], 2)} (1: all contribute alike, 0: one does all)"
    answers = ", ".join(f"{name} {_number(measure[name], 1)}" for name in ("usefulness", "relevance", "engagement"))
    yield "Feedback", f"{answers} of 5 (n = {measure['usefulness'].n:,}; {_percent(measure['response_rate'])} answered)"
    fresh = told.freshness
    yield (
        "Freshness",
        f"p50 {_seconds(fresh.p50)}, p95 {_seconds(fresh.p95)} from event to number (n = {fresh.events:,})",
    )
    audit = told.audit
    yield "Events lost", f"{audit.lost} of {audit.told:,} deliveries; dead letters open: {audit.open_letters}"
    yield (
        "Took",
        (
            f"{sum(told.seconds.values()):.0f} s once started; {told.requests:,} HTTP requests, "
            f"{told.repeated} of them sent again"
        ),
    )


def _links(stack: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    services = stack["services"]
    yield "Dashboard", f"{services['metrics']}/  (one click from {stack['issuer']})"
    for name, url in services.items():
        yield "API", f"{url}/openapi.json  ({name})"
    if stack["traces"]:
        yield "Traces", stack["traces"]


def _states(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"


def _number(figure: Figure, digits: int = 0) -> str:
    return f"{figure.value:,.{digits}f}" if figure.value is not None else _missing(figure.reason)


def _percent(figure: Figure) -> str:
    return f"{figure.value:.0%}" if figure.value is not None else _missing(figure.reason)


def _missing(reason: str) -> str:
    """A reason as an aside: "not shown (fewer than 5 people came, or fewer than 5 did not)"."""
    why = reason.partition(":")[0].removeprefix("Not shown, because ").rstrip(".")
    return f"not shown ({why[:1].lower()}{why[1:]})" if why else "none"


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f} s"
