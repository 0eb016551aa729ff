"""What programmes are made from: fields that are filled in already, a length, and goals that are due by then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.refusal import NotFound, Refused


class UnknownTemplate(NotFound):
    """There is no template of that name, or it has no such version."""


class TemplateExists(Refused):
    """The name is taken: change that template by a new version."""


@dataclass(frozen=True, slots=True)
class TemplateGoal:
    """A goal of the programmes it makes. `due_days`: days from the start; None is the programme's last day."""

    measure: str
    baseline: float
    target: float
    due_days: int | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """One version. `fields`: a programme's, by name; what is in none of them takes its format's default."""

    name: str
    version: int
    title: str
    purpose: str
    days: int
    goals: tuple[TemplateGoal, ...]
    fields: Mapping[str, Any]

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a programme that starts on `given["starts_on"]`: what is given wins."""
        starts_on: date = given["starts_on"]
        ends_on = given.get("ends_on") or starts_on + timedelta(days=self.days - 1)
        goals = [
            {
                "measure": goal.measure,
                "baseline": goal.baseline,
                "target": goal.target,
                "due": min(ends_on, starts_on + timedelta(days=goal.due_days)) if goal.due_days else ends_on,
            }
            for goal in self.goals
        ]
        origin = {"template": self.name, "template_version": self.version}
        return {"goals": goals, **self.fields, **given, "ends_on": ends_on, **origin}


def _built_in(name: str, title: str, purpose: str, days: int, *goals: TemplateGoal, **fields: Any) -> Template:
    return Template(
        name, 1, title, purpose, days, goals, {"modality": "remote", "audience_units": [], "skills": [], **fields}
    )


BUILT_IN: Mapping[str, Template] = {
    each.name: each
    for each in (
        _built_in(
            "career_mentoring", "Mentoring in pairs for a year",
            "Somebody who wants to go further meets somebody who has, by an agreement and with goals of their own.",
            365, TemplateGoal("participation_rate", 0.0, 0.1), TemplateGoal("survival", 0.0, 0.8, 180),
            format="mentoring", group_size_min=2, group_size_max=2,
            objective="Whoever wants to grow in their work has somebody with experience to turn to.",
        ),
        _built_in(
            "community", "A community of practice",
            "People who do the same work in different departments meet by a rule and keep what they find.",
            365, TemplateGoal("cross_unit_sessions", 0.0, 0.5), TemplateGoal("retention", 0.0, 0.6, 180),
            format="community_of_practice", further_formats=["knowledge_sharing", "teach_one_thing", "peer_workshop"],
            objective="Those who share a practice know each other across departments and use each other's work.",
        ),
        _built_in(
            "lunch_talks", "Lunch and learn, once a month",
            "A colleague shows something over lunch, in the room and remote; everybody may come.",
            182, TemplateGoal("reach", 0.0, 0.2), TemplateGoal("sessions_held", 0.0, 6.0),
            format="lunch_and_learn", further_formats=["teach_one_thing"], modality="hybrid",
            objective="What one team has learned is heard in the others, without a course.",
        ),
        _built_in(
            "newcomers", "The first months of new colleagues",
            "Everybody who is hired has a buddy before the first day, who introduces them to others.",
            182, TemplateGoal("newcomer_days_to_first", 30.0, 7.0), TemplateGoal("newcomer_ties_90", 0.0, 5.0),
            format="onboarding_buddy", further_formats=["newcomer_introductions", "lunch_and_learn"],
            tenure_max_months=6,
            objective="Whoever is new knows people to ask within a week, and feels that they belong.",
        ),
        _built_in(
            "peer_circles", "Circles that mentor each other",
            "Small groups whose members take turns to bring what occupies them, with a neutral facilitator.",
            182, TemplateGoal("participation_rate", 0.0, 0.3), TemplateGoal("behaviour_change", 0.0, 0.3),
            format="mentoring_circle", further_formats=["critique_group", "practice_feedback_adjust"],
            objective="Colleagues of different departments help each other with what they are working on.",
        ),
        _built_in(
            "problem_sprint", "Twelve weeks on one hard problem",
            "Groups of at least two functions work on a challenge week by week and record the outcome.",
            84, TemplateGoal("sessions_held", 0.0, 12.0), TemplateGoal("usefulness", 3.0, 4.0),
            format="problem_solving", further_formats=["knowledge_sharing"],
            objective="A problem that no department solves alone is solved, and how is written down.",
        ),
    )
}  # fmt: skip
"""Version 1 of each; an organization writes later ones, and others."""
