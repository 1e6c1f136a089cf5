"""Telephones by plain sockets: they send packets of sound on a clock of 20 ms and take what comes.
Each program measures one engine in a process of its own and prints rows.

`callers.py room MEMBERS SECONDS SERVER_CORE`, `callers.py delay MEMBERS ROOMS SECONDS SERVER_CORE`
"""

import json
import random
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any, cast

from bench.machine import ROOT, on_core
from bench.speech import CLICK_AT, FRAME, OPUS, PCMU, click, find_click, payloads, soft

HOST = "127.0.0.1"
SPEAKERS = 3
WARM = 2.0
CLICK_EVERY = 13  # packets: 260 ms
SOUND = 6.0  # s, then it is said again
PATIENCE = 0.15  # s: what comes later than this was another click


@dataclass
class Caller:
    """One telephone: its packets, and what came."""

    format: tuple[int, str, int, int, str]
    payloads: list[bytes]
    phase: float
    port: int = 0
    sequence: int = 0
    received: int = 0
    sock: socket.socket = field(default_factory=lambda: socket.socket(type=socket.SOCK_DGRAM))

    def __post_init__(self) -> None:
        self.sock.bind((HOST, 0))
        self.sock.setblocking(False)
        self.sequence = random.randrange(30_000)
        self.ssrc = random.getrandbits(32)
        self.step = 160 if self.format is PCMU else 960

    def send(self, payload: bytes) -> None:
        """Send the next packet."""
        self.sequence += 1
        head = struct.pack(
            "!BBHII",
            0x80,
            self.format[0],
            self.sequence & 0xFFFF,
            self.sequence * self.step & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sock.sendto(head + payload, (HOST, self.port))

    def speak(self) -> None:
        """Send what comes next of its sound."""
        self.send(self.payloads[self.sequence % len(self.payloads)])

    def take(self) -> list[bytes]:
        """Payloads of RTP that have come; reports are left out."""
        found = []
        while True:
            try:
                data = self.sock.recv(2048)
            except BlockingIOError:
                return found
            if not 192 <= data[1] <= 223:
                self.received += 1
                found.append(data[12:])


class Exchange:
    """The process with the engine."""

    def __init__(self, core: int, rooms: list[list[Caller]], mix: bool) -> None:
        command = [*on_core(core), sys.executable, "-m", "bench.exchange"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        described = [
            {
                "mix": mix,
                "phones": [
                    {"port": one.sock.getsockname()[1], "format": one.format} for one in room
                ],
            }
            for room in rooms
        ]
        for room, ports in zip(rooms, self._ask(json.dumps(described)), strict=True):
            for caller, port in zip(room, ports, strict=True):
                caller.port = port

    def _ask(self, line: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def counters(self) -> dict[str, int]:
        """What the engine has counted."""
        return cast(dict[str, int], self._ask("counters"))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Clock:
    """Calls each caller's turn every 20 ms, at its own phase, and reads in between."""

    def __init__(self, callers: list[Caller]) -> None:
        self._selector = selectors.EpollSelector()
        for caller in callers:
            self._selector.register(caller.sock, selectors.EVENT_READ, caller)
        start = time.monotonic() + 0.05
        self._due = sorted((start + caller.phase, at) for at, caller in enumerate(callers))
        self._callers = callers
        self._round = 0

    def run(self, seconds: float, turn: Any, heard: Any) -> None:
        """`turn(caller, due)` for each packet to send, `heard(caller, payloads, now)`."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            due, at = self._due[self._round % len(self._due)]
            due += self._round // len(self._due) * FRAME
            if due <= now:
                turn(self._callers[at], due)
                self._round += 1
                continue
            for key, _ in self._selector.select(min(due, end) - now):
                heard(key.data, key.data.take(), time.monotonic())


def room(members: int, seconds: float, core: int) -> dict[str, Any]:
    """What one room costs the media thread: half Opus, half PCMU, three speakers, all send."""
    sounds = {
        (name, loud): payloads(name, loud, SOUND, seed)
        for name in ("PCMU", "opus")
        for seed, loud in enumerate((False, True))
    }
    callers = []
    for number in range(members):
        kind = (PCMU, OPUS)[number % 2]
        sound = sounds[kind[1], number < SPEAKERS]
        callers.append(Caller(kind, sound, random.random() * FRAME))
        callers[-1].sequence += number * 17  # not all say the same at once
    exchange = Exchange(core, [callers], mix=True)
    clock = Clock(callers)

    def turn(caller: Caller, _: float) -> None:
        caller.speak()

    def heard(_: Caller, __: list[bytes], ___: float) -> None:
        pass

    clock.run(WARM, turn, heard)
    sent = sum(caller.sequence for caller in callers)
    received = [caller.received for caller in callers]
    before, began = exchange.counters(), time.monotonic()
    clock.run(seconds, turn, heard)
    after, took = exchange.counters(), time.monotonic() - began
    exchange.close()
    got = [caller.received - old for caller, old in zip(callers, received, strict=True)]
    return {
        "members": members,
        "seconds": round(took, 2),
        "core_pct": round((after["cpu_us"] - before["cpu_us"]) / took / 1e4, 2),
        "sent_per_second": round((sum(c.sequence for c in callers) - sent) / took),
        "heard_per_second": round(sum(got) / took),
        "least_heard_per_second": round(min(got) / took, 1),
    }


def delay(members: int, rooms: int, seconds: float, core: int) -> dict[str, Any]:
    """How much later sound comes out than it went in: in each room one clicks, another listens.

    A sample at offset k of a packet sent at t comes out at offset j of a packet received at u: what
    was added is u - t + j - k, whatever the telephones themselves add.
    """
    pause = [soft(number) for number in range(7)]
    everybody, groups = list[Caller](), list[list[Caller]]()
    for number in range(rooms):
        # Phases against the engine's clock, which begins whenever it does.
        phase = number * FRAME / rooms
        groups.append([Caller(PCMU, pause, (phase + n * 0.0071) % FRAME) for n in range(members)])
        everybody += groups[-1]
    exchange = Exchange(core, groups, mix=members > 2)
    clicker = {id(group[1]): group[0] for group in groups}
    clicking = {id(group[0]) for group in groups}
    when = dict.fromkeys(clicking, 0.0)
    found: list[float] = []
    loud = click()

    def turn(caller: Caller, due: float) -> None:
        if id(caller) in clicking and caller.sequence % CLICK_EVERY == 0:
            caller.send(loud)
            when[id(caller)] = due
        else:
            caller.speak()

    def heard(caller: Caller, parts: list[bytes], now: float) -> None:
        if (source := clicker.get(id(caller))) is None:
            return
        for part in parts:
            at = find_click(part)
            began = when[id(source)]
            if at is not None and began and now - began < PATIENCE:
                found.append((now - began) * 1000 + (at - CLICK_AT) / 8)

    clock = Clock(everybody)
    clock.run(WARM, turn, heard)
    found.clear()
    clock.run(seconds, turn, heard)
    exchange.close()
    expected = int(seconds / FRAME / CLICK_EVERY) * rooms
    return {"members": members, "clicks": expected, "found": len(found)} | _spread(found)


def _spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {}
    parts = statistics.quantiles(values, n=20)
    return {
        "delay_p50_ms": round(statistics.median(values), 1),
        "delay_p95_ms": round(parts[18], 1),
        "delay_max_ms": round(max(values), 1),
    }


def main(kind: str, *numbers: str) -> None:
    if kind == "room":
        members, seconds, core = numbers
        row = room(int(members), float(seconds), int(core))
    else:
        members, rooms, seconds, core = numbers
        row = delay(int(members), int(rooms), float(seconds), int(core))
    print(json.dumps(row))


if __name__ == "__main__":
    main(*sys.argv[1:])
