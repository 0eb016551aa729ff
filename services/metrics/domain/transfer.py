"""What people did with it, 30, 60 and 90 days later (MEASUREMENT 6)."""

from services.metrics.domain.measure import Measure

BARRIERS = ("time", "manager", "no-occasion", "not-relevant", "tools", "other")
"""What may be named; whatever else is told counts as other."""
SOURCE = "MEASUREMENT 6"
MEASURES = (
    *(
        Measure(
            f"transfer_{day}",
            f"Applied after {day} days",
            "ratio",
            "transfer",
            f"|applied at least once| / |respondents| of the check-in at day {day}, in the month of the sessions",
            SOURCE,
            n_counts="answers",
            denominator_counts="answers",
            answers=True,
        )
        for day in (30, 60, 90)
    ),
    *(
        Measure(
            name,
            title,
            "ratio",
            "transfer",
            formula,
            SOURCE,
            n_counts="answers",
            denominator_counts="answers" if name in {"scrap", "transfer_depth"} else "people asked",
            answers=True,
        )
        for name, title, formula in (
            ("transfer_low", "Applied, at least", "applied / invited, all check-ins: who was silent has not used it"),
            ("transfer_high", "Applied, at most", "(applied + silent) / invited, all check-ins"),
            ("scrap", "Not applied", "1 - |applied at least once| / |respondents|, all check-ins"),
            ("transfer_depth", "Depth of use", "Mean of (frequency/4)*(effect/4), all check-ins"),
        )
    ),
    Measure(
        "days_to_first_use",
        "Days to first use",
        "days",
        "first_use",
        "Kaplan-Meier median of days from the session to the first use; no use by the check-in is censored there.",
        SOURCE,
        n_counts="answers",
        denominator_counts="answers",
        digits=0,
        answers=True,
    ),
    Measure(
        "barriers",
        "What was in the way",
        "count",
        None,
        "Answers naming time, manager, no-occasion, not-relevant, tools or other, ranked, month by month; each k "
        "answers or more, and a number stands until k more name it",
        SOURCE,
        n_counts="answers",
        answers=True,
        digits=0,
        shown_at="GET /v1/barriers",
    ),
    Measure(
        "minutes_saved",
        "Minutes saved",
        "minutes",
        "saved",
        "Mean of the minutes that people say using what they learned has saved them since the session, over check-ins "
        "that say so",
        "MISSION K23",
        n_counts="answers",
        denominator_counts="answers",
        digits=0,
        answers=True,
    ),
)
