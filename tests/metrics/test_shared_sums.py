"""All tables of a page are judged on one basis, as each would be judged on one of its own."""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest

from services.metrics.confidentiality.sets import Row, Sums

MONTHS = (date(2026, 9, 1), date(2026, 10, 1))
END = date(2026, 11, 1)
VIEWS = ("10:10:", "20:20:", "30:30:")
NOW = "40:40:"
TABLES: tuple[dict[str, Any], ...] = (
    {"by": "none"},
    {"by": "unit"},
    {"by": "programme"},
    {"by": "format"},
    {"by": "month"},
    {"by": "unit", "programme_id": UUID(int=1)},
    {"by": "programme", "unit": "d1"},
    {"by": "none", "window_end": MONTHS[1]},
)


def table(**given: Any) -> dict[str, Any]:
    window = {"window_start": MONTHS[0], "window_end": END}
    return {**window, "programme_id": None, "unit": None, "format": None, **given}


def organization(draw: Random) -> list[Row]:
    """Small groups who did something in two months, some of them before one view and after another."""
    return [
        {
            "month": draw.choice(MONTHS),
            "unit_path": ["org", f"d{draw.randrange(4)}"],
            "programme_id": UUID(int=draw.randrange(3)),
            "format": draw.choice(("circle", "mentoring")),
            "ages": draw.sample(range(len(VIEWS) + 1), draw.choice((1, 1, 1, 2))),
            "persons": draw.choice((1, 1, 2, 3, 9)),
        }
        for _ in range(60)
    ]


def cells_of(of: dict[str, Any], classes: Sequence[Row], seen: str) -> list[Row]:
    """One row for each cell that the table might have."""
    names = {
        "none": [""],
        "unit": sorted({row["unit_path"][1] for row in classes}),
        "programme": sorted({str(row["programme_id"]) for row in classes}),
        "format": ["circle", "mentoring"],
        "month": ["2026-09", "2026-10"],
    }
    return [{**of, "cell": cell, "seen": seen} for cell in names[of["by"]]]


@pytest.mark.parametrize("seed", range(30))
def test_one_basis_for_a_page_decides_as_one_for_each_table(seed: int) -> None:
    draw = Random(seed)
    classes = organization(draw)
    page = [table(**given) for given in TABLES]
    shown: list[Row] = []
    refusals = 0
    for seen in (*VIEWS, NOW):
        draw.shuffle(page)
        views = [view for view in VIEWS if view < seen]
        known = [{**row, "ages": sorted({age for age in row["ages"] if age <= len(views)})} for row in classes]
        known = [row for row in known if row["ages"]]
        shared = Sums(known, [*shown, *page], views, 5)
        for each in page[: draw.randrange(3, len(page))]:
            asked = cells_of(each, known, seen)
            assert shared.knows([*shown, *asked])
            refused = shared.refused(shown, asked)
            assert refused == Sums(known, [*shown, *asked], views, 5).refused(shown, asked)
            shown += [row for row in asked if row["cell"] not in refused]
            shown += [row for row in asked if row["cell"] in refused and draw.random() < 0.1]  # shown all the same
            refusals += len(refused)
    assert refusals
    assert not shared.knows([table(by="none", unit="d2")])
