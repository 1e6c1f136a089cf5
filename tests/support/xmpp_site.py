"""An XMPP server on sockets of this process: the stream engine, a hub, a router that remembers; and
a client that speaks bytes and TLS.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller
from antiphon.net.gate import Gate
from antiphon.net.streams import StreamDriver
from antiphon.net.tls import Certificates, self_signed
from antiphon.protocols.xmpp.binding import end_point
from antiphon.protocols.xmpp.config import XmppConfig, XmppLimits
from antiphon.protocols.xmpp.sasl import AskKeys, Identity, ScramKeys
from antiphon.protocols.xmpp.server import Doors, XmppServer
from antiphon.services.normalize import PrecisNormalizer
from tests.support.xmpp_wire import FakeDirectory, FakeRouter

DOMAIN = "localhost"
PATIENCE = 20.0
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
SALT, ITERATIONS = b"some salt", 4096


class Directory(FakeDirectory):
    """Accounts of `DOMAIN`, with SCRAM keys made when they are asked for."""

    def identity(self, name: str) -> Identity:
        return Identity(Caller(address=Address(name, DOMAIN), name=name.title()), self.limit)

    async def answer(self, question: Any) -> Any:
        if not isinstance(question, AskKeys):
            return await super().answer(question)
        known = question.name in self.passwords
        password = self.passwords.get(question.name, secrets.token_hex())
        stored, server = scram_keys(question.hash, password)
        identity = self.identity(question.name) if known else None
        return ScramKeys(identity, SALT, ITERATIONS, stored, server)


def scram_keys(hash_name: str, password: str) -> tuple[bytes, bytes]:
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), SALT, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", hash_name)
    return hashlib.new(hash_name, client).digest(), hmac.digest(salted, b"Server Key", hash_name)


class XmppSite:
    """The server, listening: `plain` and `secure` are ports."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: XmppLimits | None = None,
        connections: int = 100,
        handshake_time: float = 5.0,
        login_time: float = 20.0,
        encrypted: bool = True,
        guests: bool = False,
    ) -> None:
        self.certificates = Certificates(self_signed(folder, (DOMAIN, "127.0.0.1")), 5.0)
        self.driver = StreamDriver(handshake_time=handshake_time, login_time=login_time)
        self.driver.streams.identities({"": self.certificates.pem})
        self.directory = Directory()
        self.router = FakeRouter()
        self.gate = Gate(connections, connections)
        self.server = XmppServer(
            addresses=Addresses(DOMAIN, PrecisNormalizer()),
            directory=self.directory,
            driver=self.driver,
            gate=self.gate,
            config=XmppConfig(),
            limits=limits or XmppLimits(),
            certified=True,
            encrypted=encrypted,
            guests=guests,
        )
        self.server.hub.router = self.router
        self.doors = Doors(plain=[_listening()], secure=[_listening()])
        self.plain, self.secure = (
            opened.getsockname()[1] for opened in (*self.doors.plain, *self.doors.secure)
        )
        self.clients: list[Client] = []

    async def __aenter__(self) -> Self:
        self.driver.start()
        self.server.open(self.doors)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self.clients:
            client.cut()
        await self.server.close()
        await self.driver.close(0.5)
        self.doors.close()

    async def connect(self, *, direct: bool = False) -> "Client":
        """A client that has said nothing yet, over TLS if it is `direct`."""
        context = client_context() if direct else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.secure if direct else self.plain,
            ssl=context,
            server_hostname=DOMAIN if direct else None,
        )
        client = Client(reader, writer)
        self.clients.append(client)
        return client

    async def log_in(self, name: str = "alice", resource: str = "desk") -> "Client":
        """A client with a session, over TLS."""
        client = await self.connect(direct=True)
        await client.open()
        await client.plain(name, self.directory.passwords[name])
        await client.open()
        await client.bind(resource)
        return client


def _listening() -> socket.socket:
    opened = socket.create_server(("127.0.0.1", 0))
    opened.setblocking(False)
    return opened


def client_context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """TLS that believes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["xmpp-client"])
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


class Client:
    """One connection as a client sees it. What came and was not asked for stays in `heard`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heard = ""

    async def send(self, text: str) -> None:
        self.writer.write(text.encode())
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def until(self, pattern: str) -> str:
        """What fits the pattern; what came before is forgotten."""
        async with asyncio.timeout(PATIENCE):
            while (found := re.search(pattern, self.heard, re.DOTALL)) is None:
                data = await self.reader.read(65_536)
                assert data, f"the end came before {pattern!r}: {self.heard!r}"
                self.heard += data.decode()
        self.heard = self.heard[found.end() :]
        return found[0]

    async def ended(self) -> str:
        """All that comes up to the end."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                while data := await self.reader.read(65_536):
                    self.heard += data.decode()
        return self.heard

    async def open(self, to: str = DOMAIN) -> str:
        """Begin a stream; its features."""
        await self.send(
            f"<?xml version='1.0'?><stream:stream to='{to}' version='1.0' xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        return await self.until("<stream:features>.*?</stream:features>")

    async def starttls(self, context: ssl.SSLContext | None = None, *, more: str = "") -> None:
        """Ask for TLS and have it; `more` is sent with the request."""
        await self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + more)
        await self.until("<proceed[^>]*>")
        await self.writer.start_tls(context or client_context(), server_hostname=DOMAIN)

    async def plain(self, name: str, password: str) -> None:
        proof = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        await self.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>")
        await self.until("<success[^>]*>.*?</success>")

    async def scram(
        self, name: str, password: str, hash_name: str = "sha256", binding: str = ""
    ) -> str:
        """Log in by SCRAM; what the server says at the end. `binding`: a type of RFC 5929."""
        mechanism = {"sha1": "SCRAM-SHA-1", "sha256": "SCRAM-SHA-256"}[hash_name]
        header = f"p={binding},," if binding else "n,,"
        bare = f"n={name},r={secrets.token_hex(8)}"
        first = base64.b64encode((header + bare).encode()).decode()
        mechanism += "-PLUS" if binding else ""
        await self.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{first}</auth>")
        challenge = _content(await self.until("<challenge[^>]*>[^<]+</challenge>"))
        bound = header.encode() + (self.end_point() if binding else b"")
        without = f"c={base64.b64encode(bound).decode()},{challenge.split(',')[0]}"
        salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), SALT, ITERATIONS)
        client = hmac.digest(salted, b"Client Key", hash_name)
        stored = hashlib.new(hash_name, client).digest()
        said = f"{bare},{challenge},{without}".encode()
        signature = hmac.digest(stored, said, hash_name)
        proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        last = f"{without},p={base64.b64encode(proof).decode()}"
        data = base64.b64encode(last.encode()).decode()
        await self.send(f"<response xmlns='{SASL}'>{data}</response>")
        end = await self.until("<(success|failure)[^>]*>.*?</(success|failure)>")
        if end.startswith("<success"):
            server = hmac.digest(salted, b"Server Key", hash_name)
            expected = b"v=" + base64.b64encode(hmac.digest(server, said, hash_name))
            assert _content(end) == expected.decode()
        return end

    def end_point(self) -> bytes:
        """tls-server-end-point of this connection."""
        certificate = self.writer.get_extra_info("ssl_object").getpeercert(True)
        found = end_point(certificate)
        assert found is not None
        return found

    async def bind(self, resource: str = "") -> str:
        inside = f"<resource>{resource}</resource>" if resource else ""
        await self.send(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            f"{inside}</bind></iq>"
        )
        return (await self.until("<jid>[^<]+</jid>"))[5:-6]

    def cut(self) -> None:
        """Be gone without a word."""
        self.writer.transport.abort()


def _content(element: str) -> str:
    return base64.b64decode(element.partition(">")[2].partition("<")[0]).decode()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(folder: Path, **options: Any) -> AsyncIterator[XmppSite]:
    """A site, while the block runs."""
    async with XmppSite(folder, **options) as site:
        yield site
