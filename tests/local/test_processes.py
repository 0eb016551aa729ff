"""Child processes: kept alive, ended in order, and never left behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import Child, Command, StartFailed
from tests.local.conftest import all_gone, eventually, family

pytestmark = pytest.mark.asyncio
FOR_EVER = (sys.executable, "-I", "-S", "-c", "import signal; signal.pause()")
STUBBORN = (
    sys.executable, "-I", "-S", "-u", "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf')\nwhile True: signal.pause()",
)  # fmt: skip
SUPERVISOR = """
import asyncio, pathlib, sys
from deploy.local.processes import Child, Command
async def main():
    children = [Child(Command(n, (sys.executable, "-I", "-c", "import signal; signal.pause()"),
                              log=pathlib.Path(sys.argv[1]) / n)) for n in "abc"]
    for child in children: await child.start()
    print("started", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def child_of(folder: Path, argv: tuple[str, ...], reports: list[str] | None = None, patience: float = 30.0) -> Child:
    """A child called toy."""
    command = Command("toy", argv, log=folder / "toy.log", stops=((signal.SIGTERM, patience),))
    return Child(command, (reports if reports is not None else []).append)


async def test_a_killed_child_is_started_again_and_reported(tmp_path: Path) -> None:
    reports: list[str] = []
    child = child_of(tmp_path, FOR_EVER, reports)
    await child.start()
    first = child.pid
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: child.pid != first, "a new process")
    assert reports == ["toy ended (SIGKILL); started again in 0.2 s"]
    await child.stop()
    assert not psutil.pid_exists(child.pid)


async def test_a_child_that_is_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    child = child_of(tmp_path, STUBBORN, patience=0.1)
    await child.start()
    await eventually(lambda: "deaf" in child.command.log_tail(), "the child ignores SIGTERM")
    await child.stop()
    assert not psutil.pid_exists(child.pid)


async def test_a_child_that_cannot_live_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    child = child_of(tmp_path, (sys.executable, "-c", "raise SystemExit('no such database')"))

    async def never() -> bool:
        return False

    await child.start()
    with pytest.raises(StartFailed, match=r"(?s)ends as soon as it is started.*no such database"):
        await child.ready(never, within=30)
    await child.stop()


async def test_grandchildren_go_with_the_child(tmp_path: Path) -> None:
    spawn = "import subprocess, signal, sys; subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])"
    child = child_of(tmp_path, (sys.executable, "-c", f"{spawn}; signal.pause()"))
    await child.start()
    await eventually(lambda: len(family(child.pid)) == 1, "a grandchild")
    processes = family(child.pid)
    await child.stop()
    await eventually(lambda: all_gone(processes), "no grandchild")


async def test_nothing_survives_a_killed_supervisor(tmp_path: Path) -> None:
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    assert await supervisor.stdout.readline() == b"started\n"
    processes = family(supervisor.pid)
    assert len(processes) == 3
    supervisor.kill()
    await supervisor.wait()
    await eventually(lambda: all_gone(processes), "no child left")


async def test_a_failed_command_says_why(tmp_path: Path) -> None:
    command = Command("migrate", (sys.executable, "-c", "raise SystemExit('too old')"), log=tmp_path / "m.log")
    with pytest.raises(StartFailed, match=r"(?s)migrate failed \(exit code 1\).*too old"):
        await command.run()
