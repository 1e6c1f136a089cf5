"""TLS of the stream engine, against OpenSSL: names, certificates of both sides, channel binding."""

import asyncio
import re
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from antiphon._native import Stanza, StreamClosed, Streams, StreamSecured

from .streaming import HEADER, STARTTLS, Recorder, certificate, serving, trusting


async def openssl(*arguments: str, sent: bytes = b"") -> str:
    """What `openssl s_client` prints."""
    process = await asyncio.create_subprocess_exec(
        "openssl",
        "s_client",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        out, _ = await process.communicate(sent)
    return out.decode(errors="replace")


async def secured(handler: Recorder, count: int = 1) -> StreamSecured:
    found = (await handler.wait("secured", count))[-1]
    assert isinstance(found, StreamSecured)
    return found


async def test_starttls_secures_a_stream(tmp_path: Path) -> None:
    pair, pem = certificate(tmp_path, "a.example")
    async with serving(chains={"": pem}) as server, server.dial() as (reader, writer):
        handler = server.handler
        handler.frees = False

        def answer(stream: int, stanza: Stanza) -> None:
            if stanza.name == "starttls":
                server.streams.send(stream, b"<proceed/>")
                server.streams.resume(stream, starttls=True)

        handler.on_item = answer
        writer.write(HEADER + STARTTLS)
        assert await reader.readexactly(10) == b"<proceed/>"
        await writer.start_tls(trusting(pair), server_hostname="a.example")
        writer.write(HEADER + b"<message/>")
        await handler.wait("received", 2)
        told = await secured(handler)
        assert (told.version, told.sni, told.alpn) == ("TLSv1.3", "a.example", None)
        assert told.cipher.startswith("TLS_")
        assert (told.chain, told.trusted) == ([], False)
        own = x509.load_pem_x509_certificate(pem[0])
        assert told.certificate is not None
        assert x509.load_der_x509_certificate(told.certificate) == own
        server.streams.send(handler.stream(), b"<iq/>")
        server.streams.close(handler.stream(), b"</stream:stream>")
        server.driver.touched()
        assert await reader.read() == b"<iq/></stream:stream>"


async def test_channel_binding_is_that_of_openssl(tmp_path: Path) -> None:
    _, pem = certificate(tmp_path, "a.example")
    async with serving(tls=True, chains={"": pem}) as server:
        out = await openssl(
            *("-connect", f"127.0.0.1:{server.port}", "-tls1_3"),
            *("-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"),
        )
        told = await secured(server.handler)
        assert told.exporter is not None
        found = re.search(r"Keying material: ([0-9A-F]{64})", out)
        assert found is not None
        assert found[1] == told.exporter.hex().upper()
        await openssl("-connect", f"127.0.0.1:{server.port}", "-tls1_2")
        told = await secured(server.handler, 2)
        assert (told.version, told.exporter) == ("TLSv1.2", None)


async def test_old_versions_and_what_is_no_tls_are_refused(tmp_path: Path) -> None:
    _, pem = certificate(tmp_path, "a.example")
    async with serving(tls=True, chains={"": pem}, handshake_time=1.5) as server:
        out = await openssl("-connect", f"127.0.0.1:{server.port}", "-tls1_1")
        assert "Cipher is (NONE)" in out
        async with server.dial() as (reader, writer):
            writer.write(HEADER)
            await reader.read()
        async with server.dial() as (reader, _):
            assert await reader.read() == b""
        closed = await server.handler.wait("closed", 3)
        reasons = [one.reason for one in closed if isinstance(one, StreamClosed)]
        assert sorted(reasons[1:]) == ["handshake_time", "tls"]
        assert server.streams.counters()["handshake_times"] == 1


async def test_the_name_asked_for_chooses_the_certificate(tmp_path: Path) -> None:
    chains = {}
    for name in ("", "a.example", "*.b.example"):
        _, chains[name] = certificate(tmp_path / f"_{name}", name or "other.example")
    async with serving(tls=True, chains=chains) as server:
        for name, subject in (
            ("a.example", "a.example"),
            ("A.EXAMPLE", "a.example"),
            ("x.b.example", "*.b.example"),
            ("b.example", "other.example"),
        ):
            out = await openssl("-connect", f"127.0.0.1:{server.port}", "-servername", name)
            assert f"CN = Antiphon on {subject}" in out or f"CN=Antiphon on {subject}" in out


async def test_a_new_certificate_is_for_new_connections(tmp_path: Path) -> None:
    former, pem = certificate(tmp_path / "1", "a.example")
    latter, other = certificate(tmp_path / "2", "a.example")
    async with serving(tls=True, chains={"": pem}) as server:
        async with server.dial(trusting(former), "a.example") as (reader, writer):
            server.streams.identities({"": other})
            async with server.dial(trusting(latter), "a.example"):
                pass
            with pytest.raises(ssl.SSLCertVerificationError):
                async with server.dial(trusting(former), "a.example"):
                    pass
            writer.write(HEADER)
            await server.handler.wait("opened")
            server.streams.send(server.handler.stream(), b"<iq/>")
            server.driver.touched()
            assert await reader.readexactly(5) == b"<iq/>"
        with pytest.raises(ValueError, match="key"):
            server.streams.identities({"": (pem[0], other[1])})
        with pytest.raises(ValueError, match="certificate"):
            server.streams.identities({"": (b"", pem[1])})
        async with server.dial(trusting(latter), "a.example"):
            pass


async def test_certificates_of_clients_are_handed_up(tmp_path: Path) -> None:
    pair, pem = certificate(tmp_path / "server", "a.example")
    mine, own = certificate(tmp_path / "client", "romeo.example")
    context = trusting(pair)
    context.load_cert_chain(mine.certificate, mine.key)
    async with serving(tls=True, ask=True, alpn=("xmpp-client",), chains={"": pem}) as server:
        context.set_alpn_protocols(["http/1.1", "xmpp-client"])
        async with server.dial(context, "a.example") as (_, writer):
            writer.write(HEADER)
            told = await secured(server.handler)
        assert told.alpn == "xmpp-client"
        (chain,) = told.chain
        assert x509.load_der_x509_certificate(chain) == x509.load_pem_x509_certificate(own[0])
        assert not told.trusted
        async with server.dial(trusting(pair), "a.example") as (_, writer):
            writer.write(HEADER)
            assert (await secured(server.handler, 2)).chain == []
        context.set_alpn_protocols(["http/1.1"])
        with pytest.raises(ssl.SSLError):
            async with server.dial(context, "a.example"):
                pass


async def test_connections_that_we_make_judge_the_server(tmp_path: Path) -> None:
    _, pem = certificate(tmp_path, "a.example")
    async with serving(tls=True, chains={"": pem}) as server:
        for roots, name, trusted in (
            (None, "a.example", False),
            (pem[0], "a.example", True),
            (pem[0], "b.example", False),
        ):
            if roots is not None:
                server.streams.trust(roots)
            handler = Recorder(server.streams)
            with socket.create_connection(("127.0.0.1", server.port)) as opened:
                stream = server.driver.connect(
                    opened, Streams.XMPP, handler, tls=True, server_name=name
                )
                server.driver.touched()
                told = await secured(handler)
                assert (told.trusted, len(told.chain)) == (trusted, 1)
                server.streams.send(stream, HEADER)
                server.driver.touched()
                server.streams.abort(stream)
                await handler.wait("closed")


async def test_a_storm_of_handshakes_leaves_room_for_others(tmp_path: Path) -> None:
    pair, pem = certificate(tmp_path, "a.example")
    async with serving(tls=True, chains={"": pem}) as server:
        context = trusting(pair)

        async def one() -> None:
            async with server.dial(context, "a.example") as (_, writer):
                writer.write(HEADER + b"<message/>")
                await writer.drain()

        async with server.dial(context, "a.example") as (_, calm):
            calm.write(HEADER)
            await server.handler.wait("opened")
            storm = asyncio.gather(*(one() for _ in range(60)))
            calm.write(b"<iq/>")
            await server.handler.wait("received", stream=server.handler.stream())
            await storm
        assert server.streams.counters()["handshakes"] == 61
