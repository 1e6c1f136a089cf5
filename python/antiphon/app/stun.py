"""Asks a media port for life as a browser's ICE agent does: one authenticated STUN Binding request.

An ICE-lite server answers only whoever it has exchanged credentials with, so an offer and its
answer come first.
"""

import asyncio
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass

# RFC 8489 §5 and §14, RFC 8445 §16.1
MAGIC = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
USERNAME, MESSAGE_INTEGRITY, PRIORITY, FINGERPRINT = 0x0006, 0x0008, 0x0024, 0x8028
ICE_CONTROLLING = 0x802A
FINGERPRINT_XOR = 0x5354554E
HEADER = struct.Struct("!HHI12s")
# RFC 8445 §5.1.2.1: a peer-reflexive candidate of component 1.
PEER_REFLEXIVE = (110 << 24) | (65535 << 8) | 255

TRIES = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """ICE user name fragment and password of one side."""

    fragment: str
    password: str


def make_credentials() -> Credentials:
    """Fresh ones."""
    return Credentials(secrets.token_hex(4), secrets.token_hex(16))


def offer(ours: Credentials) -> str:
    """A session description that asks for a data channel, and for nothing to be sent."""
    fingerprint = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    lines = [
        "v=0",
        f"o=- {secrets.randbits(60)} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ours.fragment}",
        f"a=ice-pwd:{ours.password}",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:active",
        "a=mid:0",
        "a=sctp-port:5000",
        "",
    ]
    return "\r\n".join(lines)


def read_answer(sdp: str) -> tuple[Credentials, list[tuple[str, int]]]:
    """The other side's credentials and UDP candidates. Raises ValueError."""
    fragment = re.search(r"^a=ice-ufrag:(\S+)", sdp, re.MULTILINE)
    password = re.search(r"^a=ice-pwd:(\S+)", sdp, re.MULTILINE)
    if fragment is None or password is None:
        raise ValueError("the answer has no ICE credentials")
    udp = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ", re.MULTILINE | re.IGNORECASE)
    found = udp.findall(sdp)
    candidates = dict.fromkeys((host, int(port)) for host, port in found)
    return Credentials(fragment[1], password[1]), list(candidates)


def binding_request(ours: Credentials, theirs: Credentials, transaction: bytes) -> bytes:
    """A connectivity check (RFC 8445 §7.2.2)."""
    name = f"{theirs.fragment}:{ours.fragment}".encode()
    body = b"".join(
        [
            _attribute(USERNAME, name),
            _attribute(PRIORITY, struct.pack("!I", PEER_REFLEXIVE)),
            _attribute(ICE_CONTROLLING, secrets.token_bytes(8)),
        ]
    )
    # RFC 8489 §14.5, §14.7: the length covers the attribute that is being computed.
    signed = HEADER.pack(BINDING_REQUEST, len(body) + 24, MAGIC, transaction) + body
    integrity = hmac.new(theirs.password.encode(), signed, hashlib.sha1).digest()
    body += _attribute(MESSAGE_INTEGRITY, integrity)
    checked = HEADER.pack(BINDING_REQUEST, len(body) + 8, MAGIC, transaction) + body
    crc = binascii.crc32(checked) ^ FINGERPRINT_XOR
    return checked + _attribute(FINGERPRINT, struct.pack("!I", crc))


def is_success(data: bytes, transaction: bytes, password: str) -> bool:
    """Whether this is the authenticated answer to that request."""
    if len(data) < HEADER.size:
        return False
    kind, length, magic, named = HEADER.unpack_from(data)
    if (kind, magic, named) != (BINDING_SUCCESS, MAGIC, transaction) or length > len(data) - 20:
        return False
    for position, attribute, value in _attributes(data):
        if attribute == MESSAGE_INTEGRITY:
            head = HEADER.pack(kind, position - 20 + 24, magic, named)
            digest = hmac.new(password.encode(), head + data[20:position], hashlib.sha1).digest()
            return hmac.compare_digest(digest, value)
    return False


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(position, type, value) of each."""
    position = HEADER.size
    while position + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, position)
        yield position, kind, data[position + 4 : position + 4 + length]
        position += 4 + length + -length % 4


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, transaction: bytes, password: str) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transaction = transaction
        self._password = password

    def datagram_received(self, data: bytes, _: object) -> None:
        if is_success(data, self._transaction, self._password) and not self.answered.done():
            self.answered.set_result(None)

    def error_received(self, error: Exception) -> None:
        if not self.answered.done():
            self.answered.set_exception(error)


async def answers(
    address: tuple[str, int], ours: Credentials, theirs: Credentials, patience: float
) -> bool:
    """Whether the media port at `address` answers within `patience` seconds."""
    transaction = secrets.token_bytes(12)
    request = binding_request(ours, theirs, transaction)
    loop = asyncio.get_running_loop()
    try:
        transport, asking = await loop.create_datagram_endpoint(
            lambda: _Asking(transaction, theirs.password), remote_addr=address
        )
    except OSError:
        return False
    try:
        for _ in range(TRIES):
            transport.sendto(request)
            await asyncio.wait({asking.answered}, timeout=patience / TRIES)
            if asking.answered.done():
                return asking.answered.exception() is None
        return False
    finally:
        transport.close()
        asking.answered.cancel()
