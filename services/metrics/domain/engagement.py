"""How engaged a group is: one index of attendance, contribution, feedback and recency (MEASUREMENT 2)."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.metrics.domain.measure import Measure

Weight = Annotated[float, Field(ge=0, le=1)]


class EngagementWeights(BaseSettings):
    """`LATERAL_METRICS_ENGAGEMENT_*`, part of the definition: what each part of the index counts."""

    model_config = SettingsConfigDict(env_prefix="LATERAL_METRICS_ENGAGEMENT_", extra="ignore", frozen=True)

    attendance: Weight = 0.35
    contribution: Weight = 0.30
    feedback: Weight = 0.15
    recency: Weight = 0.20

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        if abs(sum(self.model_dump().values()) - 1) > 1e-9:  # noqa: PLR2004 - what floating point loses
            raise ValueError("the weights of the engagement index do not sum to 1")
        return self


WEIGHTS = EngagementWeights()


def index(attendance: float, contribution: float, feedback: float, recent: float) -> float:
    """0..100 of parts between 0 and 1, of one person or, as a mean of parts is the mean of indices, of a group."""
    return 100 * (
        WEIGHTS.attendance * min(1.0, attendance)
        + WEIGHTS.contribution * contribution
        + WEIGHTS.feedback * feedback
        + WEIGHTS.recency * recent
    )


def defined(weights: EngagementWeights) -> Measure:
    """The definition with these weights: other weights are another definition."""
    told = weights.model_dump()
    return Measure(
        "engagement_index",
        "Engagement",
        "index",
        "engagement",
        "Mean over active people of 100*({attendance:.2f}*A + {contribution:.2f}*C + {feedback:.2f}*F + "
        "{recency:.2f}*R). A = min(1, attended / months of the window); C = attended sessions with a contribution / "
        "attended; R = 0.5^(days from the last session to the window's end, the month's in a table by month, or "
        "today / 45); F = released answers / attendances of people's divisions, because nobody knows who answered. "
        "Of groups only: no person has one. The weights are set for the whole organization.".format(**told),
        "MEASUREMENT 2",
        denominator_counts="active people",
        digits=0,
        version=2,
        parameters="&".join(f"{name}={weight:g}" for name, weight in told.items()),
    )


MEASURES = (defined(WEIGHTS),)
