"""`python -m bench.sockets PORT CLIENTS TOKEN`: that many bare sockets ask at once; prints status and seconds of each.

Without a token they ask whether the process is alive. It imports nothing heavy: the clients must not be what is slow.
"""

import asyncio
import json
import sys
import time
from uuid import UUID, uuid4

KEY = UUID(int=1)


def request(token: str) -> bytes:
    """A write to the register, or, without a token, a look at its liveness."""
    body = json.dumps({"key": str(KEY), "operation": str(uuid4())}) if token else ""
    line = f"POST /v1/entries HTTP/1.1\r\nAuthorization: {token}" if token else "GET /livez HTTP/1.1"
    head = f"{line}\r\nHost: api\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


async def ask(port: int, said: bytes) -> tuple[int, float]:
    """Connect, ask, and wait for the first line."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    line = await reader.readline()
    taken = time.perf_counter() - began
    writer.close()
    return int(line.split()[1]), taken


async def crowd(port: int, clients: int, token: str) -> None:
    """All at once."""
    requests = [request(token) for _ in range(clients)]
    print(json.dumps(await asyncio.gather(*(ask(port, said) for said in requests))))


if __name__ == "__main__":
    asyncio.run(crowd(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
