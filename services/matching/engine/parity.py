"""Whether a round serves everybody alike: the share matched by tenure, site and function, never of a few people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.matching.engine.people import Person

FEWEST = 5
"""No share is told of fewer people, or where fewer but not none are matched or left out: they are counted together."""
OTHERS = "others"
YEAR = 365
TENURE = ((1 * YEAR, "under_1_year"), (3 * YEAR, "1_to_3_years"), (10 * YEAR, "3_to_10_years"))
LONGEST = "over_10_years"


def tenure(person: Person) -> str:
    """The band somebody's length of service falls in."""
    return next((name for days, name in TENURE if person.tenure_days < days), LONGEST)


KINDS = ("tenure", "site", "function")


def parity(people: Iterable[tuple[str, str, str, bool]]) -> dict[str, Any]:
    """Shares matched of those asked, by kind and group; `ratio` is the lowest share by the highest.

    `people` says of each the group by each of `KINDS`, and whether they are matched.
    """
    tallies: dict[str, dict[str, list[int]]] = {kind: defaultdict(lambda: [0, 0]) for kind in KINDS}
    for *groups, matched in people:
        for kind, group in zip(KINDS, groups, strict=True):
            tally = tallies[kind][group]
            tally[0] += 1
            tally[1] += matched
    return {"fewest": FEWEST} | {kind: _compared(tallies[kind]) for kind in KINDS}


def _compared(tallies: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    groups = shown((name, asked, matched) for name, (asked, matched) in tallies.items())
    rates = [group["rate"] for group in groups if group["group"] != OTHERS]
    ratio = min(rates) / max(rates) if len(rates) > 1 and max(rates) > 0 else None
    return {"groups": groups, "ratio": None if ratio is None else round(ratio, 4)}


def shown(tallies: Iterable[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Groups that single nobody out; the others together, with the smallest of the rest while they do."""
    ranked = sorted(tallies, key=lambda tally: (-tally[1], tally[0]))
    kept = [tally for tally in ranked if _is_told(tally[1:])]
    hidden = [tally for tally in ranked if not _is_told(tally[1:])]
    while kept and hidden and not _is_told(_sum(hidden)):
        hidden.append(kept.pop())
    asked, matched = _sum(hidden)
    if asked >= FEWEST:
        kept.append((OTHERS, asked, matched))
    return [
        {"group": name, "asked": asked, "matched": matched, "rate": round(matched / asked, 4)}
        for name, asked, matched in kept
    ]


def _is_told(counts: tuple[int, int]) -> bool:
    """Whether enough were asked, and enough of them or nobody matched, and left out: one left out is somebody."""
    asked, matched = counts
    return asked >= FEWEST and not {matched, asked - matched}.intersection(range(1, FEWEST))


def _sum(tallies: Sequence[tuple[str, int, int]]) -> tuple[int, int]:
    return sum(asked for _, asked, _ in tallies), sum(matched for *_, matched in tallies)
