"""A client of XMPP that can also misbehave: bytes over TCP, elements found by their text. It knows
little of XML.
"""

import asyncio
import base64
import contextlib
import re
import secrets
from collections.abc import AsyncIterator

from tests.support.node import Node
from tests.support.telephony import PASSWORD

HEADER = (
    "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client'"
    " xmlns:stream='http://etherx.jabber.org/streams'>"
)
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
MANAGED = "urn:xmpp:sm:3"
PATIENCE = 20.0


class Ended(AssertionError):
    """The server closed the connection; the text is what it said before."""


class Wire:
    """One connection. What came and was not asked for stays in `heard`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heard = ""

    async def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def until(self, pattern: str, within: float = PATIENCE) -> re.Match[str]:
        """The first place that fits; what came up to its end is forgotten. Raises `Ended`."""
        try:
            async with asyncio.timeout(within):
                while (found := re.search(pattern, self.heard, re.DOTALL)) is None:
                    await self._more(pattern)
        except TimeoutError:
            raise AssertionError(f"no {pattern!r} came, but {self.heard[-2000:]!r}") from None
        self.heard = self.heard[found.end() :]
        return found

    async def ended(self, within: float = PATIENCE) -> str:
        """All that comes up to the end of the connection."""
        async with asyncio.timeout(within):
            with contextlib.suppress(Ended):
                while True:
                    await self._more("the end")
        return self.heard

    async def login(self, user: str, resource: str = "desk", *, available: bool = True) -> None:
        """Log in by PLAIN, bind a resource, be there."""
        await self.open()
        proof = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
        await self.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{proof}</auth>")
        await self.until("<success[^>]*>")
        await self.open()
        bind = f"<bind xmlns='{BIND}'><resource>{resource}</resource></bind>"
        await self.send(f"<iq type='set' id='bind'>{bind}</iq>")
        await self.until("<jid>[^<]+</jid></bind></iq>")
        if available:
            await self.send("<presence/>")

    async def open(self) -> str:
        """Begin the stream, or begin it anew; its features."""
        await self.send(HEADER)
        return (await self.until("<stream:features.*?</stream:features>"))[0]

    async def ask(self, kind: str, payload: str, to: str = "") -> str:
        """The answer to a request."""
        id = secrets.token_hex(4)
        address = f" to='{to}'" if to else ""
        await self.send(f"<iq type='{kind}' id='{id}'{address}>{payload}</iq>")
        found = await self.until(rf"<iq [^>]*id=['\"]{id}['\"][^>]*?(?:/>|>.*?</iq>)")
        return found[0]

    async def ping(self) -> None:
        """The server is well, and so is this stream."""
        answer = await self.ask("get", "<ping xmlns='urn:xmpp:ping'/>", "localhost")
        assert "type='result'" in answer.replace('"', "'"), answer

    def cut(self) -> None:
        """Be gone without a word."""
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    async def _more(self, awaited: str) -> None:
        try:
            data = await self.reader.read(65_536)
        except ConnectionError:
            data = b""
        if not data:
            raise Ended(f"the server ended while {awaited!r} was awaited: {self.heard[-2000:]!r}")
        self.heard += data.decode()


@contextlib.asynccontextmanager
async def wire(node: Node, protocol: str = "xmpp") -> AsyncIterator[Wire]:
    """A connection on which nothing was said, to a listener of that protocol."""
    client = Wire(*await asyncio.open_connection("127.0.0.1", node.port(protocol)))
    try:
        yield client
    finally:
        await client.close()


def chat(to: str, text: str, id: str = "") -> str:
    """A message of one's own."""
    id = id or secrets.token_hex(8)
    return f"<message type='chat' id='{id}' to='{to}'><body>{text}</body></message>"
