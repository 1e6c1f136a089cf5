"""A person with slixmpp, an independent client: what it does is awaited, what it hears is kept."""

import asyncio
import contextlib
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import slixmpp
from slixmpp import JID
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from tests.support.node import Node
from tests.support.telephony import PASSWORD

DOMAIN = "localhost"
PATIENCE = 20.0
PLUGINS = (
    "xep_0030",
    "xep_0045",
    "xep_0054",
    "xep_0059",
    "xep_0060",
    "xep_0066",
    "xep_0077",
    "xep_0084",
    "xep_0085",
    "xep_0092",
    "xep_0115",
    "xep_0163",
    "xep_0172",
    "xep_0184",
    "xep_0191",
    "xep_0199",
    "xep_0202",
    "xep_0203",
    "xep_0223",
    "xep_0249",
    "xep_0280",
    "xep_0292",
    "xep_0308",
    "xep_0313",
    "xep_0333",
    "xep_0359",
    "xep_0402",
    "xep_0424",
    "xep_0444",
    "xep_0461",
)


class SlixPerson(slixmpp.ClientXMPP):
    """`heard`: messages and presence as they came."""

    def __init__(self, name: str, resource: str, plugins: Iterable[str]) -> None:
        super().__init__(f"{name}@{DOMAIN}/{resource}", PASSWORD)
        self.heard: list[Any] = []
        self._news = asyncio.Event()
        for plugin in plugins:
            self.register_plugin(plugin)
        for kind in ("message", "presence"):
            matcher = MatchXPath(f"{{jabber:client}}{kind}")
            self.register_handler(Callback(f"heard {kind}", matcher, self._hear))
        self.enable_direct_tls = False
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE

    def _hear(self, stanza: Any) -> None:
        self.heard.append(stanza)
        self._news.set()

    async def hears(self, what: str, look: Callable[[Any], Any]) -> Any:
        """The first stanza that `look` is true of; it is taken out of `heard`."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            for position, stanza in enumerate(self.heard):
                if look(stanza):
                    return self.heard.pop(position)
            self._news.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._news.wait()
            except TimeoutError:
                came = "\n".join(map(str, self.heard))
                raise AssertionError(
                    f"{self.boundjid} did not hear {what}; it heard\n{came}"
                ) from None

    def say(self, to: Any, text: str, **more: Any) -> Any:
        """Send a chat message; it."""
        message = self.make_message(JID(to), text, mtype="chat")
        message["id"] = uuid.uuid4().hex
        for name, value in more.items():
            message[name] = value
        message.send()
        return message

    async def hears_text(self, text: str) -> Any:
        """The message with this body."""
        return await self.hears(
            repr(text), lambda one: one.name == "message" and one["body"] == text
        )


@contextlib.asynccontextmanager
async def slix_person(
    node: Node,
    name: str,
    resource: str = "desk",
    *,
    plugins: Iterable[str] = PLUGINS,
    present: bool = True,
) -> AsyncIterator[SlixPerson]:
    """Logged in over TCP with STARTTLS, where there is a certificate; with its roster, and (unless
    told otherwise) available.
    """
    person = SlixPerson(name, resource, plugins)
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begun(_: Any) -> None:
        if not started.done():
            started.set_result(None)

    def failed(error: Any) -> None:
        if not started.done():
            started.set_exception(AssertionError(f"no log-in: {error}"))

    person.add_event_handler("session_start", begun)
    person.add_event_handler("failed_auth", failed)
    person.connect("127.0.0.1", node.port("xmpp"))
    try:
        async with asyncio.timeout(PATIENCE):
            await started
        await person.get_roster()
        if present:
            person.send_presence()
        yield person
    finally:
        person.disconnect(wait=0.5)
        with contextlib.suppress(asyncio.TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(3):
                await person.disconnected
