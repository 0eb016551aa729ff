"""HTTP as the people of the story use it: their own tokens, few requests at a time, the same key when asked again."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from time import monotonic
from typing import Any, NamedTuple, Self, TypeVar

import httpx

T = TypeVar("T")
IN_FLIGHT = 16
PAGE = 100
COMES_BACK = frozenset({502, 503, 504})
TRACED_ONE_IN = 20
PATIENCE = 90.0
"""Seconds a service is given to come back after it was killed."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
POLL = 0.1


class Unexpected(Exception):
    """A service answered what the story does not know how to go on from."""


class NeverHappened(Exception):
    """What was waited for did not come."""


class Caller(NamedTuple):
    """Who asks: a person in a role, or a role alone."""

    role: str
    person_id: str | None = None


class Lateral:
    """The four services of one stack. Close it with `async with`."""

    def __init__(self, stack: Mapping[str, Any]) -> None:
        """Read the addresses and the tokens of the roles from what `stack.json` holds."""
        urls = {**stack["services"], "issuer": stack["issuer"]}
        limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
        self._clients = {
            name: httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False)
            for name, url in urls.items()
        }
        self._tokens = {Caller(role): token for role, token in stack["tokens"].items()}
        self.requests = 0
        self.repeated = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))

    async def get(self, caller: Caller, service: str, path: str, **params: Any) -> Any:
        """The JSON of a resource. Raises Unexpected for anything but success."""
        return (await self.send(caller, service, "GET", path, params=params)).json()

    async def items(self, caller: Caller, service: str, path: str, **params: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(caller, service, path, limit=PAGE, **params, **cursor)
            for item in page["items"]:
                yield item
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    async def all(self, caller: Caller, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every item of a list."""
        return [item async for item in self.items(caller, service, path, **params)]

    async def do(
        self,
        caller: Caller,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        refusals: Iterable[int] = (),
        confidential: bool = False,
    ) -> httpx.Response:
        """Change something once, however often it must be asked. Raises Unexpected, but for `refusals`.

        The key of a `confidential` request tells nothing of its content, not even to somebody who tries all contents.
        """
        content = json.dumps(body).encode() if body is not None else b""
        headers = {"Idempotency-Key": _key(caller, method, path, b"" if confidential else content)}
        if content:
            headers["Content-Type"] = "application/json"
        return await self.send(caller, service, method, path, content=content, headers=headers, refusals=refusals)

    async def send(
        self,
        caller: Caller,
        service: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        refusals: Iterable[int] = (),
    ) -> httpx.Response:
        """One request, sent again while the service is away. Raises Unexpected, but for success and `refusals`."""
        token = await self.token(caller)
        answer = await self._until_it_answers(
            self._clients[service].build_request(
                method,
                path,
                params=params,
                content=content,
                headers={"traceparent": self._trace(), **(headers or {}), "Authorization": token},
            ),
            service,
        )
        if not answer.is_success and answer.status_code not in refusals:
            message = f"{method} {service}{path} as {caller.role}: {answer.status_code} {answer.text[:500]}"
            raise Unexpected(message)
        return answer

    def _trace(self) -> str:
        """One request in twenty is traced: enough to look at, and the rest costs nothing."""
        sampled = self.requests % TRACED_ONE_IN == 0
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{sampled:02x}"

    async def token(self, caller: Caller) -> str:
        """The caller's Authorization header, from the development issuer."""
        if caller not in self._tokens:
            body = {"roles": [caller.role], "person_id": caller.person_id}
            request = self._clients["issuer"].build_request("POST", "/dev/token", json=body)
            answer = await self._until_it_answers(request, "issuer")
            self._tokens[caller] = answer.raise_for_status().json()["access_token"]
        return f"Bearer {self._tokens[caller]}"

    async def _until_it_answers(self, request: httpx.Request, service: str) -> httpx.Response:
        deadline, pause = monotonic() + PATIENCE, FIRST_PAUSE
        while True:
            problem = ""
            try:
                answer = await self._clients[service].send(request)
                self.requests += 1
                if answer.status_code not in COMES_BACK:
                    return answer
                problem = f"{answer.status_code} {answer.text[:200]}"
            except httpx.TransportError as error:
                problem = repr(error)
            if monotonic() > deadline:
                message = f"{service} has not come back for {PATIENCE:.0f} s: {problem}"
                raise NeverHappened(message)
            self.repeated += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _key(caller: Caller, method: str, path: str, content: bytes) -> str:
    """The same request has the same key, also in a later run: what was done is not done again."""
    return hashlib.sha256(f"{caller}\n{method} {path}\n".encode() + content).hexdigest()


async def in_parallel(items: Iterable[T], work: Callable[[T], Awaitable[object]], width: int = IN_FLIGHT) -> None:
    """Do the work for every item, in order of begin, `width` at a time; the first failure ends it all."""
    waiting = iter(items)

    async def go_on() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(go_on())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def published_round(
    services: "Lateral", owner: Caller, round_id: str, within: float = PATIENCE
) -> dict[str, Any]:
    """A round once everybody has been told: among many people workers do that. Raises Unexpected where it failed."""

    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = await services.get(owner, "matching", f"/v1/rounds/{round_id}")
        if found["state"] == "failed":
            raise Unexpected(found["report"]["failed"])
        return found if found["published"] else None

    return await eventually(f"the round {round_id} is published", look, within)


async def eventually(what: str, look: Callable[[], Awaitable[T | None]], within: float = PATIENCE) -> T:
    """What `look` finds, once it finds something. Raises NeverHappened."""
    deadline = monotonic() + within
    while (found := await look()) is None:
        if monotonic() > deadline:
            message = f"not within {within:.0f} s: {what}"
            raise NeverHappened(message)
        await asyncio.sleep(POLL)
    return found
