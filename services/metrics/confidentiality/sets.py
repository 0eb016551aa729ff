"""Which sums of everything shown tell about few: sets of people, over classes that differ in what and when. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from services.metrics.confidentiality.audit import Audit

Row = Mapping[str, Any]


def view_order(view: str) -> tuple[int, int, int]:
    """Views of the store, as text, in order of time: `xmin:xmax:those in progress`."""
    oldest, newest, running = view.split(":")
    return int(newest), int(oldest), -len(running.split(","))


def of_staff(row: Row) -> bool:
    """Whether a table divides everybody who could have come by unit alone."""
    return row["by"] in {"none", "unit"} and row["programme_id"] is None and row["format"] is None


def refused(classes: Sequence[Row], rows: Sequence[Row], views: Sequence[str], before: int, k: int) -> set[str]:
    """The cells of `rows[before:]` that may not join the first `before`, which were shown.

    What a person did is one summand as of each view that first saw it: two numbers shown at different times differ by
    what came between, and that must be about k people too.
    """
    reach = {view: number for number, view in enumerate(views)}
    sets = [(_table(row), row["cell"], reach.get(row["seen"], len(views))) for row in rows]
    tables = {table: row for (table, *_), row in zip(sets, rows, strict=True)}
    holds = [{table: _cell(row, found) for table, row in tables.items() if _selects(row, found)} for found in classes]
    alike: dict[Any, int] = {}
    sizes: list[int] = []
    columns: list[tuple[int, int]] = []
    inside: defaultdict[tuple[Any, str], list[int]] = defaultdict(list)
    for found, cells in zip(classes, holds, strict=True):
        signature = (*cells.items(), tuple(sorted(found["ages"])))
        if signature not in alike:
            alike[signature] = len(sizes)
            sizes.append(0)
            for age in sorted(found["ages"]):
                for table, cell in cells.items():
                    inside[table, cell].append(len(columns))
                columns.append((alike[signature], age))
        sizes[alike[signature]] += found["persons"]
    places = [[at for at in inside[table, cell] if columns[at][1] <= view] for table, cell, view in sets]
    audit = Audit(sizes, k, owners=[owner for owner, _ in columns])
    for members in {tuple(members) for members in places[:before]}:
        audit.take(members)
    audit.forgive()
    candidates = sorted(range(before, len(rows)), key=lambda number: (-audit.persons(places[number]), number))
    return {rows[number]["cell"] for number in candidates if places[number] and not audit.admit(places[number])}


def _table(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("window_start", "window_end", "by", "programme_id", "unit", "format"))


def _selects(row: Row, found: Row) -> bool:
    """Whether a class's people are among those of a table."""
    month: date = found["month"]
    path: Collection[str] = found["unit_path"]
    return (
        row["window_start"] <= month < row["window_end"]
        and (row["programme_id"] is None or row["programme_id"] == found["programme_id"])
        and (row["format"] is None or row["format"] == found["format"])
        and (row["unit"] is None or row["unit"] in path)
    )


def _cell(row: Row, found: Row) -> str:
    """As `cell_of()` in the database."""
    path: list[str] = found["unit_path"]
    if row["by"] == "unit":
        above = path.index(row["unit"]) if row["unit"] in path else 0
        return (path[above + 1 :] or path[-1:] or [""])[0]
    if row["by"] == "programme":
        return str(found["programme_id"])
    if row["by"] == "format":
        return str(found["format"])
    return f"{found['month']:%Y-%m}" if row["by"] == "month" else ""
