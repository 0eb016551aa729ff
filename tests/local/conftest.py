"""What tests of the embedded stack share: a state directory, free ports, and waiting for a fact."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import psutil
import pytest

from deploy.local.ports import DEFAULTS, listen
from deploy.local.postgres import Postgres

WITHIN = 30.0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """An empty state directory, with the database data that was put elsewhere removed at the end."""
    path = tmp_path / "state"
    yield path
    Postgres(path, 0).remove()


@pytest.fixture
def environ(state: Path) -> dict[str, str]:
    """An environment for a whole stack on free ports, whose database may lose all."""
    return free_ports() | {"LATERAL_STATE": str(state), "LATERAL_POSTGRES_FSYNC": "off"}


def free_ports() -> dict[str, str]:
    """Variables that give every part of a stack a port of its own."""
    with ExitStack() as held:  # all at once, so that none is given twice
        sockets = {name: held.enter_context(listen(0)) for name in DEFAULTS}
        return {f"LATERAL_{name.upper()}_PORT": str(socket.getsockname()[1]) for name, socket in sockets.items()}


async def eventually(fact: Callable[[], bool], what: str) -> None:
    """Wait until `fact` holds; fail, naming `what`, when it does not."""
    deadline = monotonic() + WITHIN
    while not fact():
        assert monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.01)


def family(pid: int) -> list[psutil.Process]:
    """Every process below this one."""
    return list(psutil.Process(pid).children(recursive=True))


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
