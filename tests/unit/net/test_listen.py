"""Addresses to listen on, and sockets bound to them."""

import socket

import pytest

from antiphon.net.listen import Listen, PortTaken, address_of, bind, loopback, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":8080", "", 8080),
        ("8080", "", 8080),
        (":0", "", 0),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("localhost:80", "127.0.0.1", 80),
        ("[::]:443", "::", 443),
        ("[fd00::1]:65535", "fd00::1", 65535),
    ],
)
def test_reads(text: str, host: str, port: int) -> None:
    assert parse_listen(text) == Listen(host, port)


@pytest.mark.parametrize(
    "text", ["", ":", "x", ":x", ":-1", ":65536", "::1:80", "[::1]", "a.example:80", ":٣", "[x]:1"]
)
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|IPv6"):
        parse_listen(text)


def test_writes_addresses_as_urls_do() -> None:
    assert str(Listen("::1", 80)) == "[::1]:80"
    assert str(Listen("127.0.0.1", 80)) == "127.0.0.1:80"


def test_loopback_listeners_share_a_free_port() -> None:
    opened = bind(Listen("", 0), loopback())
    try:
        ports = {one.getsockname()[1] for one in opened}
        assert len(ports) == 1
        assert 0 not in ports
        assert address_of(opened[0]) == f"127.0.0.1:{ports.pop()}"
    finally:
        for one in opened:
            one.close()


def test_everybody_means_both_families() -> None:
    (opened,) = bind(Listen("", 0))
    with opened:
        port = opened.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 2).close()
        if opened.family == socket.AF_INET6:
            socket.create_connection(("::1", port), 2).close()


def test_a_taken_port_is_said_so_and_nothing_stays_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}: Address already in use"):
            bind(Listen("", port), ("127.0.0.2", "127.0.0.1"))
        # The first of the two was bound, and must be free again.
        bind(Listen("127.0.0.2", port))[0].close()


def test_datagrams_and_streams_share_a_free_port_on_each_address() -> None:
    kinds = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    opened = bind(Listen("", 0), loopback(), kinds=kinds, apart=True)
    try:
        assert [one.type for one in opened] == list(kinds) * len(loopback())
        assert len({one.getsockname()[1] for one in opened}) == 1
        port = opened[0].getsockname()[1]
        with pytest.raises(PortTaken):
            bind(Listen("127.0.0.1", port), kinds=(socket.SOCK_DGRAM,))
    finally:
        for one in opened:
            one.close()


@pytest.mark.skipif(len(loopback()) < 2, reason="this machine has no IPv6")
def test_every_address_with_sockets_apart() -> None:
    opened = bind(Listen("", 0), apart=True)
    try:
        assert [one.getsockname()[0] for one in opened] == ["0.0.0.0", "::"]
        assert len({one.getsockname()[1] for one in opened}) == 1
    finally:
        for one in opened:
            one.close()
