"""Rules about the repository that prose would not hold."""

import importlib
import re
from importlib import resources
from pathlib import Path

import pytest
from asyncpg import PostgresError

from shared import sql
from shared.db import connect
from shared.events.topics import SERVICES, TOPICS
from shared.runner import Service
from shared.settings import Settings, load
from tests.conftest import NewDatabase
from tests.faults.releases import git, whole_history

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("shared", "services", "deploy") for path in sorted((ROOT / room).rglob("*.py"))]
SAME_NAMES = {
    "README.md",
    "__main__.py",
    "settings.py",
    "policy.py",
    "app.py",
    "api",
    "consumers.py",
    "timers.py",
    "sql",
    "migrations",
}
ROOMS = {".ci", "bench", "deploy", "docs", "services", "shared", "tests"}
ROOT_FILES = {
    *(".dockerignore", ".env.example", ".gitignore", ".pre-commit-config.yaml", "docker-compose.yml"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", "uv.lock"),
}
COMMIT = re.compile(r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7}\b")
EITHER = ({"commands", "commands.py"}, {"queries", "queries.py"}, {"store", "store.py"}, {"domain", "domain.py"})


def service(name: str) -> Service:
    found = importlib.import_module(f"services.{name}.__main__").SERVICE
    assert isinstance(found, Service)
    return found


def test_the_top_level_is_fixed() -> None:
    assert {path.split("/")[0] for path in git("ls-files").splitlines()} == ROOMS | ROOT_FILES


@pytest.mark.skipif(not whole_history(), reason="a shallow clone has no older commits")
def test_every_commit_that_a_document_names_is_in_the_history() -> None:
    named = {
        (word, str(page.relative_to(ROOT)))
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/README.md")]
        for word in COMMIT.findall(page.read_text("utf-8"))
    }
    known = {commit[:7] for commit in git("rev-list", "HEAD").splitlines()}
    assert len(named) > 50
    assert {(word, page) for word, page in named if word not in known} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_the_same_file_names(name: str) -> None:
    found = {path.name for path in (ROOT / "services" / name).iterdir()}
    assert found >= SAME_NAMES
    for pair in EITHER:
        assert len(found & pair) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_handles_just_the_topics_it_is_said_to_read(name: str) -> None:
    assert {cls.topic for cls in service(name).handlers} == {topic for topic in TOPICS if name in topic.readers}


@pytest.mark.parametrize("name", SERVICES)
def test_a_reader_of_a_compacted_topic_handles_its_tombstones(name: str) -> None:
    handled = service(name).handlers
    erasable = {topic for topic in TOPICS if name in topic.readers and topic.name in TOMBSTONED}
    assert {cls.topic for cls in handled if cls.tombstone} == erasable


TOMBSTONED = {"hr.workers", "directory.people", "directory.contacts"}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_query_prepares_against_the_migrated_schema(name: str, new_database: NewDatabase) -> None:
    conn = await connect(load(Settings, name, database_url=await new_database(name)))
    for package in ("shared", f"services.{name}"):
        for file in resources.files(package).joinpath("sql").iterdir():
            if not file.name.endswith(".sql"):
                continue
            for query_name, text in sql.load(package, file.name.removesuffix(".sql")).items():
                try:
                    await conn.prepare(text)
                except PostgresError as error:
                    pytest.fail(f"{package}/{file.name}: {query_name}: {error}")
    await conn.close()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_room(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 350
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert path.name not in {"utils.py", "helpers.py", "common.py", "misc.py"}


def test_the_median_file_is_under_a_hundred_lines() -> None:
    lengths = sorted(len(path.read_text("utf-8").splitlines()) for path in SOURCES)
    assert lengths[len(lengths) // 2] < 100


@pytest.mark.parametrize("name", SERVICES)
def test_migrations_have_numbers_of_their_own(name: str) -> None:
    for folder in (ROOT / "shared/migrations", ROOT / f"services/{name}/migrations"):
        names = sorted(path.name for path in folder.glob("*.sql"))
        assert len({entry[:4] for entry in names}) == len(names)
        assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", entry) for entry in names)


FIRST_RELEASE = {"0001_delivery", "0002_edge", "0001_directory", "0001_matching", "0001_sessions", "0002_feedback",
                 "0001_dimensions", "0002_facts", "0003_cells"}  # fmt: skip


@pytest.mark.parametrize("folder", sorted(ROOT.glob("s*/**/migrations")), ids=lambda folder: folder.parent.name)
def test_a_later_migration_says_whether_older_code_can_run_beside_it(folder: Path) -> None:
    later = {file.stem for file in folder.glob("*.sql")} - FIRST_RELEASE
    assert all("_expand_" in name or "_contract_" in name for name in later), sorted(later)
