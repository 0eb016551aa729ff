"""POST to addresses that somebody else has chosen, without becoming their hand inside our network.

The address is judged where the connection is made, after the name is resolved: a name that answers differently the
second time gains nothing. No redirect is followed, no proxy asked, little of a reply is read, and all has a deadline.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

from shared.courier import Outcome

SECONDS = 5.0
REPLY_BYTES = 4096
GONE = 410
WRAPPED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"), ipaddress.ip_network("::/96"))
"""IPv6 addresses that lead to an IPv4 address inside them."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(ValueError):
    """The address lies inside our network, or in nobody's."""


def is_public(address: Address) -> bool:
    """Whether the address is somebody's on the internet, and stays so when it is unwrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in WRAPPED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be posted to: public ones by https, and `allowed` networks of the operator's."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, networks: Iterable[str]) -> "Guard":
        """Networks in CIDR notation. Raises ValueError for what is none."""
        return cls(tuple(ipaddress.ip_network(network) for network in networks))

    def check_url(self, url: str) -> None:
        """Raise ForbiddenAddress for a URL that can never be posted to; its name is judged later, when it is known."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ForbiddenAddress("is not a URL") from error
        if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password or parts.fragment:
            raise ForbiddenAddress("must be https://host/path, without user, password or fragment")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            local = host.rstrip(".").rsplit(".", 1)[-1].lower() in {"localhost", "local", "internal", "invalid"}
            if local and not self.allowed:
                raise ForbiddenAddress("names this network") from None
        else:
            self.check(address)
        if parts.scheme == "http" and not self.allowed:
            raise ForbiddenAddress("must be https")

    def check(self, address: Address) -> None:
        """Raise ForbiddenAddress for one that may not be connected to."""
        if not (is_public(address) or any(address in network for network in self.allowed)):
            raise ForbiddenAddress("lies in a private or reserved network")


class _Guarded(httpcore.AnyIOBackend):
    """Connects to the address it has judged, and to no other; TLS still asks for the name."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            self._guard.check(ipaddress.ip_address(address.split("%", 1)[0]))
        return await super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)


async def post(url: str, content: bytes, headers: Mapping[str, str], guard: Guard) -> Outcome:
    """One POST. 2xx is done; 410 and a forbidden address are `never`; what is wrong otherwise may be mended."""
    try:
        guard.check_url(url)
        async with (
            asyncio.timeout(SECONDS),
            httpcore.AsyncConnectionPool(network_backend=_Guarded(guard), retries=0) as pool,
            pool.stream("POST", url, headers=list(_wire(headers)), content=content) as reply,
        ):
            headers_back = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers}
            return _judged(reply.status, headers_back, await _beginning(reply))
    except ForbiddenAddress as error:
        return Outcome("never", str(error))
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError, TimeoutError) as error:
        return Outcome("later", type(error).__name__)


def _wire(headers: Mapping[str, str]) -> Iterable[tuple[bytes, bytes]]:
    for name, value in {"User-Agent": "Lateral", "Accept": "*/*", **headers}.items():
        yield name.encode("ascii"), value.encode("ascii")


async def _beginning(reply: httpcore.Response) -> bytes:
    body = b""
    async for chunk in reply.aiter_stream():
        body += chunk
        if len(body) >= REPLY_BYTES:
            break
    return body[:REPLY_BYTES]


def _judged(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110
        return Outcome("done", status=status, body=body)
    asked = headers.get("retry-after", "")
    wait = float(asked) if asked.isdecimal() and len(asked) < 6 else None  # noqa: PLR2004 - no longer than a day or so
    return Outcome("never" if status == GONE else "later", f"HTTP {status}", status, wait, body)
