"""The catalogue: what every published number means, in which version of its definition, and where that comes from."""

from dataclasses import dataclass
from typing import Literal

By = Literal["none", "unit", "programme", "format", "month"]
Unit = Literal["ratio", "sessions", "hours", "index", "score", "seconds"]
Family = Literal["participation", "attendance", "sessions", "evenness", "feedback", "matching", "freshness"]


@dataclass(frozen=True)
class Measure:
    """One named definition. A changed formula is a new `version`; old values keep the version they were made with."""

    name: str
    title: str
    unit: Unit
    family: Family
    formula: str
    source: str
    n_counts: str = "people"
    denominator_counts: str | None = None
    """What the value was divided by; None for sums."""
    digits: int = 2
    version: int = 1

    @property
    def definition_version(self) -> str:
        """The definition as one word, beside every value."""
        return f"{self.name}/{self.version}"

    def rounded(self, value: float | None) -> float | None:
        """As precise as it may be published; ratios to whole per cent."""
        return None if value is None else round(value, self.digits)


_ALL = (
    Measure(
        name="participation_rate",
        title="Participation",
        unit="ratio",
        family="participation",
        formula="|{p in E: attended at least one session}| / |E|. E: people with active employment on at least half of "
        "the window's days inside the scope (unit, programme audience). A programme's window is cut to its run.",
        source="MEASUREMENT 1",
        n_counts="eligible people",
        denominator_counts="eligible people",
    ),
    Measure(
        name="attendance_rate",
        title="Attendance",
        unit="ratio",
        family="attendance",
        formula="attended / (attended + no_show + cancelled_late)",
        source="MEASUREMENT 1",
        denominator_counts="places expected to be filled",
    ),
    Measure(
        name="no_show_rate",
        title="No-shows",
        unit="ratio",
        family="attendance",
        formula="no_show / (attended + no_show)",
        source="MEASUREMENT 1",
        denominator_counts="places kept to the end",
    ),
    Measure(
        name="sessions_held",
        title="Sessions held",
        unit="sessions",
        family="sessions",
        formula="Sessions that took place with somebody in them; by unit: with somebody of the unit.",
        source="MEASUREMENT 1",
        digits=0,
    ),
    Measure(
        name="learning_hours",
        title="Learning hours",
        unit="hours",
        family="attendance",
        formula="Sum of attended minutes / 60",
        source="MEASUREMENT 1",
        digits=0,
    ),
    Measure(
        name="evenness",
        title="Evenness",
        unit="index",
        family="evenness",
        formula="Mean over groups of 1 - G*. G* = Gini of contributions (taught, asked, shared, challenged, "
        "summarised) in held sessions over all expected members with zeros, corrected by n/(n-1). Expected: the "
        "match's members and whoever was due in a session; not the facilitator, nor who was waitlisted, excused or "
        "cancelled early. Each group counts once, whatever its size; by unit: each group with a member of the unit; "
        "groups in which nobody contributed have none.",
        source="MEASUREMENT 3",
        n_counts="members expected",
        denominator_counts="groups",
    ),
    *(
        Measure(
            name=name,
            title=name.capitalize(),
            unit="score",
            family="feedback",
            formula=f"Mean answer to the {name} question, 1 to 5",
            source="MEASUREMENT 4",
            n_counts="answers",
            denominator_counts="answers",
            digits=1,
        )
        for name in ("usefulness", "relevance", "engagement")
    ),
    Measure(
        name="response_rate",
        title="Response",
        unit="ratio",
        family="feedback",
        formula="Released answers / attendances: everybody who attended is asked once per session.",
        source="MEASUREMENT 4",
        n_counts="answers",
        denominator_counts="attendances",
    ),
    Measure(
        name="acceptance_rate",
        title="Acceptance",
        unit="ratio",
        family="matching",
        formula="Proposals accepted / proposals accepted, declined or expired; in the month they were first made.",
        source="MEASUREMENT 15",
        denominator_counts="answered proposals",
    ),
    Measure(
        name="freshness_seconds",
        title="Freshness",
        unit="seconds",
        family="freshness",
        formula="p95 of (committed here - event time) over the last day's events, to an eighth",
        source="MEASUREMENT 16",
        n_counts="events",
        digits=3,
    ),
)
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
