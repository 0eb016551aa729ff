"""Which sums of everything shown tell about few: sets of people, over classes that differ in what and when. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from math import inf
from typing import Any

from services.metrics.confidentiality.audit import Audit

Row = Mapping[str, Any]
Table = tuple[Any, ...]


def view_order(view: str) -> tuple[int, int, int]:
    """Views of the store, as text, in order of time: `xmin:xmax:those in progress`."""
    oldest, newest, running = view.split(":")
    return int(newest), int(oldest), -len(running.split(","))


def of_staff(row: Row) -> bool:
    """Whether a table divides everybody who could have come by unit alone."""
    return row["by"] in {"none", "unit"} and row["programme_id"] is None and row["format"] is None


class Sums:
    """The sums shown of the same people, one basis for all tables that are judged on one view of the store.

    What a person did is one summand as of each view that first saw it: two numbers shown at different times differ by
    what came between, and that must be about k people too.
    """

    def __init__(self, classes: Sequence[Row], tables: Sequence[Row], views: Sequence[str], k: int) -> None:
        """`tables` are all that will be asked about: people whom none of them tells apart are one class.

        Classes of answers come with the `lowest` and the `highest` of these, and with the `sums` they are part of, by
        `people` of a table.
        """
        self._reach = {view: number for number, view in enumerate(views)}
        self._tables = {_table(row): row for row in tables}
        self._inside: defaultdict[tuple[Table, str], list[int]] = defaultdict(list)
        self._taken: set[tuple[Table, str, str]] = set()
        alike: dict[Any, int] = {}
        sizes: list[int] = []
        said: list[tuple[float, float]] = []
        columns: list[tuple[int, int]] = []
        of_kind: dict[Table, dict[Table, str]] = {}
        for found in classes:
            sums = tuple(found.get("sums", ()))
            kind = found["month"], tuple(found["unit_path"]), found["programme_id"], found["format"], sums
            if kind not in of_kind:
                tables_of = (item for item in self._tables.items() if _selects(item[1], found))
                of_kind[kind] = {table: _cell(row, found) for table, row in tables_of}
            cells = of_kind[kind]
            ages = tuple(sorted(found["ages"]))
            signature = (*cells.items(), ages, sums)
            if signature not in alike:
                alike[signature] = len(sizes)
                sizes.append(0)
                said.append((inf, -inf))
                for age in ages:
                    for table, cell in cells.items():
                        self._inside[table, cell].append(len(columns))
                    columns.append((alike[signature], age))
            place = alike[signature]
            sizes[place] += found["persons"]
            if found.get("lowest") is not None:
                said[place] = min(said[place][0], found["lowest"]), max(said[place][1], found["highest"])
        # The sum of answers that are all alike tells what each one said, however many they are.
        sizes = [0 if lowest == highest else size for size, (lowest, highest) in zip(sizes, said, strict=True)]
        self._ages = [age for _, age in columns]
        self._audit = Audit(sizes, k, owners=[owner for owner, _ in columns])

    def knows(self, rows: Sequence[Row]) -> bool:
        """Whether it was made with the tables of these rows in mind."""
        return all(_table(row) in self._tables for row in rows)

    def refused(self, before: Sequence[Row], asked: Sequence[Row]) -> set[str]:
        """The cells of `asked`, rows of one table, that may not join `before`, which was shown."""
        for name, row in {(_table(row), row["cell"], row["seen"]): row for row in before}.items():
            if name not in self._taken:
                self._taken.add(name)
                self._audit.take(self._places(row))
        self._audit.forgive()
        places = [self._places(row) for row in asked]
        order = sorted(range(len(asked)), key=lambda number: (-self._audit.persons(places[number]), number))
        return {asked[number]["cell"] for number in order if places[number] and not self._audit.admit(places[number])}

    def _places(self, row: Row) -> list[int]:
        """The summands of a cell as of its view; a view nobody has seen yet has seen them all."""
        inside = self._inside.get((_table(row), row["cell"]), [])
        view = self._reach.get(row["seen"], len(self._reach))
        return [at for at in inside if self._ages[at] <= view]


def _table(row: Row) -> Table:
    names = "window_start", "window_end", "by", "programme_id", "unit", "format"
    return (row.get("people"), *(row[name] for name in names))


def _selects(row: Row, found: Row) -> bool:
    """Whether a class's people are among those of a table."""
    month: date = found["month"]
    path: Collection[str] = found["unit_path"]
    return (
        row["window_start"] <= month < row["window_end"]
        and (row["programme_id"] is None or row["programme_id"] == found["programme_id"])
        and (row["format"] is None or row["format"] == found["format"])
        and (row["unit"] is None or row["unit"] in path)
        and (not found.get("sums") or row["people"] in found["sums"])
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
