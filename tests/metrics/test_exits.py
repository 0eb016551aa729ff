"""Every exit goes through the one confidentiality module: read from the code itself, so that no new exit forgets."""

import ast
import re
from pathlib import Path

from services.metrics.privacy import CATALOGUE
from shared import sql

ROOT = Path(__file__).parents[2] / "services/metrics"
HARMLESS = {
    **dict.fromkeys(("units", "skills", "programmes", "formats"), "names, and what programmes are for"),
    **dict.fromkeys(("reviews", "declared_figures", "query_log"), "entered here"),
    **dict.fromkeys(("report_subscriptions", "report_mails"), "addresses, and mails made of released cells"),
    "exports": "files made of released cells; each is read by who asked for it, or by a link of theirs",
    **dict.fromkeys(("thresholds", "set_threshold", "xapi_store"), "settings"),
    **dict.fromkeys(
        ("closed_months", "folded", "wanted_tables", "spans_edition"), "what the store has done and has to do"
    ),
    **dict.fromkeys(("lag_samples", "lag_hours"), "about records, not about people"),
    **dict.fromkeys(("skill_looks", "editions", "session_months"), "when something was looked at, and where"),
    **dict.fromkeys(("erased_people", "pseudonyms", "xapi_received"), "ids that nothing is counted of"),
}
"""Tables an exit may read as they are, and why; every other one has people in it, or sums that have not been judged."""
MADE = re.compile(
    r"CREATE (?:OR REPLACE )?(?:VIEW|FUNCTION) (\w+)(.+?)(?=\n(?:CREATE|ALTER|INSERT|COMMENT)|\Z)", re.DOTALL
)
JUDGES = {"release.py", "shown.py", "networks.py", "skills.py", "learnings.py", "statements.py", "tallies.py",
          "barriers.py", "course_gaps.py"}  # fmt: skip
"""Modules that read them: each asks `confidentiality`, or is read by one that does (see below)."""
KEEPERS = {"store.py", "state.py", "completeness.py", "published.py", "publish.py", "facts.py", "shown.py",
           "course_gaps.py"}  # fmt: skip
"""Modules that write them or look after them, and hand no number to anybody."""
WAYS_OUT = ("api", "web", "couriers.py", "commands/exports.py", "commands/reports.py")
"""Where numbers leave: HTTP, pages, mail, statements, files."""
LOAD = re.compile(r'sql\.load\("services\.metrics", "(\w+)"\)')


def sources(*names: str) -> list[Path]:
    return [path for name in names for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))]


def confidential() -> set[str]:
    """Tables, and the views and functions that read them."""
    found = {table.name for table in CATALOGUE.own} - set(HARMLESS)
    made = [
        made for file in sorted((ROOT / "migrations").glob("*.sql")) for made in MADE.findall(file.read_text("utf-8"))
    ]
    while new := {name for name, body in made if name not in found and found & set(re.findall(r"\w+", body))}:
        found |= new
    return found


def exits() -> list[Path]:
    """The ways out and the queries that they read by, those of the judges excepted."""
    found, waiting = set[Path](), sources(*WAYS_OUT)
    while waiting:
        path = waiting.pop()
        if path in found or (path.name in JUDGES and path.parent.name == "queries"):
            continue
        found.add(path)
        names = {name.removeprefix("services.metrics.queries.") for name in imports(path) if "metrics.queries." in name}
        waiting += [file for name in names if (file := ROOT / f"queries/{name.split('.')[0]}.py").exists()]
    return sorted(found)


def confidential_files() -> set[str]:
    """SQL files with a query that reads a confidential table."""
    reads = re.compile(rf"\b(?:FROM|JOIN|TABLE|SELECT)\s+({'|'.join(sorted(confidential()))})\b")
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
    assert set(HARMLESS) <= {table.name for table in CATALOGUE.own}
    assert {"months", "kept_months", "known_skills", "expected_people", "gather_network"} <= confidential()
    harmless = {file.stem for file in (ROOT / "sql").glob("*.sql")} - confidential_files()
    assert harmless == {"query_log", "dimensions", "reviews", "declared", "reports", "exports", "lag", "published"}


def test_no_exit_reads_a_confidential_table_itself() -> None:
    files = confidential_files()
    for path in exits():
        text = path.read_text("utf-8")
        assert not files.intersection(LOAD.findall(text)), path.name
        assert not re.search(r"\b(?:SELECT|TABLE)\b.+\bFROM\b", text), f"{path.name} has SQL of its own"


def test_no_exit_sees_counts_before_they_are_judged() -> None:
    for path in exits():
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
