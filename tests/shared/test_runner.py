"""The command line every service has: what a person sees who has not set it up."""

import os
import subprocess
import sys

import pytest


def run(*command: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """A service's command in an environment without Lateral's variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LATERAL_")}
    argv = [sys.executable, "-m", "services.metrics", *command]
    return subprocess.run(argv, env=clean | env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["migrate", "api", "worker", "topics"])
def test_a_missing_setting_is_named_and_nothing_else_is_shown(command: str) -> None:
    found = run(command)
    assert found.returncode == 2
    assert found.stderr == "LATERAL_METRICS_DATABASE_URL: Field required\n"


def test_a_wrong_setting_is_named() -> None:
    found = run("worker", LATERAL_METRICS_DATABASE_URL="postgresql://nowhere", LATERAL_METRICS_POOL_SIZE="none")
    assert found.returncode == 2
    assert found.stderr.startswith("LATERAL_METRICS_POOL_SIZE: ")


def test_a_timer_that_nobody_knows_is_answered_with_the_ones_there_are() -> None:
    found = run("timer", "make-coffee", LATERAL_METRICS_DATABASE_URL="postgresql://nowhere")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("no timer has that name; there are: ")
    assert "audit-seal" in found.stderr
