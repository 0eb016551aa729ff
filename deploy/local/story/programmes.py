"""Three programmes with an objective, a sponsor, an audience and goals, as an owner sets them up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.local.sample.organization import Organization
from deploy.local.story.cast import Setting
from deploy.local.story.client import Caller, Lateral

MONTH_DAYS = 33
"""The month that has already happened: three sessions a fortnight apart, and some working days for the last one."""
SHARES = (0.15, 110), (0.12, 110)
"""How many learn in pairs and how many in circles: so many of the company, or so many people."""
BUDDIES, PAIRS, CIRCLES = "Onboarding buddies", "Learning pairs", "Learning circles"


@dataclass(frozen=True)
class Programme:
    """One programme as the sessions service answers it."""

    programme_id: str
    name: str
    starts_on: date
    ends_on: date

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Programme":
        """From JSON."""
        return cls(
            answer["programme_id"],
            answer["name"],
            date.fromisoformat(answer["starts_on"]),
            date.fromisoformat(answer["ends_on"]),
        )


@dataclass(frozen=True)
class Audiences:
    """Which departments learn in pairs and which in circles: a part of the company, so that the story stays short."""

    pairs: tuple[str, ...]
    circles: tuple[str, ...]


def audiences(organization: Organization) -> Audiences:
    """The departments by turns of the smallest divisions that together have people enough.

    There are two divisions at least: people learn across units, and the network has ties between them.
    """
    units = Counter(worker.unit_code for worker in organization.workers())
    sizes: Counter[str] = Counter()
    for code, people in units.items():
        sizes[code.split("-")[0]] += people
    root = next(organization.units()).code
    divisions = sorted((code for code in sizes if code != root), key=lambda code: (sizes[code], code))
    wanted = sum(min(share * organization.people, most) for share, most in SHARES)
    enough = next((count for count in range(2, len(divisions)) if _sum(sizes, divisions[:count]) >= wanted), 2)
    departments = sorted({"-".join(code.split("-")[:2]) for code in units if code.split("-")[0] in divisions[:enough]})
    below = [code for code in departments if "-" in code] or divisions[:enough]
    return Audiences(tuple(below[::2]), tuple(below[1::2]))


def _sum(sizes: Mapping[str, int], codes: Sequence[str]) -> int:
    return sum(sizes[code] for code in codes)


def drafts(today: date, sponsor: str, audience: Audiences) -> list[dict[str, Any]]:
    """What the owner asks for."""
    month = {
        "starts_on": str(today - timedelta(days=MONTH_DAYS)),
        "ends_on": str(today - timedelta(days=1)),
        "backfill": True,
        "cadence_days": 14,
    }
    due = str(today + timedelta(days=60))

    def goal(measure: str, baseline: float, target: float) -> dict[str, Any]:
        return {"measure": measure, "baseline": baseline, "target": target, "due": due}

    common = {"sponsor_id": sponsor, "skills": []}
    return [
        {
            **common,
            "name": BUDDIES,
            "objective": "Everybody who joins has somebody to ask from before their first day on.",
            "format": "onboarding_buddy",
            "modality": "remote",
            "confidentiality": "closed",
            "audience_units": [],
            "group_size_min": 2,
            "group_size_max": 2,
            "cadence_days": 14,
            "session_minutes": 30,
            "starts_on": str(today),
            "ends_on": due,
            "backfill": False,
            "goals": [goal("acceptance_rate", 0.5, 0.9)],
        },
        {
            **common,
            **month,
            "name": PAIRS,
            "objective": "People learn what they need from the colleague next door who knows it, across units.",
            "format": "mentoring",
            "modality": "remote",
            "confidentiality": "closed",
            "audience_units": list(audience.pairs),
            "group_size_min": 2,
            "group_size_max": 2,
            "session_minutes": 60,
            "goals": [goal("participation_rate", 0.2, 0.9), goal("usefulness", 3.0, 4.0)],
        },
        {
            **common,
            **month,
            "name": CIRCLES,
            "objective": "Small groups with a neutral facilitator help each other with what is hard just now.",
            "format": "mentoring_circle",
            "modality": "remote",
            "confidentiality": "closed",
            "audience_units": list(audience.circles),
            "group_size_min": 4,
            "group_size_max": 6,
            "session_minutes": 60,
            "goals": [goal("participation_rate", 0.1, 0.9), goal("engagement", 3.0, 4.0)],
        },
    ]


async def find(services: Lateral, owner: Caller) -> dict[str, Mapping[str, Any]]:
    """Our programmes of an earlier run, by name."""
    known = await services.all(owner, "sessions", "/v1/programmes")
    return {programme["name"]: programme for programme in known if programme["name"] in {BUDDIES, PAIRS, CIRCLES}}


async def publish(setting: Setting, owner: Caller, drafts: Sequence[Mapping[str, Any]]) -> dict[str, Programme]:
    """Create and publish what is not there yet; returns all by name."""
    services = setting.services
    with setting.steps.step("Programmes published") as step:
        step.expect(len(drafts))
        known = dict(await find(services, owner))
        for draft in drafts:
            name = draft["name"]
            if name not in known:
                known[name] = (await services.do(owner, "sessions", "POST", "/v1/programmes", draft)).json()
            if known[name]["status"] == "draft":
                path = f"/v1/programmes/{known[name]['programme_id']}/publish"
                await services.do(owner, "sessions", "POST", path, refusals={409})
            step.advance()
        step.note = ", ".join(known)
    return {name: Programme.of(answer) for name, answer in known.items()}
