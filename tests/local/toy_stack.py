"""`python -m tests.local.toy_stack`: what `python -m deploy.local up` does, over stand-ins for the four services."""

import functools
import sys
from pathlib import Path

from deploy.local.__main__ import serve
from deploy.local.stack import Stack

TOY = Path(__file__).with_name("toy_service.py")


def toy_command(service: str, command: str) -> tuple[str, ...]:
    """How a stand-in is run."""
    return (sys.executable, "-I", "-S", str(TOY), service, command)


ToyStack = functools.partial(Stack, command=toy_command)

if __name__ == "__main__":
    sys.exit(serve(None, stay=True, make_stack=ToyStack))
