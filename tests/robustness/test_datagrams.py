"""Garbage and floods on the UDP port."""

import asyncio
import os
import random
import socket
import struct
import sys

import httpx
import pytest

from tests.support.calm import calm_room
from tests.support.node import Node
from tests.support.wait import until
from tests.support.whip import loopback_candidates

__all__ = ["loopback_candidates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FLOOD_SECONDS = 3
FLOOD_RATE = 40_000  # datagrams a second at most; the calm room shares the machine

# Run in a process of its own, so that the tests' event loop is not slowed.
FLOOD = """
import os, socket, sys, time
port, seconds, rate = map(int, sys.argv[1:])
target = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
target.connect(("127.0.0.1", port))
kinds = [bytes([first]) + os.urandom(size) for first in (0, 1, 20, 22, 63, 128, 144, 200, 255)
         for size in (0, 19, 100, 1100)]
end, sent = time.monotonic() + seconds, 0
while (now := time.monotonic()) < end:
    for datagram in kinds:
        try:
            target.send(datagram)
        except ConnectionRefusedError:
            pass
    sent += len(kinds)
    ahead = sent / rate - (now - end + seconds)
    if ahead > 0:
        time.sleep(ahead)
print(sent)
"""


def garbage() -> list[bytes]:
    """Datagrams that look like something to a demultiplexer (RFC 7983) and are not."""
    chance = random.Random(7983)
    cookie = struct.pack(">I", 0x2112A442)
    binding = struct.pack(">HH", 1, 0) + cookie + bytes(12)
    lie = struct.pack(">HH", 1, 0xFFFC) + cookie + bytes(12)
    user = struct.pack(">HH", 6, 9) + b"none:none\0\0\0"
    attributed = struct.pack(">HH", 1, len(user)) + cookie + bytes(12) + user
    hello = bytes.fromhex("16fefd0000000000000000") + struct.pack(">H", 40) + b"\x01" + bytes(39)
    rtp = struct.pack(">BBHII", 0x80, 96, 1, 1, 0xDEADBEEF) + bytes(100)
    rtcp = struct.pack(">BBHI", 0x80, 200, 6, 0xDEADBEEF) + bytes(20)
    extension = struct.pack(">BBHII", 0x90, 96, 1, 1, 1) + struct.pack(">HH", 0xBEDE, 0xFFFF)
    rest = [chance.randbytes(chance.randrange(1500)) for _ in range(500)]
    return [b"", b"\0", binding, lie, attributed, hello, rtp, rtcp, extension, bytes(65_507), *rest]


async def counter(node: Node, *names: str) -> float:
    """Sum of the node's counters whose names contain one of these."""
    async with httpx.AsyncClient(base_url=node.url) as http:
        lines = (await http.get("/metrics")).text.splitlines()
    wanted = [line for line in lines if line[:1] != "#" and any(name in line for name in names)]
    return sum(float(line.rpartition(" ")[2]) for line in wanted)


async def test_garbage_is_counted_and_harms_nobody(node: Node, loopback_candidates: None) -> None:
    names = ("datagrams_unknown", "datagrams_malformed")
    async with calm_room(node):
        before = await counter(node, *names)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            for number, datagram in enumerate(garbage()):
                stranger.sendto(datagram, ("127.0.0.1", node.port("webrtc")))
                if number % 50 == 0:
                    await asyncio.sleep(0.01)
        await until(
            "garbage in the counters",
            lambda: counter(node, *names),
            lambda count: count >= before + 400,
        )


async def test_a_flood_harms_nobody(node: Node, loopback_candidates: None) -> None:
    async with calm_room(node):
        arguments = (str(node.port("webrtc")), str(FLOOD_SECONDS), str(FLOOD_RATE))
        flood = await asyncio.create_subprocess_exec(
            *("nice", sys.executable, "-c", FLOOD, *arguments),
            stdout=asyncio.subprocess.PIPE,
            env=dict(os.environ),
        )
        output, _ = await flood.communicate()
        assert int(output) > 10_000
