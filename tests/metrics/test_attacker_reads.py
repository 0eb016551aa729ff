"""An attacker who reads tables as facts come in, keeps all numbers, and subtracts them from each other."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from random import Random
from uuid import UUID, uuid4

import numpy as np
import pytest

from services.metrics.confidentiality import K
from services.metrics.domain.measures import COUNTED
from services.metrics.queries import shown
from services.metrics.queries.measures import get_measure
from services.metrics.queries.release import Release
from services.metrics.queries.scope import Scope, Window
from shared.db import Database
from tests.metrics.organization import classes, history
from tests.metrics.world import deliver, part, people, person, programme, unit

MONTHS = [datetime(2026, month, 10, 9, tzinfo=UTC) for month in (9, 10)]
WINDOWS = [Window(date(2026, first, 1), date(2026, last, 1)) for first, last in ((9, 10), (10, 11), (9, 11))]
TABLES = [Scope(window, by) for window in WINDOWS for by in ("none", "unit", "programme", "month")]
BATCHES = (110, 1, 7, 2, 12, 1, 20, 4)
"""How many people come between one reading and the next."""


async def nothing_out_of_reach(*_: object) -> set[str]:
    return set()


def reached(sets: Collection[frozenset[int]]) -> int:
    """How many people are in groups of fewer than k whose sum is a combination of these sets' sums."""
    groups, places = classes(dict(enumerate(sets)))
    matrix = np.zeros((len(places), len(groups)))
    for row, at in enumerate(places.values()):
        matrix[row, at] = 1
    _, strength, basis = np.linalg.svd(matrix, full_matrices=False)
    basis = basis[strength > 1e-9]
    rest = np.abs(np.eye(len(groups)) - basis.T @ basis).max(axis=1)
    return sum(len(group) for group, left in zip(groups, rest, strict=True) if left < 1e-6 and len(group) < K)


@pytest.mark.parametrize("guarded", [True, False])
async def test_reading_any_table_at_any_time_tells_of_nobody(
    db: Database, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    if not guarded:
        monkeypatch.setattr(shown, "out_of_reach", nothing_out_of_reach)
    rng = Random(7)
    staff = [(one.number, f"d{one.division}") for one in history(200)[0]]
    programmes, ids = people(3), dict(zip((number for number, _ in staff), people(len(staff)), strict=True))
    async with db.transaction() as conn:
        await deliver(conn, [unit("org", "Org"), *(unit(code, code, "org") for code in sorted({c for _, c in staff}))])
        await deliver(conn, [programme(one) for one in programmes])
        await deliver(conn, [person(ids[number], code) for number, code in staff])
    rng.shuffle(staff)
    facts: list[tuple[int, str, UUID, datetime]] = []
    told: dict[tuple[str, str, datetime], frozenset[int]] = {}
    for count in BATCHES:
        new = [(*staff.pop(), rng.choice(programmes), rng.choice(MONTHS)) for _ in range(count)]
        facts += new
        async with db.transaction() as conn:
            await deliver(
                conn,
                [
                    part(uuid4(), ids[number], programme_id=of, session_starts_at=at, state="no_show", minutes=0)
                    for number, _, of, at in new
                ],
            )
        for scope in rng.sample(TABLES, 5):
            measure = COUNTED[rng.choice(("attendance_rate", "no_show_rate"))]
            async with db.acquire() as conn:
                cells = (await get_measure(conn, Release(conn, K), measure, scope)).cells
            for cell in cells:
                if cell.denominator:
                    members = frozenset(fact[0] for fact in facts if belongs(fact, scope, cell.group))
                    known = told.setdefault((measure.name + scope.key, cell.group, cell.as_of), members)
                    assert cell.denominator == len(known)
    assert len(told) > 10
    assert (reached(told.values()) == 0) is guarded


def belongs(fact: tuple[int, str, UUID, datetime], scope: Scope, cell: str) -> bool:
    """Whether a fact is one of a cell's."""
    _, code, programme_id, at = fact
    inside = scope.window.start <= at.date() < scope.window.end
    names = {"none": "", "unit": code, "programme": str(programme_id), "month": f"{at:%Y-%m}"}
    return inside and names[scope.by] == cell
