"""Garbage, and messages that are too large, too slow or too many, by UDP, TCP and WebSocket: the
node lives on, says no, counts it, and serves its telephones.
"""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.figures import figures, sip_figure
from tests.support.sip_client import (
    DOMAIN,
    Client,
    client,
    header,
    message,
    renewed,
    status,
    with_credentials,
)
from tests.support.sip_strangers import (
    METHODS,
    NO_GUESTS,
    SCANNER,
    SEED,
    STRANGER,
    UNLIMITED,
    Start,
    server,
    start,
    stream,
    unharmed,
)
from tests.support.telephony import PASSWORD, make_account
from tests.support.wait import until

__all__ = ["start"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# garbage


def honest(method: str, *lines: str, via: str, transport: str = "UDP") -> bytes:
    """A request of that method with all that is usual."""
    more, body = METHODS[method]
    # Into a room: the node itself takes the call, and reads the description.
    uris = {"REGISTER": f"sip:{DOMAIN}", "INVITE": f"sip:hall@rooms.{DOMAIN}"}
    uri = uris.get(method, f"sip:ben@{DOMAIN}")
    contact = f'Contact: "Ann" <sip:ann@{via};ob>;q=0.5;+sip.instance="<urn:uuid:1>";reg-id=1'
    common = [
        contact,
        "Supported: 100rel, timer, path, outbound, gruu",
        "Route: <sip:localhost;lr>",
    ]
    to = f"<sip:ann@{DOMAIN}>" if method == "REGISTER" else ""
    return message(
        method, uri, *common, *more.split("\r\n"), *lines, to=to, via=via, body=body,
        transport=transport,
    )  # fmt: skip


def mutated(text: bytes, chance: random.Random) -> bytes:
    """The message with a few things wrong, now and then its beginning, too."""
    lines = text.split(b"\r\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        line = lines[at]
        match chance.randrange(7):
            case 0:
                lines[at] = b""
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2:
                lines[at] = line[: chance.randrange(len(line) + 1)]
            case 3:
                lines[at] = line + chance.choice([b",", b";", b"<", b'"', b"\\", b"%", b"\x00"])
            case 4:
                digits = chance.choice([b"0", b"-1", b"4294967296", b"9" * 40, b"a"])
                lines[at] = re.sub(rb"\d+", digits, line, count=1)
            case 5:
                lines[at] = line.replace(b" ", chance.choice([b"", b"\t", b"\r\n ", b"  "]), 1)
            case _:
                letters = bytearray(line)
                for _ in range(3):
                    letters.insert(chance.randrange(len(letters) + 1), chance.randrange(256))
                lines[at] = bytes(letters)
    return b"\r\n".join(lines)


def noise(chance: random.Random) -> Iterator[bytes]:
    """What is no SIP at all."""
    yield from (b"", b"\0", b"\r\n", b"\r\n\r\n", b" \r\n\r\n", bytes(65_507), b"\xff" * 1400)
    yield from (b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(400)
    for _ in range(200):
        yield chance.randbytes(chance.randrange(1, 1400))


async def authorized(phone: Client, count: int, chance: random.Random) -> AsyncIterator[bytes]:
    """Broken requests with credentials that are right: what is behind the door meets them, too."""
    challenges = {
        method: await phone.ask(honest(method, via=phone.local))
        for method in METHODS
        if method not in ("CANCEL", "X-UNKNOWN")
    }
    wanted = {name: text for name, text in challenges.items() if status(text) in (401, 407)}
    assert {"INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE", "PUBLISH"} <= wanted.keys()
    for number in range(1, count):
        method = chance.choice(list(wanted))
        request = honest(method, via=phone.local)
        proven = with_credentials(request, wanted[method], "ann", PASSWORD, count=number)
        yield mutated(proven, chance)


async def test_garbage_in_datagrams(start: Start) -> None:
    node = await start(UNLIMITED, NO_GUESTS)
    await make_account(node, "ann")
    await make_account(node, "ben")
    chance = random.Random(SEED)
    async with client(server(node), STRANGER) as stranger:
        for number, datagram in enumerate(noise(chance)):
            stranger.send(datagram)
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        for number in range(1500):
            request = honest(chance.choice(list(METHODS)), via=stranger.local)
            stranger.send(mutated(request, chance))
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        number = 0
        async for request in authorized(stranger, 1000, chance):
            stranger.send(request)
            if (number := number + 1) % 25 == 0:
                await asyncio.sleep(0.01)
    await unharmed(node)
    assert await sip_figure(node, "machine_unreadable_total") > 100
    assert await sip_figure(node, "machine_malformed_total") > 200


async def test_garbage_in_streams(start: Start) -> None:
    node = await start(UNLIMITED, NO_GUESTS, {"ANTIPHON_LIMITS_SIP_MESSAGE_TIMEOUT": "1"})
    await make_account(node, "ann")
    chance = random.Random(SEED)
    pieces = list(noise(chance))[:40]
    pieces += [
        mutated(honest(method, via="127.0.0.1:9", transport="TCP"), chance)
        for method in METHODS
        for _ in range(20)
    ]

    async def play(piece: bytes) -> None:
        """It is answered, or ends the connection: nobody may stay for ever."""
        async with stream(node) as (reader, writer):
            writer.write(piece)
            writer.write_eof()
            async with asyncio.timeout(20):
                try:
                    await reader.read()
                except ConnectionError:
                    return

    for first in range(0, len(pieces), 20):
        await asyncio.gather(*(play(piece) for piece in pieces[first : first + 20]))
    await until("no connection is left", lambda: sip_figure(node, "connections"), lambda n: n == 0)
    assert await sip_figure(node, "flow_broken_total") > 10
    await unharmed(node)


async def test_garbage_in_a_websocket(start: Start) -> None:
    node = await start(UNLIMITED, NO_GUESTS)
    await make_account(node, "ann")
    chance = random.Random(SEED)
    url = node.url.replace("http", "ws", 1) + "/sip"
    sip = [Subprotocol("sip")]
    async with connect(url, subprotocols=sip) as socket:
        for piece in [*noise(chance)][:60]:
            await socket.send(piece if len(piece) < 60_000 else piece[:60_000])
        for number in range(300):
            text = mutated(
                honest(chance.choice(list(METHODS)), via="a.invalid", transport="WS"), chance
            )
            await socket.send(text)
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        # The same connection still serves who speaks well.
        request = honest("REGISTER", via="a.invalid", transport="WS")
        await socket.send(request.decode())
        async with asyncio.timeout(20):
            while True:
                answer = await socket.recv()
                answer = answer.encode() if isinstance(answer, str) else answer
                if header(answer, "Call-ID") == header(request, "Call-ID"):
                    break
        assert status(answer) == 401
        with contextlib.suppress(ConnectionClosed):
            await socket.send("OPTIONS sip:localhost SIP/2.0\r\nX: " + "x" * (1 << 20))
        await asyncio.wait_for(socket.wait_closed(), 20)
        assert socket.close_code == 1009
    await unharmed(node)


# sizes and times


async def test_what_is_too_large(start: Start) -> None:
    node = await start(UNLIMITED, NO_GUESTS)
    await make_account(node, "ann")
    many = [f"X-{number}: y" for number in range(1000)]
    long = "X-Long: " + "x" * 100_000
    before = await sip_figure(node, "machine_unreadable_total")
    async with client(server(node), STRANGER) as stranger:
        stranger.send(message("OPTIONS", f"sip:{DOMAIN}", *many, via=stranger.local))
        await until(
            "it is counted",
            lambda: sip_figure(node, "machine_unreadable_total"),
            lambda count: count > before,
        )
        # Large but allowed: what is asked is answered all the same.
        large = message("OPTIONS", f"sip:{DOMAIN}", "X-Long: " + "x" * 50_000, via=stranger.local)
        assert status(await stranger.ask(large)) == 200
    lies = [
        message("OPTIONS", f"sip:{DOMAIN}", long, transport="TCP"),
        b"OPTIONS sip:localhost SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"OPTIONS sip:localhost SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
        b"OPTIONS sip:localhost SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"x" * 200_000,
    ]
    for lie in lies:
        async with stream(node) as (reader, writer), asyncio.timeout(20):
            writer.write(lie)
            try:
                await reader.read()  # it is closed
            except ConnectionError:
                continue
    assert await sip_figure(node, "flow_broken_total") == len(lies)
    await unharmed(node)


async def test_slow_streams_end(start: Start) -> None:
    node = await start(NO_GUESTS, {"ANTIPHON_LIMITS_SIP_MESSAGE_TIMEOUT": "1"})
    await make_account(node, "ann")
    whole = message("OPTIONS", f"sip:{DOMAIN}", transport="TCP")

    async def drip(start: bytes) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with stream(node) as (reader, writer), asyncio.timeout(60):
            writer.write(start)
            closed = asyncio.create_task(_until_closed(reader))
            while not closed.done():
                writer.write(b"a")
                await asyncio.wait([closed], timeout=0.1)
        return loop.time() - began

    starts = [b"OPTIONS sip:localhost SIP/2.0\r\nX: ", b"O"]
    # A whole message with the beginning of another, and a body that does not come.
    starts += [whole + b"OPTIONS ", whole.replace(b"Content-Length: 0", b"Content-Length: 9999")]
    times = await asyncio.gather(*(drip(start) for start in starts for _ in range(5)))
    assert max(times) < 20
    assert await sip_figure(node, "flow_slow_total") == len(times)
    await unharmed(node)


async def test_half_a_message_after_a_whole_one_is_not_waited_for(start: Start) -> None:
    node = await start(NO_GUESTS, {"ANTIPHON_LIMITS_SIP_MESSAGE_TIMEOUT": "1"})
    await make_account(node, "ann")
    async with stream(node) as (reader, writer), asyncio.timeout(20):
        writer.write(message("OPTIONS", f"sip:{DOMAIN}", transport="TCP") + b"OPTIONS sip:a")
        assert status(await reader.read(4096)) == 200
        await _until_closed(reader)
    await unharmed(node)


async def _until_closed(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        return


async def test_connections_of_one_address_are_limited(start: Start) -> None:
    places = 20
    node = await start(NO_GUESTS, {"ANTIPHON_LIMITS_CONNECTIONS_PER_ADDRESS": str(places)})
    await make_account(node, "ann")
    request = message("OPTIONS", f"sip:{DOMAIN}", transport="TCP")
    async with AsyncExitStack() as stack:
        answered = 0
        for _ in range(places + 10):
            reader, writer = await stack.enter_async_context(stream(node))
            try:
                writer.write(renewed(request))
                async with asyncio.timeout(20):
                    answered += status(await reader.read(4096)) == 200
            except ConnectionError:
                continue
        assert answered == places
        async with stream(node, SCANNER) as (reader, writer), asyncio.timeout(20):
            writer.write(renewed(request))
            assert status(await reader.read(4096)) == 200
        refused = await figures(node)
        assert any("refused" in name and value >= 10 for name, value in refused.items())
    await unharmed(node)
