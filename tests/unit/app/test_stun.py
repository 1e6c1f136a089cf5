"""The ICE check of the doctor, against the published vectors and a hand-made agent."""

import asyncio
import struct
from typing import cast

import pytest

from antiphon.app import stun

# RFC 5769 §2.2: Binding success response over IPv4, with its password and transaction.
PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147"
    "e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)


def test_the_published_response_is_accepted() -> None:
    assert stun.is_success(RESPONSE, TRANSACTION, PASSWORD)


@pytest.mark.parametrize("position", range(len(RESPONSE) - 8))
def test_every_changed_byte_is_noticed(position: int) -> None:
    changed = bytearray(RESPONSE)
    changed[position] ^= 1
    assert not stun.is_success(bytes(changed), TRANSACTION, PASSWORD)


def test_others_are_not_believed() -> None:
    assert not stun.is_success(RESPONSE, TRANSACTION, "another")
    assert not stun.is_success(RESPONSE, bytes(12), PASSWORD)
    for length in range(len(RESPONSE)):
        assert not stun.is_success(RESPONSE[:length], TRANSACTION, PASSWORD)


def test_a_request_is_signed_as_a_response_is() -> None:
    """Turned into a response, our own request passes the check that the vector passes."""
    ours, theirs = stun.make_credentials(), stun.make_credentials()
    request = stun.binding_request(ours, theirs, TRANSACTION)
    kind, length, magic, transaction = stun.HEADER.unpack_from(request)
    assert (kind, magic, transaction) == (stun.BINDING_REQUEST, stun.MAGIC, TRANSACTION)
    assert length == len(request) - 20
    assert f"{theirs.fragment}:{ours.fragment}".encode() in request
    assert not stun.is_success(request, TRANSACTION, theirs.password)


def test_reads_an_answer() -> None:
    sdp = (
        "v=0\r\na=ice-lite\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host\r\n"
        "a=candidate:1 1 UDP 2130706431 192.0.2.1 7882 typ host\r\n"
        "a=candidate:2 1 udp 2130706431 fd00::1 7882 typ host\r\n"
        "a=candidate:3 1 tcp 2130706431 192.0.2.1 9 typ host\r\n"
    )
    theirs, candidates = stun.read_answer(sdp)
    assert theirs == stun.Credentials("abcd", "0123456789")
    assert candidates == [("192.0.2.1", 7882), ("fd00::1", 7882)]
    with pytest.raises(ValueError, match="no ICE credentials"):
        stun.read_answer("v=0\r\n")


class Agent(asyncio.DatagramProtocol):
    """Answers with garbage first, and then with the published response for our transaction."""

    def __init__(self, garbage: int) -> None:
        self.garbage = garbage
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self.transport is not None
        if self.garbage > 0:
            self.garbage -= 1
            self.transport.sendto(b"\x01\x01" + data[2:], address)
        else:
            self.transport.sendto(RESPONSE, address)


@pytest.mark.parametrize(("garbage", "alive"), [(0, True), (1, True), (99, False)])
async def test_asks_until_it_is_answered(
    garbage: int, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda count: TRANSACTION[:count])
    agent = Agent(garbage)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: agent, ("127.0.0.1", 0))
    try:
        address = transport.get_extra_info("sockname")
        theirs = stun.Credentials("them", PASSWORD)
        assert (
            await stun.answers(address, stun.make_credentials(), theirs, 15.0 if alive else 0.6)
            == alive
        )
    finally:
        transport.close()


async def test_a_closed_port_does_not_answer() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    address = transport.get_extra_info("sockname")
    transport.close()
    await asyncio.sleep(0.05)
    ours = stun.make_credentials()
    assert not await stun.answers(address, ours, ours, 0.3)
    assert struct.calcsize("!HHI12s") == stun.HEADER.size == 20
