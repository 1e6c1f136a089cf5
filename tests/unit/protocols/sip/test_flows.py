"""SIP over real sockets of loopback: datagrams, streams, TLS, connections that we dial, and peers
that are slow, silent, or send nonsense.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from antiphon._native import SipFlow, SipResponse
from antiphon.core.address import Addresses
from antiphon.core.policy import Policy
from antiphon.core.reason import WrongState
from antiphon.net.gate import Gate
from antiphon.net.listen import Listen, bind
from antiphon.net.tls import Certificates, self_signed
from antiphon.protocols.sip.config import SipConfig, SipLimits
from antiphon.protocols.sip.doors import Doors
from antiphon.protocols.sip.flows import Flows
from antiphon.protocols.sip.server import SipServer
from antiphon.protocols.sip.stream import StreamConnection
from antiphon.services.normalize import PrecisNormalizer
from antiphon.stores.database import Database
from tests.support.sip_site import DOMAIN, Accounts, request, status

LIMITS = SipLimits(message_size=4096, write_buffer=8192, rate=1e6, burst=1_000_000)
BRIEF = replace(LIMITS, message_timeout=1.0, idle_timeout=1.5)


class Served:
    """A server on loopback, and its ports."""

    def __init__(self, server: SipServer, doors: Doors) -> None:
        self.server = server
        self.port = doors.plain[0].getsockname()[1]
        self.tls_port = doors.secure[0].getsockname()[1]


def closed_server(
    tmp_path: Path,
    database: Database,
    limits: SipLimits = LIMITS,
    config: SipConfig | None = None,
) -> tuple[SipServer, Doors]:
    """One that is not open yet, and sockets for UDP, TCP and TLS."""
    near = Listen("127.0.0.1", 0)
    certificates = Certificates(self_signed(tmp_path, ("127.0.0.1", DOMAIN)), 5.0)
    doors = Doors(
        plain=bind(near, kinds=(socket.SOCK_DGRAM, socket.SOCK_STREAM), apart=True),
        secure=bind(near, apart=True),
        tls=certificates.context,
    )
    server = SipServer(
        addresses=Addresses(DOMAIN, PrecisNormalizer()),
        accounts=Accounts({"alice": "secret of alice"}),
        database=database,
        policy=Policy(),
        gate=Gate(20, 20),
        secret=b"0123456789abcdef",
        config=config or SipConfig(),
        limits=limits,
    )
    return server, doors


@pytest_asyncio.fixture
async def served(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """A server. Its parameter, if there is one, are its limits."""
    database = Database(f"sqlite:///{tmp_path / 'sip.db'}")
    await database.open()
    server, doors = closed_server(tmp_path, database, getattr(request, "param", LIMITS))
    await server.open(doors)
    sweeping = asyncio.create_task(server.flows.sweep())
    yield Served(server, doors)
    sweeping.cancel()
    await server.close()
    await database.close()


async def test_it_closes_its_doors_before_it_writes_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'sip.db'}")
    await database.open()
    server, doors = closed_server(tmp_path, database)
    sockets = [*doors.plain, *doors.secure]
    served_while: list[list[bool]] = []
    load, close = server.keeper.load, server.keeper.close

    async def loading() -> int:
        # Nobody is heard yet, though all have a place.
        served_while.append([server.driver._starts != []])
        assert server._flow_for("udp", "127.0.0.1", 5060) is not None
        return await load()

    async def closing() -> None:
        served_while.append([one.fileno() >= 0 for one in sockets])
        await close()

    monkeypatch.setattr(server.keeper, "load", loading)
    monkeypatch.setattr(server.keeper, "close", closing)
    await server.open(doors)
    await server.close()
    assert served_while == [[True], [False] * len(sockets)]
    await database.close()


async def test_without_its_database_nothing_stays_open(tmp_path: Path) -> None:
    server, doors = closed_server(tmp_path, Database(f"sqlite:///{tmp_path / 'sip.db'}"))
    with pytest.raises(WrongState):
        await server.open(doors)
    assert all(one.fileno() < 0 for one in (*doors.plain, *doors.secure))


def options(transport: str, port: int = 5060) -> bytes:
    return request(
        "OPTIONS", "sip:127.0.0.1", via=f"127.0.0.1:{port}", transport=transport
    ).encode()


@contextlib.asynccontextmanager
async def connected(
    port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> int:
    return status((await reader.readuntil(b"\r\n\r\n")).decode().lstrip())


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.02)


async def test_datagrams(served: Served) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.setblocking(False)
        phone.connect(("127.0.0.1", served.port))
        await loop.sock_sendall(phone, b"\r\n\r\n")  # RFC 5626 §3.5.1 needs no answer by UDP
        await loop.sock_sendall(phone, options("UDP", phone.getsockname()[1]))
        async with asyncio.timeout(20):
            while not (text := (await loop.sock_recv(phone, 65_535)).decode()).strip():
                pass
    assert status(text) == 200


async def test_streams_in_pieces_and_several_at_once(served: Served) -> None:
    async with connected(served.port) as (reader, writer):
        text = options("TCP")
        writer.write(text[:50])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(text[50:] + options("TCP"))
        assert await answer(reader) == 200
        assert await answer(reader) == 200
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"  # the pong (RFC 5626 §3.5.1)
        assert len(served.server.flows) == 1
    await until(lambda: len(served.server.flows) == 0)


async def test_tls(served: Served, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "self-signed.pem"))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    async with connected(served.tls_port, context) as (reader, writer):
        writer.write(options("TLS"))
        assert await answer(reader) == 200


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense"),
        (b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n", "broken"),
        (b"A" * 5000, "broken"),
        (b"OPTIONS sip:a SIP/2.0\r\nVia: ", "slow"),
        (b"", "idle"),
    ],
)
@pytest.mark.parametrize("served", [BRIEF], indirect=True, ids=["brief"])
async def test_peers_that_are_let_go(served: Served, text: bytes, why: str) -> None:
    async with connected(served.port) as (reader, writer):
        writer.write(text)
        async with asyncio.timeout(20):
            await reader.read()
    if why != "nonsense":
        assert served.server.flows.counters[why] == 1
    async with connected(served.port) as (reader, writer):
        writer.write(options("TCP"))
        assert await answer(reader) == 200


async def test_a_peer_that_does_not_read(served: Served) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as phone:
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        phone.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(phone, ("127.0.0.1", served.port))
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(20):
                while not served.server.flows.counters["not_reading"]:
                    await loop.sock_sendall(phone, options("TCP") * 20)
        assert served.server.flows.counters["not_reading"] == 1


async def test_connections_of_one_address_have_a_limit(served: Served) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(connected(served.port))
        await until(lambda: len(served.server.flows) == 20)
        async with connected(served.port) as (reader, _):
            assert await reader.read() == b""


def ask(served: Served, flow: SipFlow) -> "asyncio.Future[SipResponse]":
    heard: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()
    headers = (
        b"From: <sip:us@example.org>;tag=1\r\nTo: <sip:you@example.org>\r\n"
        b"Call-ID: %d\r\nCSeq: 1 OPTIONS\r\n" % id(heard)
    )

    def hear(response: SipResponse) -> None:
        if response.status >= 200 and not heard.done():
            heard.set_result(response)

    served.server.stack.request("OPTIONS", "sip:you@127.0.0.1", flow, headers, heard=hear)
    return heard


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_is_dialled_to_those_whose_authority_is_trusted(
    trusted: bool, tmp_path: Path
) -> None:
    """The server dials its own door, whose certificate is its own as well."""
    config = SipConfig(authorities=str(tmp_path / "self-signed.pem") if trusted else "")
    database = Database(f"sqlite:///{tmp_path / 'sip.db'}")
    async with database:
        server, doors = closed_server(tmp_path, database, config=config)
        await server.open(doors)
        served = Served(server, doors)
        secure = next(one for one in server.stack.listeners if one.transport == "tls")
        async with asyncio.timeout(20):
            flow = SipFlow(secure.number, "tls", 0, ("127.0.0.1", served.tls_port))
            response = await ask(served, flow)
        assert response.local is not trusted
        assert (server.flows.counters["not_dialled"] > 0) is not trusted
        await server.close()


async def test_authorities_that_cannot_be_read_are_said_at_once(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "nonsense.pem").write_text("no certificate")
    for name in ("nothing.pem", "nonsense.pem"):
        with pytest.raises(OSError, match=r".+"):
            Flows(served.server.stack, LIMITS, authorities=str(tmp_path / name))


async def test_one_connection_is_dialled_for_all_that_goes_there(served: Served) -> None:
    accepted = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer)
        while text := await reader.readuntil(b"\r\n\r\n"):
            lines = text.decode().split("\r\n")
            kept = [
                line for line in lines[1:] if line[:4] in ("Via:", "From", "To: ", "Call", "CSeq")
            ]
            writer.write(
                "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode()
            )

    other = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    tcp = next(one for one in served.server.stack.listeners if one.transport == "tcp")
    flow = SipFlow(tcp.number, "tcp", 0, ("127.0.0.1", port))
    async with asyncio.timeout(20):
        found = await asyncio.gather(*(ask(served, flow) for _ in range(5)))
        again = await ask(served, flow)
    assert {one.status for one in (*found, again)} == {200}
    assert not again.local
    assert len(accepted) == 1
    for writer in accepted:
        writer.close()
    other.close()


class Nameless:
    """A transport whose peer is gone before anybody asked who it is."""

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


async def test_a_peer_that_is_gone_at_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    made = StreamConnection.connection_made

    def gone(self: StreamConnection, transport: asyncio.BaseTransport) -> None:
        made(self, cast(asyncio.BaseTransport, Nameless(transport)))

    monkeypatch.setattr(StreamConnection, "connection_made", gone)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        tcp = next(one for one in served.server.stack.listeners if one.transport == "tcp")
        async with asyncio.timeout(20):
            response = await ask(served, SipFlow(tcp.number, "tcp", 0, other.getsockname()))
        assert (response.status, response.local) == (503, True)
    async with connected(served.port) as (reader, _):
        assert await reader.read() == b""
    assert len(served.server.flows) == 0


async def test_where_nobody_listens(served: Served) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tcp = next(one for one in served.server.stack.listeners if one.transport == "tcp")
    async with asyncio.timeout(20):
        response = await ask(served, SipFlow(tcp.number, "tcp", 0, ("127.0.0.1", port)))
    assert (response.status, response.local) == (503, True)
    gone = SipFlow(tcp.number, "tcp", 999, ("127.0.0.1", port))
    async with asyncio.timeout(20):
        response = await ask(served, gone)
    assert (response.status, response.local) == (503, True)
