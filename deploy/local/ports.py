"""Which loopback port each part of the stack has, and who is in the way."""

import os
import random
import socket
from collections.abc import Mapping

from deploy.local.processes import StartFailed

LOOPBACK = "127.0.0.1"
HIGHEST = 65535
UNASSIGNED = (20_000, 32_000)
"""Below what systems give to connections going out: such a port may be taken from a server that is being restarted."""
DEFAULTS = {
    "issuer": 8100,
    "directory": 8101,
    "matching": 8102,
    "sessions": 8103,
    "metrics": 8104,
    "traces": 8105,
    "directory_worker": 8111,
    "matching_worker": 8112,
    "sessions_worker": 8113,
    "metrics_worker": 8114,
    "postgres": 15432,
    "kafka": 19092,
    "kafka_controller": 19093,
}
GIVEN: set[int] = set()
"""What `free_port` has given already: whoever was given one may not listen on it yet."""


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Every port: LATERAL_<NAME>_PORT, or the default moved up by LATERAL_PORT_BASE. Raises StartFailed."""
    base = _number(environ, "LATERAL_PORT_BASE", 0)
    return {name: _number(environ, f"LATERAL_{name.upper()}_PORT", base + port) for name, port in DEFAULTS.items()}


def _number(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable, str(default))
    if not text.isdecimal() or int(text) > HIGHEST:
        message = f"{variable} must be a number up to {HIGHEST}, and is {text!r}"
        raise StartFailed(message)
    return int(text)


def listen(port: int) -> socket.socket:
    """A listening loopback socket. Raises OSError when somebody else listens there."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen(256)
    except OSError:
        server.close()
        raise
    return server


def is_free(port: int) -> bool:
    """Whether nobody listens on this loopback port."""
    try:
        listen(port).close()
    except OSError:
        return False
    return True


def refuse_taken_port(part: str, port: int) -> None:
    """Raise StartFailed when somebody else listens there: we must never mistake a stranger for our part."""
    if not is_free(port):
        message = f"{part} cannot start: somebody else listens on port {port}"
        raise StartFailed(message)


def free_port() -> int:
    """A port that nobody listens on now, and that neither we nor a connection of somebody's is given again."""
    while (port := random.SystemRandom().randint(*UNASSIGNED)) in GIVEN or not is_free(port):
        pass
    GIVEN.add(port)
    return port
