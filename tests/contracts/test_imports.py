"""Each import contract is broken once on purpose: a contract that nothing can break holds nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREACHES = {
    "services are independent of each other": ("services/metrics/domain/goals.py", "import services.directory.domain"),
    "the chassis knows no service": ("shared/sql.py", "import services.metrics.policy"),
    "services know nothing of how they are deployed": ("services/metrics/settings.py", "import deploy.local.ports"),
    "inside a service, the edge is above the commands, and the domain below all": (
        "services/sessions/domain/programme.py",
        "import services.sessions.commands.programmes",
    ),
    "the edge never writes past the commands": ("services/sessions/consumers.py", "import shared.outbox"),
    "commands, queries and stores never see HTTP or Kafka": (
        "services/sessions/commands/programmes.py",
        "import fastapi",
    ),
    "domains, the engine and confidentiality are pure": ("services/matching/engine/pairs.py", "import shared.db"),
    "one door to PostgreSQL": ("services/directory/queries/people.py", "import asyncpg"),
    "one door to Kafka": ("shared/consumer.py", "import aiokafka"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its contracts, to be broken."""
    copy = tmp_path_factory.mktemp("tree")
    for room in ("shared", "services", "deploy"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def broken(tree: Path) -> set[str]:
    """The contracts that do not hold."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml", "--no-cache"]
    found = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert "Contracts:" in found.stdout, found.stdout + found.stderr
    return {line.partition(" BROKEN")[0] for line in found.stdout.splitlines() if " BROKEN" in line}


def test_every_contract_can_be_broken(tree: Path) -> None:
    assert broken(tree) == set()
    for contract, (file, line) in BREACHES.items():
        path = tree / file
        text = path.read_text("utf-8")
        path.write_text(f"{text}\n{line}\n", "utf-8")
        assert contract in broken(tree), contract
        path.write_text(text, "utf-8")


def test_a_file_with_a_name_of_no_room_fails_the_build(tree: Path) -> None:
    stray = tree / "services/metrics/utils.py"
    stray.write_text('"""Whatever."""\n', "utf-8")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml", "--no-cache"]
    found = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    stray.unlink()
    assert found.returncode != 0
    assert "services.metrics.utils" in found.stdout + found.stderr
