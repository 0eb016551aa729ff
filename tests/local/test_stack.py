"""The whole stack over stand-ins for the services: starts, repairs itself, refuses a second one, leaves nothing."""

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.local.info import StackInfo
from deploy.local.ports import listen
from deploy.local.processes import StartFailed
from tests.local.conftest import all_gone, eventually, family, free_ports
from tests.local.toy_stack import ToyStack

pytestmark = pytest.mark.asyncio


async def command_line(environ: dict[str, str]) -> asyncio.subprocess.Process:
    """`python -m deploy.local up`, with stand-ins for the services."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.local.toy_stack", env=os.environ | environ, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def test_the_stack_says_where_everything_is(environ: dict[str, str], state: Path) -> None:
    async with ToyStack(print, environ=environ):
        assert stat.S_IMODE((state / "stack.json").stat().st_mode) == 0o600
        info = StackInfo.model_validate(json.loads((state / "stack.json").read_text()))
        async with httpx.AsyncClient(trust_env=False) as client:
            for url in (*info.services.values(), *info.workers.values(), info.issuer, info.traces):
                assert (await client.get(f"{url}/")).is_success
            for name in ("sessions", "metrics"):  # they write it into mails and calendar addresses
                url = info.services[name]
                assert (await client.get(f"{url}/public-url")).text == url
        for dsn in info.databases.values():
            await (await asyncpg.connect(dsn)).close()
        assert set(info.tokens) == {
            "employee", "facilitator", "manager", "programme-owner", "analyst", "hr-system", "operator", "admin",
        }  # fmt: skip
    assert StackInfo.read(state) is None


async def test_a_killed_service_comes_back(environ: dict[str, str]) -> None:
    reports: list[str] = []
    async with ToyStack(reports.append, environ=environ | {"LATERAL_LOCAL_PROCESSES": "two"}) as stack:
        first = stack.pid("matching-worker")
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: stack.pid("matching-worker") != first, "a new process")
        assert any(line.startswith("matching-worker ended (SIGKILL)") for line in reports)


async def test_what_the_environment_names_is_not_started(environ: dict[str, str]) -> None:
    async with ToyStack(print, environ=environ) as outer:
        given = {
            "LATERAL_KAFKA_BOOTSTRAP": outer.info.kafka_bootstrap,
            "LATERAL_ISSUER": outer.info.issuer,
            "LATERAL_OTLP_ENDPOINT": outer.info.otlp_endpoint,
        } | {f"LATERAL_{name.upper()}_DATABASE_URL": dsn for name, dsn in outer.info.databases.items()}
        inner_environ = free_ports() | given | {"LATERAL_STATE": f"{outer.state}-inner"}
        async with ToyStack(print, environ=inner_environ) as inner:
            assert inner.info.databases == outer.info.databases
            assert (inner.info.kafka_bootstrap, inner.info.tokens) == (outer.info.kafka_bootstrap, {})
            assert sorted(path.name for path in inner.state.glob("*")) == ["lock", "logs", "stack.json"]


async def test_a_taken_port_is_named_and_nothing_is_started(environ: dict[str, str], state: Path) -> None:
    port = int(environ["LATERAL_SESSIONS_PORT"])
    with listen(port), pytest.raises(StartFailed, match=rf"port {port} \(sessions\)(?s:.*)LATERAL_PORT_BASE"):
        await ToyStack(print, environ=environ).__aenter__()
    assert not (state / "logs").exists()


async def test_a_second_start_names_the_first_and_exits_1(environ: dict[str, str], state: Path) -> None:
    async with ToyStack(print, environ=environ):
        second = await command_line(environ)
        output, _ = await second.communicate()
    assert second.returncode == 1
    assert f"A stack seems to be running (process {os.getpid()})" in output.decode()
    assert "Traceback" not in output.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_a_signal_leaves_no_process_behind(environ: dict[str, str], state: Path, number: signal.Signals) -> None:
    process = await command_line(environ)
    await eventually(lambda: StackInfo.read(state) is not None or process.returncode is not None, "a ready stack")
    processes = family(process.pid)
    assert len(processes) >= 10
    process.send_signal(number)
    await process.communicate()
    await eventually(lambda: all_gone(processes), "no process left")
    if number != signal.SIGKILL:
        assert process.returncode == 0
        assert not (state / "stack.json").exists()


async def test_a_stack_that_was_killed_starts_again(environ: dict[str, str], state: Path) -> None:
    process = await command_line(environ)
    await eventually(lambda: StackInfo.read(state) is not None, "a ready stack")
    processes = family(process.pid)
    process.kill()
    await process.communicate()
    await eventually(lambda: all_gone(processes), "no process left")
    async with ToyStack(print, environ=environ) as stack:
        assert set(stack.info.services) == {"directory", "matching", "sessions", "metrics"}
