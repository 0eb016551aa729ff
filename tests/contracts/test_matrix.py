"""The failure matrix: every row is named by a test or a nemesis, and the page of evidence says which."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.faults.harm import API_POINTS, WORKER_POINTS
from tests.faults.nemeses import LONG, NEMESES

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/evidence/delivery.md").read_text("utf-8")
ROWS = range(1, 35)
STRUCK = {nemesis.__name__ for nemesis in (*NEMESES, *LONG)}
SAID = re.compile(r"Rows? (\d+(?:, \d+)*(?: and \d+)?)\b")


def named() -> dict[int, set[str]]:
    """Row to the tests and nemeses whose docstrings begin with it."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in TESTS.rglob("*.py"):
        for function in functions(path):
            if said := SAID.match(ast.get_docstring(function) or ""):
                for row in re.findall(r"\d+", said[1]):
                    found[int(row)].add(function.name)
    return found


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those that pytest collects or that strike."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            node.name.startswith("test_") or node.name in STRUCK
        ):
            yield node


def test_every_row_of_the_failure_matrix_is_shown_by_something_that_runs() -> None:
    assert sorted(named()) == list(ROWS)


def test_the_page_of_evidence_names_for_each_row_just_what_shows_it() -> None:
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert {int(row): set(re.findall(r"`(\w+)`", names)) for row, names in rows} == named()


def test_the_campaign_kills_at_every_point_that_code_names() -> None:
    shared = "".join(path.read_text("utf-8") for path in (TESTS.parent / "shared").glob("*.py"))
    assert sorted(re.findall(r'await crashpoint\("([\w.]+)"\)', shared)) == sorted([*API_POINTS, *WORKER_POINTS])
