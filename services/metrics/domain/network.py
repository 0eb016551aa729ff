"""Who learns with whom, unit by unit and never by name (MEASUREMENT 9)."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from services.metrics.domain.measure import Measure, Unit

Node = TypeVar("Node", bound=Hashable)


def density(ties: float, of: int, to: int | None = None) -> float | None:
    """L_AB/(N_A*N_B) between two units; 2*L_AA/(N_A*(N_A-1)) inside one."""
    possible = of * (of - 1) / 2 if to is None else of * to
    return ties / possible if possible else None


def ei_index(external: float, internal: float) -> float | None:
    """(E - I)/(E + I), -1 all inside to 1 all across (Krackhardt & Stern 1988)."""
    total = external + internal
    return (external - internal) / total if total else None


def ei_expected(sizes: Sequence[int]) -> float | None:
    """The E-I index of ties drawn at random among units of these sizes."""
    people = sum(sizes)
    if people < 2:  # noqa: PLR2004 - a tie takes two
        return None
    inside = sum(size * (size - 1) for size in sizes) / (people * (people - 1))
    return 2 * (1 - inside) - 1


class Components(Generic[Node]):
    """Who is connected with whom, tie by tie; union-find. It holds one entry a person, however many ties come."""

    def __init__(self, people: Iterable[Node]) -> None:
        self._above: dict[Node, Node] = {person: person for person in people}

    def join(self, ties: Iterable[tuple[Node, Node]]) -> None:
        """Connect both ends of each tie."""
        for one, other in ties:
            self._above[self._root(one)] = self._root(other)

    def largest(self) -> int:
        """How many people the largest connected group has; 0 of nobody."""
        return max(Counter(map(self._root, self._above)).values(), default=0)

    def _root(self, node: Node) -> Node:
        above = self._above
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node


SOURCE = "MEASUREMENT 9"
_AT = "GET /v1/networks"
_TIES: tuple[tuple[str, str, Unit, str], ...] = (
    ("tie_density", "Density of ties", "index", "D_AB = L_AB/(N_A*N_B); D_AA = 2*L_AA/(N_A*(N_A-1))."),
    ("ei_index", "Ties across units", "index", "(E - I)/(E + I)."),
    (
        "ei_over_expected", "Ties across units beyond chance", "index",
        "E-I minus 2*(1 - sum N_A(N_A-1)/(N(N-1))) + 1.",
    ),
    ("cross_unit_share", "Share of ties across units", "ratio", "E/(E + I)."),
    ("new_tie_rate", "New ties", "ratio", "Ties unseen in the twelve months before / ties."),
    ("exposure", "Units met", "count", "Mean distinct divisions met by those with a tie, their own among them."),
    ("isolates", "Without any tie", "ratio", "|degree 0 in E| / |E|."),
    ("largest_component", "Connected", "ratio", "Share of people in the largest connected group."),
    (
        "brokers", "Bridging people", "ratio",
        "|c <= 0.5| / |tied|; c, the constraint, divisions as contacts: sum of squares of the shares of tie weight.",
    ),
)  # fmt: skip
MEASURES = tuple(
    Measure(
        name, title, unit, None,
        formula + " Ties of a month that is over, from its own sessions alone. A tie's weight: sum over shared "
        "sessions of 1/(n-1), halved every 90 days. Of those who could have come in the month and those who did. "
        "Units only; a cell needs k distinct people on either side.",
        SOURCE, digits=2, significant=name == "tie_density", version=3, shown_at=_AT,
    )
    for name, title, unit, formula in _TIES
)  # fmt: skip
