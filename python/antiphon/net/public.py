"""Requests to addresses that strangers chose: only to public ones, so that nobody uses us to reach
what stands behind us (server-side request forgery).

The address is judged where the connection is made: what a name means cannot change in between. No
redirection is followed, no proxy used, and little is read of the answer.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import h11

_NAT64 = int(IPv6Address("64:ff9b::")) >> 32  # RFC 6052 §2.1
MAX_HEAD = 16 * 1024
PIECE = 4096


class NotPublic(OSError):
    """The name leads into a network that is not public."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and header fields (names in lower case) of a response; its body is not read."""

    status: int
    fields: Mapping[str, str]


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet, also behind what leads to another."""
    address = ip_address(text)
    inner: IPv4Address | None = None
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        if int(address) >> 32 == _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(str(inner))
    return address.is_global and not address.is_multicast


class Outside:
    """An HTTP client for the public internet. `anywhere`: for any network and plain HTTP as well,
    in development.
    """

    def __init__(
        self, *, patience: float, anywhere: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        """`patience`: seconds for a request: name, connection and answer together."""
        self._patience = patience
        self._anywhere = anywhere
        self._tls = tls or ssl.create_default_context()

    async def post(self, url: str, fields: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and read the head of its answer.

        Raises `NotPublic`, TimeoutError or another OSError, ValueError for a URL that is none.
        """
        parts = urlsplit(url)
        host, secure = parts.hostname, parts.scheme == "https"
        if not host or parts.scheme not in ("https", "http") or not (secure or self._anywhere):
            raise ValueError("not the address of a service")
        port = parts.port or (443 if secure else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = [("Host", parts.netloc.rpartition("@")[2]), *fields.items()]
        head += [("Content-Length", str(len(body))), ("Connection", "close")]
        try:
            request = h11.Request(method="POST", target=target, headers=head)
        except h11.LocalProtocolError as error:
            raise ValueError(f"not the address of a service: {error}") from None
        async with asyncio.timeout(self._patience):
            reader, writer = await self._connect(host, port, secure)
            try:
                return await self._exchange(reader, writer, request, body)
            except h11.RemoteProtocolError as error:
                raise ConnectionError(f"{host} does not speak HTTP: {error}") from None
            finally:
                writer.transport.abort()

    async def _connect(
        self, host: str, port: int, secure: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = await self._address(host, port)
        return await asyncio.open_connection(
            address,
            port,
            ssl=self._tls if secure else None,
            server_hostname=host if secure else None,
            limit=MAX_HEAD,
        )

    async def _address(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except UnicodeError:
            raise ValueError(f"{host[:80]} is no name") from None
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        if not self._anywhere and not all(is_public(address) for address in addresses):
            raise NotPublic(f"{host} is not a public address")
        return addresses[0]

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: h11.Request,
        body: bytes,
    ) -> Answer:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        for part in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(part) or b"")
        await writer.drain()
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                fields = {name.decode(): value.decode("latin-1") for name, value in event.headers}
                return Answer(event.status_code, fields)
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(PIECE))
            elif not isinstance(event, h11.InformationalResponse):
                raise ConnectionError("the connection ended before the answer")
