"""How widely people learn, and how soon those who are new know somebody (MISSION K19, K20)."""

from services.metrics.domain.measure import Measure

_MET = {
    "skills_met": (
        "Skills met",
        "skills of sessions",
        "Sessions of closed programmes tell no skill: whoever was in no other is not counted.",
    ),
    "roles_met": ("Roles taken", "roles taken in sessions", ""),
    "units_met": ("Units met", "units met in sessions, other than one's own", "A unit is where a person belongs."),
}
MEASURES = (
    *(
        Measure(
            name, title, "count", "agility",
            f"Different {what} / people with at least one attendance, each once a cell; a year is a window of twelve "
            f"months. {more}".rstrip(),
            "MISSION K19", denominator_counts="active people", digits=1,
            version=2 if name == "skills_met" else 1,
        )
        for name, (title, what, more) in _MET.items()
    ),
    *(
        Measure(
            f"newcomer_ties_{days}", f"Newcomers' ties after {days} days", "count", "newcomer_ties",
            f"Colleagues somebody has met in sessions by day {days} after their hire, mean over people hired in the "
            f"window; a month of hires counts from the day on which day {days} has passed for all of them, "
            "sessions from the month before the first day on.",
            "MISSION K20", denominator_counts="newcomers", digits=1, version=2,
        )
        for days in (30, 90)
    ),
)  # fmt: skip
