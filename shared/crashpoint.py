"""Named places where a test may kill the process; nothing happens unless the environment names one."""

import os
import signal

PLACE, _, COUNT = os.environ.get("LATERAL_CRASH_AT", "").partition(":")
_left = int(COUNT or 1)


async def crashpoint(name: str) -> None:
    """Die here, as by `kill -9`, at the n-th visit when `LATERAL_CRASH_AT=name:n`."""
    global _left  # noqa: PLW0603 - one counter for the process it kills
    if name == PLACE:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
