"""Small web applications of the stack's own, served inside its process."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Self

import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from deploy.local.ports import LOOPBACK, listen
from deploy.local.processes import StartFailed


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the stack."""
        yield


class Served:
    """An application that serves on loopback while the block runs."""

    def __init__(self, app: FastAPI, port: int) -> None:
        # A page elsewhere must not reach it by a name that resolves to this machine.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._server = _Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2))
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Serve. Raises StartFailed when the port is taken."""
        try:
            server = listen(self._port)
        except OSError as error:
            message = f"port {self._port} cannot be used: {error.strerror}"
            raise StartFailed(message) from error
        # Listening already: whoever connects before the server's first turn waits in the queue.
        self._task = asyncio.create_task(self._server.serve(sockets=[server]), name=f"serve {self.url}")

    async def stop(self) -> None:
        """Answer what is being answered, then end."""
        if self._task is not None:
            self._server.should_exit = True
            await asyncio.wait([self._task])
