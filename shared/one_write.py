"""An answer in one write: head and body leave together, for each write wakes the kernel and the caller anew."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

AT_ONCE = 65_536


class Gathering:
    """A transport that writes what has gathered when the event loop comes round, or at once when it is much."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Have it written soon, behind what was before."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        if self._parts:
            data = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._transport.write(data)

    def close(self) -> None:
        """Write, then close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class OneWrite(HttpToolsProtocol):
    """The server's protocol for a connection, over such a transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(cast("asyncio.Transport", Gathering(cast("asyncio.Transport", transport), self.loop)))
