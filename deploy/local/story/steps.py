"""What a person sees while the story goes on: a bar on a terminal, one line a finished step, and how long each took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Step:
    """One step under way; `note` is what its line says when it is done."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self.note = ""

    def expect(self, more: int) -> None:
        """So much more is to be done."""
        known = self._progress.tasks[0].total or 0
        self._progress.update(self._task, total=known + more)

    def advance(self, some: int = 1) -> None:
        """So much more is done."""
        self._progress.advance(self._task, some)


class Steps:
    """Shows steps on a console and remembers how long they took."""

    def __init__(self, console: Console, on_step: Callable[[str], None] = lambda _: None) -> None:
        """`on_step` hears of each step when it begins."""
        self._console = console
        self._on_step = on_step
        self._began = monotonic()
        self.seconds: dict[str, float] = {}

    @property
    def total(self) -> float:
        """Seconds since the first step began."""
        return monotonic() - self._began

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show one step while the block runs."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        began = monotonic()
        self._on_step(title)
        with Progress(
            *columns, TimeElapsedColumn(), console=self._console, transient=True, disable=not self._console.is_terminal
        ) as progress:
            step = Step(progress, progress.add_task(title, total=None))
            yield step
        self.seconds[title] = monotonic() - began
        note = f": {step.note}" if step.note else ""
        self._console.print(f"· {title}{note} ({self.seconds[title]:.1f} s)", markup=False, soft_wrap=True)
