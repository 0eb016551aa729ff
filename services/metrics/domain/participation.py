"""Who came, how often, and who could have (MEASUREMENT 1)."""

from services.metrics.domain.measure import Measure

SOURCE = "MEASUREMENT 1"
MEASURES = (
    Measure(
        "participation_rate",
        "Participation",
        "ratio",
        "participation",
        "|{p in E: attended at least one session}| / |E|. E: people with active employment on at least half of "
        "the window's days inside the programme's audience. A programme's window is cut to its run. Each counts in one "
        "unit: where they were at the last session they came to or, without one, on most days.",
        SOURCE,
        version=2,
        n_counts="eligible people",
        denominator_counts="eligible people",
    ),
    Measure(
        "attendance_rate",
        "Attendance",
        "ratio",
        "attendance",
        "attended / (attended + no_show + cancelled_late). Whoever refused late counts once it is known who was there: "
        "of a session that is to come, or that never took place, nobody was missed.",
        SOURCE,
        version=2,
        denominator_counts="places expected to be filled",
    ),
    Measure(
        "no_show_rate",
        "No-shows",
        "ratio",
        "attendance",
        "no_show / (attended + no_show)",
        SOURCE,
        denominator_counts="places kept to the end",
    ),
    Measure(
        "learning_hours", "Learning hours", "hours", "attendance", "Sum of attended minutes / 60", SOURCE, digits=0
    ),
    Measure(
        "fill_rate",
        "Places filled",
        "ratio",
        "places",
        "attended / places of held sessions with a capacity and somebody in them or waiting: the capacity, and a place "
        "for each who leads (facilitator, host), who takes none of it; by unit no capacity can be told apart.",
        SOURCE,
        version=2,
        denominator_counts="places",
    ),
    Measure(
        "waitlist_pressure",
        "Waiting for a place",
        "ratio",
        "places",
        "waitlisted / capacity of held sessions with a capacity and somebody in them or waiting",
        SOURCE,
        denominator_counts="places",
    ),
    Measure(
        "frequency",
        "Sessions a participant",
        "sessions",
        "presence",
        "attendances / people with at least one",
        SOURCE,
        denominator_counts="active people",
        digits=1,
    ),
    Measure(
        "repeat_rate",
        "Came again",
        "ratio",
        "presence",
        "|attended at least 2| / |attended at least 1|",
        SOURCE,
        denominator_counts="active people",
    ),
    Measure(
        "retention",
        "Stayed",
        "ratio",
        "presence",
        "|active in W and in W-1| / |active in W-1|, W-1 being the window of as many months just before",
        SOURCE,
        denominator_counts="people active in the window before",
    ),
    Measure(
        "reciprocity",
        "Taught and learned",
        "ratio",
        "presence",
        "|taught AND learned| / |taught OR learned|. Taught: attended as facilitator, presenter, host, buddy, mentor "
        "or reviewer, or with a contribution `taught`; learned: attended in any other role.",
        SOURCE,
        denominator_counts="people who taught or learned",
    ),
    Measure(
        "reach",
        "Units reached",
        "ratio",
        "reach",
        "units with k participants or more / units with k eligible people or more: whether one of fewer came would be "
        "news of few. A unit is where a person belongs, at the end of the path; whoever moved counts in one, as in "
        "participation.",
        SOURCE,
        version=3,
        n_counts="eligible people",
        denominator_counts="units",
    ),
    Measure(
        "sessions_held",
        "Sessions held",
        "sessions",
        "sessions",
        "Sessions that took place with somebody in them; by unit: with somebody of the unit.",
        SOURCE,
        digits=0,
    ),
    Measure(
        "cancellation_rate",
        "Sessions cancelled",
        "ratio",
        "sessions",
        "sessions cancelled / sessions cancelled or held, among those somebody was in or invited to",
        SOURCE,
        denominator_counts="sessions",
    ),
    Measure(
        "newcomer_days_to_first",
        "Newcomers' days to a first session",
        "days",
        "newcomers",
        "Kaplan-Meier median of days from hire to the first attended session, over people hired in the window; whoever "
        "has not come by its end, or by the end of the last whole month, is censored there.",
        SOURCE,
        denominator_counts="newcomers",
        digits=0,
        version=2,
    ),
)
