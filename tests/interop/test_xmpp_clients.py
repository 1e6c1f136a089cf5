"""XMPP clients of JavaScript: over TCP, TLS, WebSocket and BOSH they log in, meet and talk."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Node
from tests.support.telephony import PASSWORD, make_account
from tests.support.xmpp_libraries import LibraryClient, LibraryError, library_client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TRANSPORTS = ("tcp", "tls", "websocket")


def web_address(node: Node) -> str:
    return node.url.replace("http", "ws", 1) + "/xmpp-websocket"


def service(node: Node, transport: str) -> str:
    """Where @xmpp/client connects."""
    if transport == "websocket":
        return web_address(node)
    scheme, protocol = ("xmpps", "xmpps") if transport == "tls" else ("xmpp", "xmpp")
    return f"{scheme}://127.0.0.1:{node.port(protocol)}"


class Cast:
    """Starts clients that end with the test."""

    def __init__(self, node: Node, log: Path, stack: AsyncExitStack) -> None:
        self.node, self.log, self.stack = node, log, stack

    async def by_tcp(self, name: str, transport: str, password: str = PASSWORD) -> LibraryClient:
        """@xmpp/client, available."""
        client = await self.stack.enter_async_context(library_client("xmpp_client", self.log))
        given = {"service": service(self.node, transport), "domain": "localhost"}
        await client.call("start", given | {"username": name, "password": password})
        await client.call("send", "<presence/>")
        return client

    async def by_web(self, name: str, transport: str, resource: str = "web") -> LibraryClient:
        """Stanza, over WebSocket or BOSH, available."""
        client = await self.stack.enter_async_context(library_client("stanza", self.log))
        ways: dict[str, Any] = {"websocket": False, "bosh": False}
        ways[transport] = (
            web_address(self.node) if transport == "websocket" else f"{self.node.url}/http-bind"
        )
        given = {"jid": f"{name}@localhost", "password": PASSWORD, "resource": resource}
        await client.call("start", given | {"transports": ways, "autoReconnect": False})
        await client.event("session:started")
        await client.call("getRoster")
        await client.call("sendPresence")
        return client


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_one_over_each_transport_writes_to_one_in_a_browser_s_library(
    node: Node, artifacts: Path, transport: str
) -> None:
    await make_account(node, "ann")
    await make_account(node, "ben")
    async with AsyncExitStack() as stack:
        cast = Cast(node, artifacts / "clients.log", stack)
        ann = await cast.by_tcp("ann", transport)
        ben = await cast.by_web("ben", "websocket")
        text = (
            "<message type='chat' to='ben@localhost' id='one'><body>naïve &amp; 🎈</body></message>"
        )
        await ann.call("send", text)
        heard = await ben.event("chat")
        assert (heard["body"], heard["id"]) == ("naïve & 🎈", "one")
        await ben.call("sendMessage", {"to": heard["from"], "type": "chat", "body": "and you?"})
        answer = await ann.event("stanza", lambda stanza: "and you?" in stanza)
        assert 'type="chat"' in answer


async def test_bosh_and_websocket_hear_each_other_with_carbons_and_history(
    node: Node, artifacts: Path
) -> None:
    await make_account(node, "ann")
    await make_account(node, "ben")
    async with AsyncExitStack() as stack:
        cast = Cast(node, artifacts / "clients.log", stack)
        ann = await cast.by_web("ann", "bosh")
        desk = await cast.by_web("ben", "websocket", "desk")
        couch = await cast.by_web("ben", "bosh", "couch")
        await desk.call("enableCarbons")
        await couch.call("enableCarbons")
        await ann.call("sendMessage", {"to": "ben@localhost/desk", "type": "chat", "body": "hi"})
        assert (await desk.event("chat"))["body"] == "hi"
        copy = await couch.event("carbon:received")
        assert copy["carbon"]["forward"]["message"]["body"] == "hi"
        await desk.call("sendMessage", {"to": "ann@localhost", "type": "chat", "body": "hello"})
        assert (await ann.event("chat"))["body"] == "hello"
        sent = await couch.event("carbon:sent")
        assert sent["carbon"]["forward"]["message"]["body"] == "hello"
        found = await couch.call("searchHistory", {"with": "ann@localhost"})
        bodies = [result["item"]["message"]["body"] for result in found["results"]]
        assert bodies == ["hi", "hello"]


async def test_contacts_are_asked_for_and_then_seen(node: Node, artifacts: Path) -> None:
    await make_account(node, "ann")
    await make_account(node, "ben")
    async with AsyncExitStack() as stack:
        cast = Cast(node, artifacts / "clients.log", stack)
        ann = await cast.by_web("ann", "websocket")
        ben = await cast.by_web("ben", "bosh")
        await ann.call("subscribe", "ben@localhost")
        await ben.event("subscribe")
        await ben.call("acceptSubscription", "ann@localhost")
        seen = await ann.event("available", lambda value: value["from"].startswith("ben@"))
        assert seen["from"] == "ben@localhost/web"
        await ben.call("sendPresence", {"show": "away", "status": "at lunch"})
        away = await ann.event("available", lambda value: value.get("show") == "away")
        assert away["status"] == "at lunch"
        roster = await ann.call("getRoster")
        assert [(item["jid"], item["subscription"]) for item in roster["items"]] == [
            ("ben@localhost", "to")
        ]


async def test_rooms_are_the_same_over_each_transport(node: Node, artifacts: Path) -> None:
    await make_account(node, "ann")
    await make_account(node, "ben")
    async with AsyncExitStack() as stack:
        cast = Cast(node, artifacts / "clients.log", stack)
        ann = await cast.by_web("ann", "websocket")
        ben = await cast.by_web("ben", "bosh")
        room = "standup@rooms.localhost"
        await ann.call("joinRoom", room, "Ann")
        await ben.call("joinRoom", room, "Ben")
        await ann.event("muc:available", lambda value: value["from"] == f"{room}/Ben")
        await ben.call("sendMessage", {"to": room, "type": "groupchat", "body": "good morning"})
        for one in (ann, ben):
            said = await one.event("groupchat", lambda value: value.get("body") is not None)
            assert (said["from"], said["body"]) == (f"{room}/Ben", "good morning")
        await ann.call("setSubject", room, "the plan")
        await ben.event("muc:topic", lambda value: value["topic"] == "the plan")


async def test_a_wrong_password_opens_nothing(node: Node, artifacts: Path) -> None:
    await make_account(node, "ann")
    async with AsyncExitStack() as stack:
        cast = Cast(node, artifacts / "clients.log", stack)
        with pytest.raises(LibraryError, match="not-authorized"):
            await cast.by_tcp("ann", "tcp", "not the password")
