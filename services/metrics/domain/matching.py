"""Whether matches are wanted, quick, met and fair (MEASUREMENT 15)."""

from services.metrics.domain.measure import Measure, Unit

SOURCE = "MEASUREMENT 15"
_PAIRS: tuple[tuple[str, str, Unit, str, str, int], ...] = (
    (
        "days_to_answer_p50", "Days to a match, half", "days",
        "p50 of days from proposal to acceptance, accepted matches", "accepted matches", 1,
    ),
    (
        "days_to_answer_p90", "Days to a match, nine of ten", "days",
        "p90 of days from proposal to acceptance, accepted matches; k people or more are beyond it",
        "accepted matches", 1,
    ),
    (
        "met_in_14_days", "Met within two weeks", "ratio",
        "matches with a held session within 14 days of acceptance (circles: of forming) / matches",
        "matches", 2,
    ),
    (
        "survival", "Lasted", "ratio", "matches with at least 3 held sessions / matches", "matches", 2,
    ),
    (
        "repeat_pairs", "Pairs repeated too soon", "ratio",
        "proposals to two people with a match in the 180 days before / proposals; target 0", "proposals", 2,
    ),
)  # fmt: skip
MEASURES = (
    Measure(
        "acceptance_rate", "Acceptance", "ratio", "matching",
        "Proposals accepted / proposals accepted, declined or expired; in the month they were first made.", SOURCE,
        denominator_counts="answered proposals",
    ),
    *(
        Measure(
            name, title, unit, "pairs", formula, SOURCE, denominator_counts=counts, digits=digits,
        )
        for name, title, unit, formula, counts, digits in _PAIRS
    ),
    Measure(
        "unmatched_rate", "Left unmatched", "ratio", "rounds",
        "unmatched / asked over the rounds of the window; nobody is dropped silently", SOURCE, n_counts="people asked",
        denominator_counts="people asked",
    ),
    Measure(
        "coverage_parity", "Evenness of coverage", "ratio", None,
        "lowest / highest match rate over tenure, site and function groups of k, none or k of them left out", SOURCE,
        shown_at="GET /v1/rounds/{round_id}/parity of matching, round by round",
    ),
)  # fmt: skip
