"""Head and body of an answer leave in one write, in order, whatever their size, and before the connection closes."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Response
from starlette.responses import StreamingResponse
from uvicorn import Config, Server

from shared.one_write import AT_ONCE, Gathering, OneWrite

app = FastAPI()


@app.get("/small")
async def small() -> Response:
    return Response(b"x" * 100)


@app.get("/large")
async def large() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(64):
            yield bytes([number]) * 10_000

    return StreamingResponse(parts(), headers={"content-length": "640000"})


class Recorded(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.writes.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_what_is_written_in_one_turn_leaves_at_once_and_in_order() -> None:
    inner = Recorded()
    transport = Gathering(inner, asyncio.get_running_loop())
    transport.write(b"head")
    transport.write(b"body")
    assert inner.writes == []
    await asyncio.sleep(0)
    assert inner.writes == [b"headbody"]
    transport.write(b"y" * (AT_ONCE + 1))
    assert len(inner.writes) == 2  # much does not wait
    transport.write(b"last")
    transport.close()
    assert inner.writes[2:] == [b"last"]
    assert inner.closed
    await asyncio.sleep(0)
    assert len(inner.writes) == 3


async def test_a_server_answers_small_and_large_over_one_connection() -> None:
    server = Server(Config(app, port=0, http=OneWrite, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for path, body in (
            ("/small", b"x" * 100),
            ("/large", b"".join(bytes([number]) * 10_000 for number in range(64))),
            ("/small", b"x" * 100),
        ):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(len(body)) == body
        writer.write(b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"x" * 100)
    finally:
        writer.close()
        server.should_exit = True
        await serving
