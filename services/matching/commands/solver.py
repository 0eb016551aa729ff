"""Rounds are solved in processes of their own: the event loop goes on, and time and memory are limited."""

import asyncio
import multiprocessing
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from threading import BoundedSemaphore, Lock
from typing import Any, TypeVar

from services.matching.domain.format import RoundTooLarge, RoundTooLong, SolverBusy
from services.matching.engine import round as engine
from services.matching.engine.cut import Found
from services.matching.engine.people import Problem
from shared.events.matching import MatchKind

Answer = TypeVar("Answer")

WAITING = 2
"""Rounds that may wait for a processor."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["services.matching.engine.round"])
_places = os.cpu_count() or 1
_free = BoundedSemaphore(_places)
_threads = ThreadPoolExecutor(_places, "solver")
_asked = BoundedSemaphore(_places + WAITING)
_lock = Lock()
_idle: "list[_Worker]" = []


async def solve(kind: MatchKind, problem: Problem) -> engine.Run:
    """A problem solved and described. Raises SolverBusy; where the rules' limits end it RoundTooLong, RoundTooLarge."""
    async with _place():
        return await _elsewhere(partial(engine.run, kind), problem)


async def parts(kind: MatchKind, problem: Problem) -> engine.Parts:
    """What a large problem is cut into. Raises as `solve` does."""
    async with _place():
        return await _elsewhere(partial(engine.parts, kind), problem)


async def solve_part(kind: MatchKind, problem: Problem) -> Found:
    """What came of one part. Raises as `solve` does."""
    return await _elsewhere(partial(engine.part, kind), problem)


async def finish(kind: MatchKind, problem: Problem, found: Sequence[Found], *, severed: bool) -> engine.Run:
    """A round put together from its parts. Raises as `solve` does."""
    return await _elsewhere(partial(engine.finish, kind, found=found, severed=severed), problem)


async def _elsewhere(task: Callable[[Problem], Answer], problem: Problem) -> Answer:
    return await asyncio.get_running_loop().run_in_executor(_threads, _run, task, problem)


@asynccontextmanager
async def _place() -> AsyncIterator[None]:
    """One of a few: whoever asks holds a connection to the database meanwhile."""
    if not _asked.acquire(blocking=False):
        raise SolverBusy(f"{_places + WAITING} rounds are being solved or wait for it: try again when one is done.")
    try:
        yield
    finally:
        _asked.release()


def _run(task: Callable[[Problem], Answer], problem: Problem) -> Answer:
    with _free:
        worker = _take()
        try:
            answer = worker.ask(task, problem)
        except BaseException:
            worker.kill()
            raise
        with _lock:
            _idle.append(worker)
        return answer


def _take() -> "_Worker":
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.alive:
                return worker
    return _Worker()


class _Worker:
    """A process that solves one problem after another."""

    def __init__(self) -> None:
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(target=_work, args=(theirs,), daemon=True, name="round")
        self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._process.is_alive()

    def ask(self, task: Callable[[Problem], Answer], problem: Problem) -> Answer:
        """Have one task done, within the time and memory its rules allow."""
        rules = problem.rules
        try:
            self._pipe.send((task, problem))
            if not self._pipe.poll(rules.seconds):
                raise RoundTooLong(
                    f"The round did not end within {rules.seconds} seconds; its rules may allow more.",
                    seconds=rules.seconds,
                    people=len(problem.people),
                )
            answer: Any = self._pipe.recv()
        except (EOFError, ConnectionError) as error:
            raise _too_large(problem) from error
        if isinstance(answer, MemoryError):
            raise _too_large(problem) from answer
        if isinstance(answer, Exception):
            raise answer
        done: Answer = answer
        return done

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _too_large(problem: Problem) -> RoundTooLarge:
    megabytes = problem.rules.megabytes
    return RoundTooLarge(
        f"The round needed more than {megabytes} megabytes; its rules may allow more.",
        megabytes=megabytes,
        people=len(problem.people),
    )


def _work(pipe: Pipe) -> None:
    """What the process does: answer until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    while True:
        try:
            task, problem = pipe.recv()
        except EOFError:
            return
        answer: object
        try:
            resource.setrlimit(resource.RLIMIT_DATA, (problem.rules.megabytes << 20, hard))
            answer = task(problem)
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            answer = error
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        pipe.send(answer)
