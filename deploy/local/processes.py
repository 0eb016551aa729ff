"""Child processes that are kept alive until they are stopped, and that never outlive us."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

Report = Callable[[str], None]
Probe = Callable[[], Awaitable[bool]]

LEASH = Path(__file__).with_name("leash.py")
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
STABLE_AFTER = 20.0
DEATHS_WHILE_STARTING = 3
TAIL_LINES = 15


class StartFailed(Exception):
    """A part of the stack did not come up; the message is for the person who started it."""


def silent(_: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Command:
    """What to run and how it wants to be ended."""

    name: str
    argv: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: str = ""
    """Run as this user, where we are root."""
    stops: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 30.0),)
    """Signals to try in turn, each with the seconds it is given; SIGKILL comes after the last."""
    orphaned: signal.Signals = signal.SIGKILL
    """What the kernel sends when we die first."""

    async def spawn(self) -> asyncio.subprocess.Process:
        """Start it in a process group of its own, with both outputs in the log."""
        wrapper = (sys.executable, "-I", "-S", LEASH, str(int(self.orphaned)), str(os.getpid()), self.user)
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *wrapper, *self.argv, env=self.env, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    async def run(self) -> None:
        """Run it to its end. Raises StartFailed with the end of its log when it fails."""
        fresh_log(self.log)
        process = await self.spawn()
        try:
            code = await process.wait()
        finally:
            _kill_group(process)
        if code != 0:
            message = f"{self.name} failed ({_ending(code)})\n{self.log_tail()}"
            raise StartFailed(message)

    def log_tail(self) -> str:
        """The last lines of the log, with its name."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"--- the end of {self.log}", *lines[-TAIL_LINES:]])


class Child:
    """One command kept alive: started again, ever more slowly, when it ends by itself."""

    def __init__(self, command: Command, report: Report = silent) -> None:
        self.command = command
        self.deaths = 0
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id now. Raises RuntimeError before the start."""
        if self._process is None:
            message = f"{self.command.name} was not started"
            raise RuntimeError(message)
        return self._process.pid

    async def start(self) -> None:
        """Start it and keep it alive."""
        fresh_log(self.command.log)
        self._process = await self.command.spawn()
        self._keeper = asyncio.create_task(self._keep(self._process), name=f"keep {self.command.name}")

    async def ready(self, probe: Probe, within: float) -> None:
        """Wait until `probe` says yes. Raises StartFailed when it keeps dying or `within` seconds pass."""
        deadline = monotonic() + within
        deaths = self.deaths
        while not await probe():
            if self.deaths - deaths >= DEATHS_WHILE_STARTING:
                message = f"{self.command.name} ends as soon as it is started\n{self.command.log_tail()}"
                raise StartFailed(message)
            if monotonic() > deadline:
                message = f"{self.command.name} was not ready within {within:.0f} s\n{self.command.log_tail()}"
                raise StartFailed(message)
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End it in order: its own signals first, then SIGKILL to whatever is left of its group."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        process = self._process
        if process is None:
            return
        for number, patience in self.command.stops:
            if process.returncode is None:
                with suppress(ProcessLookupError, TimeoutError):
                    process.send_signal(number)
                    await asyncio.wait_for(process.wait(), patience)
        _kill_group(process)
        await process.wait()

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        pause = FIRST_PAUSE
        while True:
            began = monotonic()
            code = await process.wait()
            _kill_group(process)
            self.deaths += 1
            pause = FIRST_PAUSE if monotonic() - began > STABLE_AFTER else min(pause * 2, LONGEST_PAUSE)
            self._report(f"{self.command.name} ended ({_ending(code)}); started again in {pause:.1f} s")
            await asyncio.sleep(pause)
            self._process = process = await self._again()

    async def _again(self) -> asyncio.subprocess.Process:
        while True:
            try:
                return await self.command.spawn()
            except OSError as error:  # no memory or no process to be had just now
                self._report(f"{self.command.name} cannot be started ({error}); tried again in {LONGEST_PAUSE:.0f} s")
                await asyncio.sleep(LONGEST_PAUSE)


def fresh_log(path: Path) -> None:
    """Begin a new log and keep the previous one beside it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
