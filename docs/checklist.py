"""The checklist: what Lateral must do, and the tests that show it, by what their docstrings begin with."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE = tomllib.loads((ROOT / "docs/checklist.toml").read_text("utf-8"))
OPEN: list[str] = FILE.pop("open")
"""Rows of which a part is not there yet."""
ROWS: dict[str, dict[str, str]] = FILE
SAID = re.compile(r"[PFRKC]\d+(?:, [PFRKC]\d+)*(?=[.:])")


def shown() -> dict[str, list[tuple[Path, str]]]:
    """Row to the tests that say they show it: file and name."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, said in _sayings(path):
            for row in said.split(", "):
                found[row].append((path.relative_to(ROOT), name))
    return found


def _sayings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            said = SAID.match(ast.get_docstring(node) or "")
            if said:
                yield node.name, said[0]


def page() -> str:
    """Every row with links to its tests."""
    tests = shown()
    lines = ["# The checklist", "", "Generated from `docs/checklist.toml` and the tests' docstrings by `make docs`."]
    for part, rows in ROWS.items():
        lines += ["", f"## {part}", "", "| Row | What | Shown by |", "|---|---|---|"]
        for row, what in rows.items():
            links = [f"[{_sentence(name)}](../{path})" for path, name in tests[row]]
            lines.append(f"| {row} | {what} | {'; '.join((['**not whole yet**'] if row in OPEN else []) + links)} |")
    return "\n".join(lines) + "\n"


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")
