"""What a measure is: a name, a formula, a unit, a source and a version."""

from dataclasses import dataclass
from typing import Literal

By = Literal["none", "unit", "programme", "format", "month"]
Unit = Literal[
    "ratio", "sessions", "hours", "index", "score", "seconds", "days", "people", "count", "points", "money", "minutes"
]
Family = Literal[
    "participation",
    "attendance",
    "presence",
    "places",
    "reach",
    "newcomers",
    "sessions",
    "evenness",
    "engagement",
    "feedback",
    "response",
    "transfer",
    "first_use",
    "behaviour",
    "pulse",
    "matching",
    "pairs",
    "rounds",
    "hosting",
    "learning",
    "learned",
    "form",
    "recommendation",
    "facilitation",
    "saved",
    "agility",
    "newcomer_ties",
    "help",
    "knowledge",
    "rules",
    "overload",
    "freshness",
]


@dataclass(frozen=True)
class Measure:
    """One named definition. A changed formula is a new `version`; old values keep the version they were made with."""

    name: str
    title: str
    unit: Unit
    family: Family | None
    """The query that counts it; None for what is read elsewhere."""
    formula: str
    source: str
    n_counts: str = "people"
    denominator_counts: str | None = None
    """What the value was divided by; None for sums."""
    digits: int = 2
    significant: bool = False
    """Whether these are counted from the first that is not zero: of shares that are small wherever many are."""
    version: int = 1
    answers: bool = False
    """Made of confidential answers: where all said the same there is no number."""
    shown_at: str | None = None
    """Where a measure without a query is read."""
    parameters: str = ""
    """What an organization has set of the formula."""

    @property
    def definition_version(self) -> str:
        """The definition as one word, beside every value."""
        return f"{self.name}/{self.version}" + (f"?{self.parameters}" if self.parameters else "")

    def rounded(self, value: float | None) -> float | None:
        """As precise as it may be published; ratios to whole per cent."""
        if value is None:
            return None
        return float(f"{value:.{self.digits}g}") if self.significant else round(value, self.digits)
