"""The demo, undisturbed and with every service process killed in the middle of it: the same totals, nothing lost."""

import asyncio
import io
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.demo import Told, tell
from deploy.local.postgres import Postgres
from deploy.local.processes import silent
from deploy.local.stack import Stack
from tests.local.conftest import free_ports

PEOPLE = 120
INTO_THE_STEP = 0.1
VICTIMS = {
    "HR feed published": "directory-worker",
    "Directory knows everybody": "directory-api",
    "Buddies for new hires": "matching-worker",
    "Proposals answered": "matching-api",
    "Sessions scheduled": "sessions-worker",
    "Attendance and contributions recorded": "sessions-api",
    "Feedback given": "metrics-worker",
    "Metrics has it all": "metrics-api",
}
"""Who is killed in which step."""


async def story(state: Path, victims: dict[str, str]) -> tuple[Told, list[str]]:
    """The whole story on a stack of its own; returns it with the processes that were killed."""
    killed: list[str] = []
    environ = (
        os.environ
        | free_ports()
        | {
            "LATERAL_STATE": str(state),
            "LATERAL_POSTGRES_FSYNC": "off",
            "LATERAL_LOCAL_PROCESSES": "two",
        }
    )
    async with Stack(silent, environ=environ) as stack:

        def kill(name: str) -> None:
            os.kill(stack.pid(name), signal.SIGKILL)
            killed.append(name)

        def on_step(title: str) -> None:
            if title in victims:
                asyncio.get_running_loop().call_later(INTO_THE_STEP, kill, victims[title])

        told = await tell(stack.info.model_dump(), Console(file=io.StringIO()), PEOPLE, on_step)
    Postgres(state, 0).remove()
    return told, killed


def totals(told: Told) -> dict[str, object]:
    """What must be the same whatever happened on the way."""
    found = told.totals
    return {
        "people": found.people,
        "units": found.units,
        "hires": found.matched.hires,
        "asked": found.matched.asked,
        "unmatched": found.matched.unmatched,
        "matches": found.matched.states,
        "groups": found.lived.groups,
        "sessions": (found.lived.sessions, found.lived.past),
        "given": found.lived.answers,
        "held": found.measures["sessions_held"].value,
        "attendance": found.measures["attendance_rate"].value,
    }


@pytest.mark.real_broker
async def test_killing_every_service_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    calm, _ = await story(tmp_path / "calm", {})
    rough, killed = await story(tmp_path / "rough", VICTIMS)
    assert sorted(killed) == sorted(VICTIMS.values())
    assert (calm.audit.lost, rough.audit.lost) == (0, 0)
    assert (calm.audit.open_letters, rough.audit.open_letters) == (0, 0)
    assert totals(rough) == totals(calm)
