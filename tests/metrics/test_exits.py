"""Every exit goes through the one confidentiality module: read from the code itself, so that no new exit forgets."""

import ast
import re
from pathlib import Path

from shared import sql

ROOT = Path(__file__).parents[2] / "services/metrics"
CONFIDENTIAL = {
    "participations", "participation_months", "participation_deltas", "months", "kept_months", "unfolded_months",
    "membership", "membership_spans", "spans", "matches", "sessions", "feedback", "check_ins", "pulses", "surveys",
    "responses", "rounds", "person_skills", "known_skills", "skill_cells", "network_cells", "networks", "learnings",
    "releases", "xapi_actors", "unfolded",
}  # fmt: skip
"""Tables with people, or with sums that have not been judged."""
JUDGES = {"release.py", "shown.py", "networks.py", "skills.py", "learnings.py", "statements.py", "tallies.py"}
"""Modules that read them: each asks `confidentiality`, or is read by one that does (see below)."""
KEEPERS = {"store.py", "state.py", "completeness.py", "published.py", "publish.py", "facts.py"}
"""Modules that write them or look after them, and hand no number to anybody."""
EXITS = ("api", "web", "couriers.py", "commands/exports.py", "commands/reports.py", "queries/report.py",
         "queries/overview.py", "queries/programme.py", "queries/goals.py", "queries/reviews.py",
         "queries/compare.py", "queries/measures.py")  # fmt: skip
"""Where numbers leave: HTTP, pages, mail, statements, files."""
LOAD = re.compile(r'sql\.load\("services\.metrics", "(\w+)"\)')


def sources(*names: str) -> list[Path]:
    return [path for name in names for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))]


def confidential_files() -> set[str]:
    """SQL files with a query that reads a confidential table."""
    reads = re.compile(rf"\b(?:FROM|JOIN|TABLE)\s+({'|'.join(sorted(CONFIDENTIAL))})\b")
    return {
        file.stem
        for file in (ROOT / "sql").glob("*.sql")
        if any(reads.search(text) for _, text in sql.load("services.metrics", file.stem).items())
    }


def imports(path: Path) -> set[str]:
    """Modules a file imports, and names it takes from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_the_rule_knows_every_table_with_people_or_sums() -> None:
    assert {"facts", "measures", "answers", "matching", "networks", "skills", "learnings"} <= confidential_files()
    assert "query_log" not in confidential_files()


def test_no_exit_reads_a_confidential_table_itself() -> None:
    files = confidential_files()
    for path in sources(*EXITS):
        text = path.read_text("utf-8")
        assert not files.intersection(LOAD.findall(text)), path.name
        assert not re.search(r"\b(?:SELECT|TABLE)\b.+\bFROM\b", text), f"{path.name} has SQL of its own"


def test_no_exit_sees_counts_before_they_are_judged() -> None:
    for path in sources(*EXITS):
        before = {name for name in imports(path) if name.startswith(("services.metrics.queries.tallies",
                  "services.metrics.queries.shown", "services.metrics.store"))}  # fmt: skip
        assert not before, (path.name, before)


def test_whoever_reads_a_confidential_table_asks_the_one_module() -> None:
    files = confidential_files()
    readers = {
        path
        for path in (*sources("queries", "commands"), ROOT / "store.py")
        if files.intersection(LOAD.findall(path.read_text("utf-8")))
    }
    for path in readers:
        asks = any(name.startswith("services.metrics.confidentiality") for name in imports(path))
        assert asks or path.name in KEEPERS | {"tallies.py"}, f"{path.name} reads confidential tables and asks nobody"
    release = imports(ROOT / "queries/release.py")
    assert "services.metrics.confidentiality" in release
    users = {path.name for path in ROOT.rglob("*.py") if "services.metrics.queries.tallies" in imports(path)}
    assert users == {"release.py"}


def test_confidentiality_is_one_pure_module() -> None:
    for path in sources("confidentiality"):
        outside = {name for name in imports(path) if name.startswith(("services.", "shared."))}
        assert all(name.startswith("services.metrics.confidentiality") for name in outside), path.name
