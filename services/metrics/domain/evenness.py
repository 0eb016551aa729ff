"""The measures of how evenly groups speak; the arithmetic is in `gini.py` (MEASUREMENT 3)."""

from services.metrics.domain.measure import Measure

_EXPECTED = (
    "contributions (taught, asked, shared, challenged, summarised) in held sessions over all expected members with "
    "zeros. Expected: the match's members and whoever was due in a session; not the facilitator, nor who was "
    "waitlisted, excused or cancelled early. Each group counts once, whatever its size; by unit: each group with a "
    "member of the unit; groups in which nobody contributed have none."
)
SOURCE = "MEASUREMENT 3"
MEASURES = (
    Measure(
        "evenness",
        "Evenness",
        "index",
        "evenness",
        f"Mean over groups of 1 - G*. G* = Gini, corrected by n/(n-1), of {_EXPECTED}",
        SOURCE,
        n_counts="members expected",
        denominator_counts="groups",
    ),
    Measure(
        "unevenness",
        "Gini of contributions",
        "index",
        "evenness",
        f"Mean over groups of G = 2*sum(i*x_(i))/(n*sum x) - (n+1)/n of {_EXPECTED}",
        SOURCE,
        n_counts="members expected",
        denominator_counts="groups",
    ),
    Measure(
        "top_share",
        "Share of the most active tenth",
        "ratio",
        "evenness",
        "Share of all contributions by the most active tenth of members (at least one), each member once in all groups "
        f"together; told where these are k people or more, for it is what they did: {_EXPECTED}",
        SOURCE,
        version=2,
        n_counts="members expected",
        denominator_counts="contributions",
    ),
)
BANDS: dict[str, tuple[float, float]] = {
    "lightning_talks": (0.0, 0.7),
    "brown_bag": (0.0, 0.7),
    "expert_panel": (0.0, 0.7),
    "job_shadowing": (0.0, 1.0),
}
"""Where evenness is expected to lie, by format: an expert's hour is uneven by design (Lakhani)."""
DEFAULT_BAND = (0.5, 1.0)


def note(format_code: str, evenness: float) -> str:
    """Whether a format's evenness is where it is meant to be."""
    low, high = BANDS.get(format_code, DEFAULT_BAND)
    where = "Within" if low <= evenness <= high else "Outside"
    return f"{where} {low:g} to {high:g}, where this format is meant to be."
