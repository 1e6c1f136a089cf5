"""The engine object itself: arguments, descriptor, counters, strangers on its port, its end."""

import asyncio
import select
import socket
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from antiphon import _native
from antiphon._native import Engine

from .driver import Driver, Tone, pitch, pitch_of, tone


def engine(**more: object) -> Engine:
    arguments: dict[str, object] = {"workers": 1, "udp_port": 0, "addresses": ["127.0.0.1"]}
    return Engine(**(arguments | more))  # type: ignore[arg-type]


def readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def threads() -> set[Path]:
    return set(Path("/proc/self/task").iterdir())


def test_arguments_are_checked() -> None:
    for bad in ({"workers": 0}, {"addresses": ["nowhere"]}, {"public_addresses": ["1.2.3"]}):
        with pytest.raises(ValueError, match=r"workers|IP address"):
            engine(**bad)
    native = engine(workers=3)
    try:
        assert len(set(native.ports())) == 3
        with pytest.raises(OSError, match="in use"):
            engine(udp_port=native.ports()[0])
    finally:
        native.close()


def test_ports_follow_the_first() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        first = probe.getsockname()[1]
    native = engine(udp_port=first, workers=2)
    try:
        assert native.ports() == [first, first + 1]
    finally:
        native.close()


def test_close_is_idempotent_and_stops_the_threads() -> None:
    before = threads()
    native = engine(workers=2)
    assert len(threads() - before) == 2
    native.close()
    native.close()
    assert not threads() - before
    native.open_room(1)
    native.open_peer(1, 2)
    assert native.drain() == []


def test_the_descriptor_is_readable_while_events_wait() -> None:
    native = engine()
    try:
        assert not readable(native.fileno())
        room = native.new_id()
        native.open_room(room)
        peers = [native.new_id() for _ in range(3)]
        for peer in peers:
            native.open_peer(room, peer)
            native.accept_offer(peer, 1, "nonsense")
        assert select.select([native.fileno()], [], [], 5)[0]
        events: list[_native.Event] = []
        while len(events) < 3:
            select.select([native.fileno()], [], [], 5)
            batch = native.drain(limit=1)
            assert len(batch) == 1
            events += batch
        assert not readable(native.fileno())
        assert [event.peer for event in events if isinstance(event, _native.NegotiationFailed)] == (
            peers
        )
        assert native.counters()["negotiations_failed"] == 3
    finally:
        native.close()


def test_unknown_ids_are_counted() -> None:
    native = engine()
    try:
        native.connect(7, [8])
        native.close_peer(9)
        native.open_peer(10, 11)
        assert native.play_audio(12, np.zeros(10, dtype=np.int16)) == 0
        assert native.counters()["unknown_ids"] == 4
    finally:
        native.close()


async def test_strangers_are_counted_and_leave_no_trace(driver: Driver) -> None:
    client = await driver.join(Tone(500), receive=("audio",))
    port = driver.native.ports()[0]
    random = np.random.default_rng(1)
    check = bytes.fromhex("000100142112a442") + bytes(12) + b"\x00\x06\x00\x09xxxx:yyyy\0\0\0"
    check += bytes(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(2000):
            first = (0, 22, 128, 200, 70)[number % 5]
            length = int(random.integers(1, 1400))
            stranger.sendto(bytes([first]) + random.bytes(length), ("127.0.0.1", port))
            stranger.sendto(check, ("127.0.0.1", port))
            if number % 50 == 0:
                await asyncio.sleep(0.002)
    counters = driver.native.counters
    await driver.until(
        lambda: counters()["datagrams_unknown"] + counters()["datagrams_malformed"] >= 3900
    )
    assert counters()["datagrams_unknown"] >= 2000
    assert counters()["peers"] == 1
    assert not any(isinstance(event, _native.Closed) for event in driver.events)
    assert client.connection.connectionState == "connected"


async def test_any_address_of_the_machine_is_accepted(driver: Driver) -> None:
    client = await driver.join(receive=("audio",))
    other = driver.native.new_id()
    driver.native.open_peer(driver.room, other)
    await client.connection.close()
    # The loopback has many addresses; none but 127.0.0.1 is offered.
    second = await driver.join(Tone(700), via="127.0.0.9")
    await driver.wait(_native.Connected, lambda event: event.peer == second.peer)


async def test_public_addresses_are_offered_in_addition() -> None:
    native = engine(public_addresses=["203.0.113.5"])
    driver = Driver(native)
    try:
        client = await driver.join(Tone(500), receive=("audio",))
        answered = await driver.wait(_native.Answered, lambda event: event.peer == client.peer)
        port = native.ports()[0]
        candidates = [line for line in answered.sdp.splitlines() if "candidate:" in line]
        assert sorted(line.split()[4] for line in candidates) == ["127.0.0.1", "203.0.113.5"]
        assert {line.split()[5] for line in candidates} == {str(port)}
        assert "a=end-of-candidates" in answered.sdp
        assert "a=setup:passive" in answered.sdp
        assert "a=ice-lite" in answered.sdp
        assert [(media.kind, media.receives, media.sends) for media in answered.media] == [
            ("audio", True, True),
            ("audio", False, True),
        ]
        assert answered.media[0].codecs == ["opus"]
    finally:
        await driver.close()


async def test_an_audio_endpoint_hears_and_speaks(driver: Driver) -> None:
    ann = await driver.join(Tone(600), receive=("audio",))
    bot, voice = driver.native.new_id(), driver.native.new_id()
    driver.native.open_audio(driver.room, bot, sample_rate=16_000, channels=1)
    driver.native.publish(bot, "audio", voice)
    sound = ann.publish("audio")
    driver.native.connect(sound, [bot])
    driver.native.connect(voice, [ann.peer])
    queued = driver.native.play_audio(bot, tone(440, 16_000 * 3, rate=16_000))
    assert 0 < queued <= 16_000 * 3
    heard = await ann.frames(voice, 40)
    assert pitch_of(heard[10:]) == pytest.approx(440, abs=10)
    await driver.until(lambda: len(audio(driver, bot)) > 60)
    frames = audio(driver, bot)
    assert all(event.samples.shape == (320, 1) for event in frames)
    assert all(event.samples.dtype == np.int16 for event in frames)
    assert all(event.track == sound for event in frames)
    times = [event.time for event in frames]
    assert all(b - a == 320 for a, b in pairwise(times))
    samples = np.concatenate([event.samples[:, 0] for event in frames[20:]])
    assert pitch(samples, 16_000) == pytest.approx(600, abs=10)


def audio(driver: Driver, endpoint: int) -> list[_native.AudioReceived]:
    return [
        event
        for event in driver.events
        if isinstance(event, _native.AudioReceived) and event.peer == endpoint
    ]


async def test_audio_endpoints_check_what_is_played(driver: Driver) -> None:
    bot = driver.native.new_id()
    driver.native.open_audio(driver.room, bot, sample_rate=8000, channels=2)
    with pytest.raises(ValueError, match="shape"):
        driver.native.play_audio(bot, np.zeros((10, 3), dtype=np.int16))
    with pytest.raises(ValueError, match="shape"):
        driver.native.play_audio(bot, np.zeros(11, dtype=np.int16))
    assert driver.native.play_audio(bot, np.ones((8000, 2), dtype=np.int16)[::2]) == 4000
    with pytest.raises(BufferError, match="60 s"):
        driver.native.play_audio(bot, np.ones((8000 * 60, 2), dtype=np.int16))
    for bad in ({"sample_rate": 44_100}, {"channels": 3}):
        with pytest.raises(ValueError, match=r"sample_rate|channels"):
            driver.native.open_audio(driver.room, driver.native.new_id(), **bad)


async def test_only_what_is_wired_is_heard(driver: Driver) -> None:
    ears = [driver.native.new_id() for _ in range(2)]
    mouth, voice = driver.native.new_id(), driver.native.new_id()
    for endpoint in (*ears, mouth):
        driver.native.open_audio(driver.room, endpoint, sample_rate=8000)
    driver.native.publish(mouth, "audio", voice)
    driver.native.connect(voice, [ears[0]])
    driver.native.play_audio(mouth, np.full(8000 * 2, 900, dtype=np.int16))
    await driver.until(lambda: len(audio(driver, ears[0])) >= 50)
    assert not audio(driver, ears[1])


async def test_messages_reach_others_with_the_sender_named(driver: Driver) -> None:
    ann = await driver.join(Tone(500), channel="room")
    bob = await driver.join(Tone(500), channel="room")
    hub = driver.native.new_id()
    driver.native.open_hub(driver.room, hub)
    for client in (ann, bob):
        driver.native.connect(client.peer, [hub])
        driver.native.connect(hub, [client.peer])
    driver.native.watch_data(ann.peer, True)
    await driver.until(lambda: ann.is_open and bob.is_open)
    ann.say(b"\x01\x02")
    ann.say("text")
    await driver.until(lambda: len(bob.messages) == 2)
    assert bob.messages == [
        ann.peer.to_bytes(8, "big") + b"\x01\x02",
        (ann.peer | 1 << 63).to_bytes(8, "big") + b"text",
    ]
    assert ann.messages == []
    watched = await driver.wait(_native.DataReceived, lambda event: not event.binary)
    assert (watched.peer, watched.sink, watched.data) == (ann.peer, ann.peer, b"text")
    driver.native.send_data(ann.peer, b"hello", False)
    driver.native.send_data(ann.peer, b"\x07")
    await driver.until(lambda: len(ann.messages) == 2)
    assert ann.messages == ["hello", bytes(8) + b"\x07"]
    with pytest.raises(ValueError, match="65536"):
        ann.say(b"x" * 66_000)
