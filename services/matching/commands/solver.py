"""Rounds are solved in processes of their own: the event loop goes on, and time and memory are limited."""

import asyncio
import multiprocessing
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection as Pipe
from threading import BoundedSemaphore, Lock
from typing import Any, Self, TypeAlias, TypeVar

from services.matching.domain.format import RoundTooLarge, RoundTooLong, SolverBusy
from services.matching.engine.people import Problem
from services.matching.engine.placing import Assembled, Placed, assembled
from services.matching.engine.rules import Rules
from services.matching.engine.tasks import Answer

Task: TypeAlias = Callable[[Assembled], Answer]
Value = TypeVar("Value")

WAITING = 2
"""Rounds that may wait for a processor."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["services.matching.engine.tasks"])
_places = os.cpu_count() or 1
_free = BoundedSemaphore(_places)
_threads = ThreadPoolExecutor(3 * (_places + WAITING), "solver")
_asked = BoundedSemaphore(_places + WAITING)
_lock = Lock()
_idle: "list[_Worker]" = []


@contextmanager
def place() -> Iterator[None]:
    """One of a few: whoever asks holds a connection to the database meanwhile. Raises SolverBusy."""
    if not _asked.acquire(blocking=False):
        raise SolverBusy(f"{_places + WAITING} rounds are being solved or wait for it: try again when one is done.")
    try:
        yield
    finally:
        _asked.release()


class Session:
    """One problem on its way through a process: its people some at a time, a task, and what came of it.

    `ask` and `pages` raise what the task does; where the rules' limits end it RoundTooLong, RoundTooLarge.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._people = 0
        self._worker: _Worker | None = None
        self._refused: RoundTooLarge | None = None
        self._whole = True

    async def open(self) -> Self:
        """Take a process."""
        self._worker = await _elsewhere(partial(_begun, self._rules.megabytes))
        return self

    async def add(self, some: list[Placed]) -> None:
        """More people; whether they are too many is said when something is asked of them."""
        self._people += len(some)
        if self._refused is None:
            try:
                await self._do(lambda worker: worker.send(some))
            except RoundTooLarge as refused:
                self._refused = refused

    async def ask(self, task: Task, head: Problem) -> Any:
        """What is told at once of the problem that `head` is but for its people."""
        if self._refused is not None:
            raise self._too_large() from self._refused
        answer = await self._do(lambda worker: worker.ask(task, head, self._rules.seconds))
        if isinstance(answer, Exception):
            self._whole = False
            raise self._too_large() if isinstance(answer, MemoryError) else answer
        return answer

    async def pages(self) -> AsyncIterator[Any]:
        """What comes after it."""
        while (page := await self._do(_Worker.page)) is not None:
            yield page

    async def close(self) -> None:
        """Let go of the process: it is ended if anything went wrong with it."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await _elsewhere(worker.rest if self._whole else worker.kill)

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _do(self, work: "Callable[[_Worker], Value]") -> Value:
        assert self._worker is not None
        whole, self._whole = self._whole, False
        try:
            done = await _elsewhere(partial(work, self._worker))
        except TimeoutError as error:
            seconds = self._rules.seconds
            raise RoundTooLong(
                f"The round did not end within {seconds} seconds; its rules may allow more.",
                seconds=seconds,
                people=self._people,
            ) from error
        except (EOFError, ConnectionError) as error:
            raise self._too_large() from error
        self._whole = whole
        return done

    def _too_large(self) -> RoundTooLarge:
        megabytes = self._rules.megabytes
        return RoundTooLarge(
            f"The round needed more than {megabytes} megabytes; its rules may allow more.",
            megabytes=megabytes,
            people=self._people,
        )


async def _elsewhere(work: Callable[[], Value]) -> Value:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def _begun(megabytes: int) -> "_Worker":
    """One that rests, or another."""
    with _lock:
        while _idle:
            if (worker := _idle.pop()).begin(megabytes):
                return worker
    worker = _Worker()
    worker.begin(megabytes)
    return worker


class _Worker:
    """A process that solves one problem after another."""

    def __init__(self) -> None:
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(target=_work, args=(theirs,), daemon=True, name="round")
        self._process.start()
        self._asked = self._told = False
        theirs.close()

    def begin(self, megabytes: int) -> bool:
        """Begin with a problem, within so much memory; False where the process has ended."""
        self._asked = self._told = False
        if alive := self._process.is_alive():
            self._pipe.send(megabytes)
        return alive

    def send(self, some: list[Placed]) -> None:
        """People of the problem."""
        self._pipe.send(some)

    def ask(self, task: Task, head: Problem, seconds: int) -> Any:
        """What comes of it at once, or the error. Raises TimeoutError."""
        with _free:
            self._pipe.send((task, head))
            self._asked = True
            if not self._pipe.poll(seconds):
                raise TimeoutError
            return self._pipe.recv()

    def page(self) -> Any:
        """What comes next, None after the last."""
        page = self._pipe.recv()
        self._told = page is None
        return page

    def rest(self) -> None:
        """What is still told nobody wants; then it is there for another problem."""
        if not self._asked:
            return self.kill()
        while not self._told:
            self.page()
        with _lock:
            _idle.append(self)
        return None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _work(pipe: Pipe) -> None:
    """What the process does: answer until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    while True:
        try:
            megabytes = pipe.recv()
        except EOFError:
            return
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, hard))
        try:
            _answer(pipe)
        except MemoryError:  # not even its people: whoever sends them finds nobody
            return
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _answer(pipe: Pipe) -> None:
    people: list[list[Placed]] = []
    while isinstance(given := pipe.recv(), list):
        people.append(given)
    task, head = given
    answer: object
    try:
        answer, pages = task(assembled(head, people))
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
        answer, pages = error, ()
    pipe.send(answer)
    for page in pages:
        pipe.send(page)
    pipe.send(None)
