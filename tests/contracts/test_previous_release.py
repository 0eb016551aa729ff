"""What this release is rolled out beside is named, and every migration since lets it work on."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.matching.engine import explain
from services.matching.engine.rules import LATER, WEIGHTS, Rules, defaults
from tests.faults.releases import PREVIOUS, git, previous_release, whole_history

READ = "import json, sys; from services.matching.engine.rules import Rules; Rules.parse(json.load(sys.stdin))"

SAY = """
import json, sys
from services.matching.engine.explain import change
[change(code, "x") for code in json.load(sys.stdin)]
"""


@pytest.fixture
def code() -> Iterator[Path]:
    with previous_release() as folder:
        yield folder


def test_the_previous_release_is_an_ancestor_and_every_migration_since_is_an_expansion() -> None:
    if not whole_history():
        pytest.skip("a shallow clone has no older release")
    commit = PREVIOUS.read_text("ascii").strip()
    git("merge-base", "--is-ancestor", commit, "HEAD")
    changed = git("diff", "--name-status", "--no-renames", commit, "HEAD", "--", "*/migrations/*.sql").splitlines()
    assert all(line.startswith("A\t") and "_expand_" in line for line in changed), changed


@pytest.mark.parametrize("format_", ["mentoring", "problem_solving"])
def test_the_previous_release_reads_the_rules_that_a_programme_starts_with(format_: str, code: Path) -> None:
    told = json.dumps(defaults(format_).kept()).encode()
    subprocess.run([sys.executable, "-c", READ], input=told, cwd=code, env={**os.environ, "PYTHONPATH": ""}, check=True)


def test_the_previous_release_has_words_for_each_change_it_may_read(code: Path) -> None:
    told = json.dumps(sorted(explain.CHANGES.keys() - explain.LATER)).encode()
    subprocess.run([sys.executable, "-c", SAY], input=told, cwd=code, env={**os.environ, "PYTHONPATH": ""}, check=True)


def test_what_is_not_kept_is_what_it_would_be() -> None:
    changed = Rules(one_site=False, weights={**WEIGHTS, **{term: WEIGHTS[term] + 1 for term in LATER}})
    for rules in (Rules(), changed):
        assert Rules.parse(rules.kept()) == rules
    assert changed.kept() == changed.stored()
