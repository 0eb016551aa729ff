"""`python -m deploy.local`: serve the stack, with or without the demo."""

import asyncio
import os
import shlex
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from deploy.local.info import StackInfo
from deploy.local.processes import Report, StartFailed
from deploy.local.stack import Stack

Job = Callable[[dict[str, Any], Console], Awaitable[int]]

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console(highlight=False)


@app.command()
def run() -> None:
    """Start everything, run the sample organization through it, and keep serving until Ctrl-C."""
    raise typer.Exit(serve(_demo(), stay=True))


@app.command()
def demo() -> None:
    """Start everything, run the sample organization through it once, and stop."""
    raise typer.Exit(serve(_demo(), stay=False))


@app.command()
def up() -> None:
    """Start everything and keep serving until Ctrl-C."""
    raise typer.Exit(serve(None, stay=True))


@app.command()
def env() -> None:
    """Print the variables that let a service's commands reach the stack that runs: eval "$(... env)"."""
    info = StackInfo.read(Path(os.environ.get("LATERAL_STATE", ".lateral")).resolve())
    if info is None:
        typer.echo("no stack runs here", err=True)
        raise typer.Exit(1)
    for name, url in info.databases.items():
        typer.echo(f"export LATERAL_{name.upper()}_DATABASE_URL={shlex.quote(url)}")
    typer.echo(f"export LATERAL_KAFKA_BOOTSTRAP={shlex.quote(info.kafka_bootstrap)}")
    typer.echo(f"export LATERAL_ISSUER={shlex.quote(info.issuer)}")


def _demo() -> Job:
    from deploy.local.demo import main_job  # noqa: PLC0415 - `up` does not need it

    return main_job


def serve(job: Job | None, *, stay: bool, make_stack: Callable[[Report], Stack] = Stack) -> int:
    """Start a stack, give it to the job, and keep it up when it shall stay; returns the exit code."""
    try:
        return asyncio.run(_live(_work(job, make_stack(_say), stay=stay), stay=stay))
    except StartFailed as error:
        console.print("[red]not started:[/]", end=" ")
        console.print(str(error), markup=False, soft_wrap=True)
        return 1


async def _live(working: Coroutine[None, None, int], *, stay: bool) -> int:
    """Work until it is done or a signal comes, which ends whatever goes on, in order; further ones change nothing."""
    work = asyncio.create_task(working)
    asked_to_stop = False

    def ask(_: signal.Signals) -> None:
        nonlocal asked_to_stop
        if asked_to_stop:
            _say("still stopping: services finish what they began")
            return
        asked_to_stop = True
        work.cancel()
        _say("stopping")

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ask, number)
    try:
        return await work
    except asyncio.CancelledError:
        return 0 if stay else 130


async def _work(job: Job | None, entering: Stack, *, stay: bool) -> int:
    starting = console.status("starting")  # drawn on a terminal only
    starting.start()
    try:
        async with entering as stack:
            starting.stop()
            return await _use(stack, job, stay=stay)
    finally:
        starting.stop()


async def _use(stack: Stack, job: Job | None, *, stay: bool) -> int:
    _show(stack.info)
    code = await job(stack.info.model_dump(), console) if job else 0
    if stay and code == 0:
        console.print("serving until Ctrl-C")
        await asyncio.Event().wait()
    return code


def _say(text: str) -> None:
    with suppress(OSError):  # a closed terminal must not keep us from stopping in order
        console.print(f"· {text}", markup=False, soft_wrap=True)


def _show(info: StackInfo) -> None:
    for name, url in info.services.items():
        console.print(f"  {name:<10} {url}/openapi.json", soft_wrap=True)
    if info.traces:
        console.print(f"  {'traces':<10} {info.traces}", soft_wrap=True)


if __name__ == "__main__":
    app()
