"""A process ends in good order, whatever its parts are waiting for."""

import asyncio
from contextlib import suppress

from shared.processes import supervise


async def test_a_part_that_does_not_end_is_cut_off_and_the_process_ends_in_good_order() -> None:
    stop, waiting, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        try:
            waiting.set()
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    process = asyncio.create_task(supervise({"deaf": deaf(), "good": _until(stop)}, stop, grace=0.01))
    await waiting.wait()
    stop.set()
    assert await asyncio.wait_for(process, 60) == 0
    assert cleaned.is_set()


async def test_a_part_that_fails_stops_the_others_and_is_told_by_the_exit_code() -> None:
    stop = asyncio.Event()

    async def broken() -> None:
        raise LookupError

    assert await asyncio.wait_for(supervise({"broken": broken(), "good": _until(stop)}, stop), 60) == 1


async def _until(stop: asyncio.Event) -> None:
    with suppress(asyncio.CancelledError):
        await stop.wait()
