"""How unevenly a group speaks: the Gini coefficient over everybody expected, the silent included."""

from collections.abc import Callable, Sequence


def gini(contributions: Sequence[float]) -> float | None:
    """Unevenness of all expected members' contributions, 0..1; None when nobody contributed or nobody was expected.

    G = 2*sum(i*x_(i)) / (n*sum x) - (n+1)/n, ascending, i = 1..n. Zeros belong in: without them G is too low.
    """
    count, total = len(contributions), sum(contributions)
    if total == 0:
        return None
    ranked = sum(place * value for place, value in enumerate(sorted(contributions), 1))
    return 2 * ranked / (count * total) - (count + 1) / count


def corrected_gini(contributions: Sequence[float]) -> float | None:
    """G* = G*n/(n-1), so that one speaker among few is 1 as among many; None for fewer than two members."""
    count = len(contributions)
    found = gini(contributions) if count > 1 else None
    return None if found is None else found * count / (count - 1)


def evenness(contributions: Sequence[float]) -> float | None:
    """1 - G* of one group: 1 when all contribute alike, 0 when one does all."""
    found = corrected_gini(contributions)
    return None if found is None else 1 - found


def tenth(contributions: Sequence[float]) -> int:
    """How many members a tenth of them is, at least one."""
    return max(1, round(len(contributions) / 10))


def top_share(contributions: Sequence[float]) -> float | None:
    """What the most active tenth of members contributed of all; None when nobody did."""
    total = sum(contributions)
    return sum(sorted(contributions, reverse=True)[: tenth(contributions)]) / total if total else None


def mean_of(
    groups: Sequence[Sequence[float]], of: Callable[[Sequence[float]], float | None]
) -> tuple[float | None, int]:
    """The plain mean of a group's figure over groups, each once, and how many groups had it."""
    found = [value for group in groups if (value := of(group)) is not None]
    return (sum(found) / len(found) if found else None), len(found)
