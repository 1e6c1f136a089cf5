"""The stream engine with real sockets: framing in steps, limits, back-pressure, ends."""

import asyncio
import socket
import time

import pytest

from antiphon._native import Group, Kept, Stanza, StreamClosed, Streams

from .streaming import HEADER, STARTTLS, Recorder, Serving, serving

AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>x</auth>"
END = b"</stream:stream>"


def names(handler: Recorder) -> list[str]:
    return [name for name, _, _ in handler.told]


async def test_one_element_comes_before_it_is_let_free() -> None:
    async with serving() as server, server.dial() as (reader, writer):
        handler = server.handler
        handler.frees = False
        for byte in HEADER + AUTH + b"<message id='1'/>  <iq id='2'/>":
            writer.write(bytes([byte]))
            await writer.drain()
        (auth,) = await handler.wait("received")
        assert isinstance(auth, Stanza)
        assert (auth.name, auth.get("mechanism"), auth.text()) == ("auth", "PLAIN", "x")
        await asyncio.sleep(0.05)
        assert names(handler) == ["accepted", "opened", "received"]
        stream = handler.stream()
        server.streams.resume(stream)
        await handler.wait("received", 2)
        await asyncio.sleep(0.05)
        assert len(handler.told) == 4
        server.streams.resume(stream, free=True)
        await handler.wait("received", 3)
        server.streams.send(stream, b"<iq id='2'/>")
        server.streams.close(stream, END)
        server.driver.touched()
        assert await reader.read() == b"<iq id='2'/>" + END
        writer.close()
        (closed,) = await handler.wait("closed")
        assert isinstance(closed, StreamClosed)
        assert (closed.reason, closed.sent) == ("closed", 28)


async def test_a_stream_begins_anew_after_authentication() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler = server.handler
        handler.frees = False
        handler.on_item = lambda stream, stanza: server.streams.resume(
            stream, restart=stanza.name == "auth", free=stanza.name == "auth"
        )
        writer.write(HEADER + AUTH + HEADER + b"<message/><presence/>" + END)
        await handler.wait("ended")
        assert names(handler) == [
            "accepted", "opened", "received", "opened", "received", "received", "ended",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (b"<message></presence>", "not-well-formed"),
        (b"<!DOCTYPE x>", "restricted-xml"),
        (b"<x:y/>", "bad-namespace-prefix"),
        (b"<message>\xff</message>", "unsupported-encoding"),
        (b"<message>" + b"x" * 70_000, "policy-violation"),
        (b"<a>" * 70, "policy-violation"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_its_error(sent: bytes, condition: str) -> None:
    async with serving() as server:
        async with server.dial() as (reader, writer):
            writer.write(HEADER + sent)
            error = f"<stream:error><{condition}/></stream:error></stream:stream>"
            assert await reader.read() == error.encode()
        assert await server.handler.wait("failed") == [condition]
        await server.handler.wait("closed")
        async with server.dial() as (_, writer):
            writer.write(HEADER + b"<message/>")
            await server.handler.wait("received")


async def test_the_time_to_log_in_is_limited() -> None:
    async with serving(login_time=0.2) as server, server.dial() as (reader, writer):
        server.handler.frees = False
        writer.write(HEADER)
        assert b"<connection-timeout/>" in await reader.read()
        assert server.streams.counters()["login_times"] == 1


async def test_whoever_is_free_may_be_silent() -> None:
    async with serving(login_time=1.5) as server, server.dial() as (_, writer):
        writer.write(HEADER)
        await server.handler.wait("opened")
        await asyncio.sleep(1.7)
        assert server.streams.idle(server.handler.stream()) > 1.6
        writer.write(b"<message/>")
        await server.handler.wait("received")


async def test_starttls_drops_what_was_smuggled_in() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler = server.handler
        handler.frees = False
        writer.write(HEADER + STARTTLS + HEADER + b"<message/>")
        await handler.wait("received")
        server.streams.resume(handler.stream(), starttls=True)
        await asyncio.sleep(0.05)
        assert names(handler) == ["accepted", "opened", "received"]
        assert server.streams.counters()["injected"] == 1


async def test_others_are_served_beside_one_that_floods() -> None:
    async with (
        serving() as server,
        server.dial() as (_, greedy),
        server.dial() as (_, modest),
    ):
        handler = server.handler
        modest.write(HEADER)
        await handler.wait("opened")
        greedy.write(HEADER + b"<message/>" * 100_000)
        while len(handler.told) < 200:
            await asyncio.sleep(0)
        at = len(handler.told)
        modest.write(b"<presence/>")
        stream = handler.stream(1)
        await handler.wait("received", stream=stream)
        between = sum(1 for _, whose, _ in handler.told[at:] if whose != stream)
        assert between < 500


async def test_whoever_sends_too_fast_is_slowed_down() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler = server.handler
        writer.write(HEADER)
        await handler.wait("opened")
        server.streams.limits(handler.stream(), elements_per_s=50)
        start = time.monotonic()
        writer.write(b"<message/>" * 120)
        await handler.wait("received", 120)
        assert time.monotonic() - start > 0.3  # a burst of two seconds' worth, and 20 more
        assert server.streams.counters()["throttled"] > 0


async def test_bytes_have_a_rate_too() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler = server.handler
        writer.write(HEADER)
        await handler.wait("opened")
        server.streams.limits(handler.stream(), bytes_per_s=50_000)
        start = time.monotonic()
        writer.write(b"<message>%s</message>" % (b"x" * 981) * 120)
        await handler.wait("received", 120)
        assert time.monotonic() - start > 0.2


async def fill(server: Serving, writer: asyncio.StreamWriter) -> int:
    """A stream whose peer was sent more than it reads; its number."""
    handler = server.handler
    writer.write(HEADER)
    await handler.wait("opened")
    stream = handler.stream()
    server.streams.limits(stream, outbox=20_000_000)
    for _ in range(16):
        server.streams.send(stream, b"<message>%s</message>" % (b"x" * 1_000_000))
    server.driver.touched()
    await handler.wait("full")
    return stream


async def test_one_who_does_not_read_is_told_of_and_dropped() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler, stream = server.handler, await fill(server, writer)
        assert server.streams.buffered(stream) > 1_000_000
        for _ in range(10):
            server.streams.send(stream, b"<message>%s</message>" % (b"x" * 1_000_000))
        server.driver.touched()
        (closed,) = await handler.wait("closed")
        assert isinstance(closed, StreamClosed)
        assert closed.reason == "outbox"
        assert server.streams.counters()["not_reading"] == 1


async def test_one_who_reads_again_is_told_of() -> None:
    async with serving() as server, server.dial() as (reader, writer):
        handler, stream = server.handler, await fill(server, writer)
        received = 0
        while received < 16 * 1_000_019:
            received += len(await reader.read(1 << 20))
        await handler.wait("drained")
        assert server.streams.buffered(stream) == 0


async def test_a_paused_stream_is_not_read() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler = server.handler
        writer.write(HEADER + b"<presence/>")
        await handler.wait("received")
        server.streams.pause(handler.stream())
        writer.write(b"<message/>" * 3)
        await asyncio.sleep(0.05)
        assert len(handler.told) == 3
        server.streams.pause(handler.stream(), False)
        await handler.wait("received", 4)


async def test_what_was_sent_before_the_end_is_told_before_it() -> None:
    async with serving() as server:
        async with server.dial() as (_, writer):
            writer.write(HEADER + b"<message/>" * 1000)
        await server.handler.wait("closed")
        assert names(server.handler).count("received") == 1000
        assert names(server.handler)[-1] == "closed"


async def test_last_words_reach_a_peer_that_is_still_sending() -> None:
    async with serving() as server, server.dial() as (reader, writer):
        writer.write(HEADER + b"<message/>" * 10)
        await server.handler.wait("opened")
        writer.write(b"<message/>" * 10_000)
        server.streams.close(server.handler.stream(), END)
        server.driver.touched()
        assert (await reader.read()).endswith(END)


async def test_all_of_the_rest_is_sent_to_one_who_reads_slowly() -> None:
    async with serving() as server, server.dial() as (reader, writer):
        writer.write(HEADER)
        await server.handler.wait("opened")
        stream = server.handler.stream()
        server.streams.limits(stream, outbox=50_000_000)
        message = b"<message>%s</message>" % (b"x" * 20_000_000)
        server.streams.send(stream, message)
        server.streams.close(stream, END)
        server.driver.touched()
        await asyncio.sleep(0.2)
        assert "closed" not in names(server.handler)
        assert await reader.readexactly(len(message) + len(END)) == message + END
        assert await reader.read() == b""


async def test_groups_get_it_with_their_own_addresses() -> None:
    async with serving() as server:
        handler = server.handler
        async with server.dial() as (first, one), server.dial() as (second, two):
            one.write(HEADER)
            two.write(HEADER)
            await handler.wait("opened", 2)
            streams = [handler.stream(0), handler.stream(1)]
            server.streams.name(streams[0], "a@x/it's")
            server.streams.name(streams[1], "b@x/<1>")
            stanza = Stanza(b"<message to='room@x' from='evil'><body>hi</body></message>")
            group = Group([*streams, 12345])
            server.streams.forward(group, stanza, "room@x/me", extra=b"<x/>")
            server.streams.send(group, b"<presence/>", addressed=True)
            server.streams.forward(streams[0], stanza, "me@x")
            server.driver.touched()
            body = b" from='room@x/me'><body>hi</body><x/></message>"
            expected = b"<message to='a@x/it&apos;s'" + body + b"<presence to='a@x/it&apos;s'/>"
            expected += b"<message from='me@x' to='room@x'><body>hi</body></message>"
            assert await first.readexactly(len(expected)) == expected
            expected = b"<message to='b@x/&lt;1&gt;'" + body + b"<presence to='b@x/&lt;1&gt;'/>"
            assert await second.readexactly(len(expected)) == expected


async def test_what_is_not_acknowledged_moves_to_another_connection() -> None:
    enable = b"<enable xmlns='urn:xmpp:sm:3'/>"
    async with serving() as server:
        handler, kept = server.handler, Kept()

        def answer(stream: int, stanza: Stanza) -> None:
            if stanza.name == "enable":
                server.streams.keep(stream, kept)
                server.streams.resume(stream)

        handler.on_item = answer
        async with server.dial() as (reader, writer):
            writer.write(HEADER + b"<message/>" + enable)
            writer.write(b"<message/><iq/><r xmlns='urn:xmpp:sm:3'/><presence/>")
            items = [one for one in await handler.wait("received", 6) if isinstance(one, Stanza)]
            assert [one.ordinal for one in items] == [0, 0, 1, 2, 2, 3]
            assert kept.received == 3
            stream = handler.stream()
            for at in range(3):
                server.streams.send(stream, b"<message id='%d'/>" % at)
                server.streams.send(stream, b"<r xmlns='urn:xmpp:sm:3'/>")
            server.driver.touched()
            await reader.readuntil(b"id='2'/>")
        await handler.wait("closed")
        assert kept.acked(1)
        assert not kept.acked(4)
        assert kept.add(b"<message id='3'/>")
        waiting = kept.unacked()
        assert (len(waiting), kept.sent) == (3, 4)
        assert waiting[0] == b"<message xmlns='jabber:client' id='1'/>"
        async with server.dial() as (reader, writer):
            writer.write(HEADER)
            await handler.wait("opened", 2)
            stream = handler.stream(1)
            for stanza in waiting:
                server.streams.send(stream, stanza)
            server.streams.keep(stream, kept)
            server.streams.send(stream, b"<message id='4'/>")
            server.driver.touched()
            await reader.readuntil(b"id='4'/>")
            assert kept.acked(5)
            assert len(kept) == 0


async def test_one_who_never_acknowledges_is_dropped_and_nothing_is_lost() -> None:
    async with serving() as server, server.dial() as (_, writer):
        handler, kept = server.handler, Kept(stanzas=3)
        writer.write(HEADER)
        await handler.wait("opened")
        server.streams.keep(handler.stream(), kept)
        for _ in range(4):
            server.streams.send(handler.stream(), b"<message/>")
        server.driver.touched()
        (closed,) = await handler.wait("closed")
        assert isinstance(closed, StreamClosed)
        assert closed.reason == "unacknowledged"
        assert len(kept.unacked()) == 4
        assert not kept.add(b"<message/>")


async def test_connections_that_we_make_are_streams_too() -> None:
    async with serving() as server:
        driver, handler = server.driver, Recorder(server.streams)
        with socket.create_connection(("127.0.0.1", server.port)) as opened:
            stream = driver.connect(opened, Streams.XMPP, handler)
        server.streams.send(stream, HEADER)
        server.streams.send(stream, b"<message id='1'/>")
        driver.touched()
        await server.handler.wait("received")
        server.streams.send(server.handler.stream(), HEADER)
        server.streams.send(server.handler.stream(), b"<iq/>")
        server.streams.send(server.handler.stream(), b"<presence/>")
        driver.touched()
        await handler.wait("received", 2)
        assert names(handler) == ["opened", "received", "received"]
        server.streams.close(server.handler.stream(), END)
        driver.touched()
        await handler.wait("ended")
        server.streams.close(stream, END)
        driver.touched()
        await handler.wait("closed")


async def test_many_come_and_go() -> None:
    async with serving() as server:

        async def one(at: int) -> None:
            async with server.dial() as (_, writer):
                writer.write(HEADER + b"<message/>" * (at % 7))
                await writer.drain()
                if at % 3 == 0:
                    writer.transport.abort()

        for _ in range(4):
            await asyncio.gather(*(one(at) for at in range(50)))
        await server.handler.wait("closed", 200)
        counters = server.streams.counters()
        assert (counters["open"], counters["accepted"]) == (0, 200)
        assert server.driver.errors == 0


async def test_a_handler_that_fails_harms_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server:

        def fail(stream: int, stanza: Stanza) -> None:
            if stanza.kind == Stanza.IQ:
                raise ZeroDivisionError

        server.handler.on_item = fail
        async with server.dial() as (first, one), server.dial() as (_, two):
            one.write(HEADER + b"<iq/>")
            assert await first.read() == b""
            two.write(HEADER + b"<message/>")
            await server.handler.wait("received", 2)
        assert server.driver.errors == 1
        assert "ZeroDivisionError" in caplog.text
