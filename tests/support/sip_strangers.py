"""A node among strangers: how tests start it, what they send, and what must be true at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest_asyncio

from tests.support.figures import figures
from tests.support.node import Node, run_node
from tests.support.sip_client import client, register, status
from tests.support.telephony import PASSWORD

SEED = 3261
STRANGER, SCANNER, FLOODER = "127.0.0.66", "127.0.0.67", "127.0.0.68"
UNLIMITED = {
    "ANTIPHON_LIMITS_SIP_RATE": "1000000",
    "ANTIPHON_LIMITS_SIP_BURST": "1000000",
}
NO_GUESTS = {"ANTIPHON_AUTH_GUESTS": "false"}

Start = Callable[..., Awaitable[Node]]

# Headers and body of requests by method.
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0\r\n"
)
METHODS = {
    "INVITE": ("Content-Type: application/sdp", SDP),
    "REGISTER": ("Expires: 60", ""),
    "OPTIONS": ("Accept: application/sdp", ""),
    "MESSAGE": ("Content-Type: text/plain", "hello"),
    "SUBSCRIBE": ("Event: presence\r\nExpires: 60", ""),
    "PUBLISH": ("Event: presence\r\nContent-Type: application/pidf+xml", "<presence/>"),
    "REFER": ("Refer-To: <sip:ben@localhost?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", ""),
    "PRACK": ("RAck: 1 1 INVITE", ""),
    "CANCEL": ("Reason: SIP;cause=200", ""),
    "BYE": ("Session-Expires: 90", ""),
    "UPDATE": ("Content-Type: application/sdp", SDP),
    "NOTIFY": ("Event: refer\r\nSubscription-State: active", ""),
    "X-UNKNOWN": ("Require: x-unknown", ""),
}


@pytest_asyncio.fixture
async def start(tmp_path: Path, artifacts: Path) -> AsyncIterator[Start]:
    """Starts the node of a test, which must have met no surprise when it ends."""
    data, log = tmp_path / "data", artifacts / "node.log"
    data.mkdir()
    log.unlink(missing_ok=True)
    async with AsyncExitStack() as stack:

        async def begin(*environments: Mapping[str, str]) -> Node:
            merged = {key: value for one in environments for key, value in one.items()}
            return await stack.enter_async_context(run_node(data, log, environment=merged))

        yield begin
    text = log.read_text(errors="replace")
    assert "Traceback" not in text, text[text.index("Traceback") - 500 :][:3000]


def server(node: Node) -> tuple[str, int]:
    return "127.0.0.1", node.port("sip")


async def unharmed(node: Node) -> None:
    """A telephone registers with the node, and none of its parts has failed."""
    async with client(server(node)) as phone:
        answer = await phone.prove(register("ann", f"sip:ann@{phone.local}"), "ann", PASSWORD)
        assert status(answer) == 200, answer
    found = await figures(node, "antiphon_sip_")
    failed = {name: n for name, n in found.items() if "_failure_" in name or "_panics" in name}
    assert not {name: count for name, count in failed.items() if count}


@asynccontextmanager
async def stream(
    node: Node, host: str = STRANGER
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection from an address of loopback."""
    reader, writer = await asyncio.open_connection(*server(node), local_addr=(host, 0))
    try:
        yield reader, writer
    finally:
        writer.close()
