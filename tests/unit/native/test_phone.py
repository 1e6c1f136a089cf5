"""Telephones in a room of the native engine, by real RTP over UDP."""

import asyncio
import hmac
import socket
import struct
import zlib
from collections.abc import AsyncIterator

import numpy as np
import pytest

from antiphon._native import (
    Closed,
    Connected,
    Engine,
    Interrupted,
    NegotiationFailed,
    PhoneMedia,
    Pressed,
    PromptEnded,
    Statistics,
    TrackStarted,
    sdes_new,
    sdes_suite,
)

from .driver import Driver

Format = tuple[int, str, int, int, str]

PCMU: Format = (0, "PCMU", 8000, 1, "")
KEYS: Format = (101, "telephone-event", 8000, 1, "0-15")
OPUS: Format = (96, "opus", 48000, 2, "useinbandfec=1")


class Exchange(Driver):
    """An engine with two threads, so that rooms are on different ones, and telephones for it."""

    def __init__(self) -> None:
        super().__init__(Engine(workers=2, udp_port=0, addresses=["127.0.0.1"]))
        self.phones: list[Phone] = []

    async def close(self) -> None:
        for phone in self.phones:
            phone.transport.close()
        await super().close()


@pytest.fixture
async def driver() -> AsyncIterator[Exchange]:
    """A running engine."""
    driver = Exchange()
    try:
        yield driver
    finally:
        await driver.close()


class Rtp(asyncio.DatagramProtocol):
    """A socket that receives packets."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received.put_nowait(data)


class Phone:
    """A telephone that sends what it is told and keeps what it hears."""

    def __init__(self, driver: Exchange, room: int | None = None) -> None:
        self.driver, self.native = driver, driver.native
        self.peer, self.track = self.native.new_id(), self.native.new_id()
        self.camera = 0
        self.room = driver.room if room is None else room
        self.sequence, self.timestamp, self.ssrc = 100, 5000, self.peer + 77
        self.native.open_phone(self.room, self.peer)
        self.ports = self.native.bind_phone(self.peer, "0", "audio")

    async def open(self, *formats: Format, sdes: tuple[str, str] | None = None) -> "Phone":
        """Announce a socket of its own and publish its sound."""
        loop = asyncio.get_running_loop()
        local = ("127.0.0.1", 0)
        self.transport, self.rtp = await loop.create_datagram_endpoint(Rtp, local_addr=local)
        self.address: tuple[str, int] = self.transport.get_extra_info("sockname")
        self.driver.phones.append(self)
        media = PhoneMedia(remote=self.address, formats=formats, sdes=sdes)
        self.native.configure_phone(self.peer, "0", media)
        self.native.publish(self.peer, "0", self.track)
        return self

    async def settled(self) -> None:
        """Wait until all that was told so far is done: descriptions are not for telephones."""
        request = self.native.new_id()
        self.native.accept_offer(self.peer, request, "")
        await self.driver.wait(NegotiationFailed, lambda event: event.request == request)

    def packet(self, payload: bytes, payload_type: int = 0, ticks: int = 160) -> bytes:
        """The next RTP packet."""
        self.sequence += 1
        self.timestamp += ticks
        head = struct.pack(
            "!BBHII", 0x80, payload_type, self.sequence & 0xFFFF, self.timestamp, self.ssrc
        )
        return head + payload

    def send(self, data: bytes) -> None:
        """Send to the RTP port that was bound for it."""
        self.transport.sendto(data, ("127.0.0.1", self.ports[0]))

    async def talk(self, payload: bytes) -> None:
        """A packet every 20 ms, for ever."""
        while True:
            self.send(self.packet(payload))
            await asyncio.sleep(0.02)

    async def hear(self) -> bytes:
        """The next RTP packet that came; reports are left out."""
        async with asyncio.timeout(20):
            while True:
                data = await self.rtp.received.get()
                if not 192 <= data[1] <= 223:
                    return data


async def pair(driver: Exchange, *formats: Format) -> tuple[Phone, Phone]:
    """Two telephones that hear each other."""
    a = await Phone(driver).open(*formats)
    b = await Phone(driver).open(*formats)
    driver.native.connect(a.track, [b.peer])
    driver.native.connect(b.track, [a.peer])
    await a.settled()
    return a, b


async def test_ports_are_pairs_and_kept(driver: Exchange) -> None:
    native = driver.native
    phone = Phone(driver)
    rtp, rtcp = phone.ports
    assert (rtp % 2, rtcp) == (0, rtp + 1)
    assert native.bind_phone(phone.peer, "0", "audio") == phone.ports
    assert native.bind_phone(phone.peer, "1", "video") != phone.ports
    with pytest.raises(LookupError):
        native.bind_phone(12345, "0", "audio")
    with pytest.raises(ValueError, match="audio or video"):
        native.bind_phone(phone.peer, "0", "data")


async def test_a_port_range_ends() -> None:
    with pytest.raises(OSError, match="no pair"):
        Engine(workers=1, udp_port=0, addresses=["127.0.0.1"], phone_ports=(7, 7))


async def test_what_one_says_the_other_hears(driver: Exchange) -> None:
    a, b = await pair(driver, PCMU)
    sources: set[bytes] = set()
    for speaker, listener in ((a, b), (b, a)):
        heard: list[bytes] = []
        for index in range(20):
            speaker.send(speaker.packet(bytes([index]) * 160))
            heard.append(await listener.hear())
        started = await driver.wait(TrackStarted, lambda e, s=speaker: e.track == s.track)  # type: ignore[misc]
        assert started.codec == "pcmu"
        assert [packet[12:] for packet in heard] == [bytes([i]) * 160 for i in range(20)]
        numbers = [struct.unpack("!BBHII", packet[:12]) for packet in heard]
        first = numbers[0]
        assert first[1] == 0x80, "a talk spurt begins"
        assert [n[2] - first[2] for n in numbers] == list(range(20))
        assert [(n[3] - first[3]) % 2**32 for n in numbers] == [160 * i for i in range(20)]
        assert {n[4] for n in numbers} == {first[4]}
        assert first[4] != speaker.ssrc, "a source of ours"
        sources.add(heard[0][8:12])
    assert len(sources) == 2
    connected = await driver.wait(Connected, lambda event: event.peer == a.peer)
    assert (connected.srtp_profile, connected.address) == ("", f"127.0.0.1:{a.address[1]}")


async def test_payload_types_are_those_of_each_side(driver: Exchange) -> None:
    a = await Phone(driver).open(OPUS)
    b = await Phone(driver).open((111, "opus", 48000, 2, ""))
    driver.native.connect(a.track, [b.peer])
    await a.settled()
    a.send(a.packet(b"\xfc\xff\xfe", 96, 960))
    heard = await b.hear()
    assert (heard[1] & 0x7F, heard[12:]) == (111, b"\xfc\xff\xfe")


async def test_strangers_are_not_heard(driver: Exchange) -> None:
    a, b = await pair(driver, PCMU)
    a.send(a.packet(b"a" * 160))
    assert (await b.hear())[12:] == b"a" * 160
    stranger = await Phone(driver).open(PCMU)
    await stranger.settled()
    stranger.ports = a.ports
    before = driver.native.counters()
    for _ in range(50):
        stranger.send(stranger.packet(b"s" * 160))
        stranger.send(b"\x80")
        stranger.send(b"x" * 1900)
    await driver.until(
        lambda: driver.native.counters()["phone_strangers"] >= before["phone_strangers"] + 50
    )
    a.send(a.packet(b"b" * 160))
    assert (await b.hear())[12:] == b"b" * 160
    b.send(b.packet(b"c" * 160))
    assert (await a.hear())[12:] == b"c" * 160


async def test_keys_of_descriptions_protect(driver: Exchange) -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    keys = [sdes_new(1, suite) for _ in range(2)]
    assert sdes_suite(keys[0]) == (1, suite)
    assert len(set(keys)) == 2
    # What is sent to the first with one key is what the second expects from its telephone: so each
    # engine endpoint stands for the other's telephone.
    a = await Phone(driver).open(PCMU, sdes=(keys[0], keys[1]))
    b = await Phone(driver).open(PCMU, sdes=(keys[1], keys[0]))
    talker = await Phone(driver).open(PCMU)
    listener = await Phone(driver).open(PCMU)
    driver.native.connect(talker.track, [a.peer])
    driver.native.connect(b.track, [listener.peer])
    await a.settled()
    secret = b""
    for index in range(5):
        talker.send(talker.packet(bytes([index]) * 160))
        secret = await a.hear()
        assert len(secret) == 12 + 160 + 10
        assert secret[12:172] != bytes([index]) * 160
        b.send(secret)
        assert (await listener.hear())[12:] == bytes([index]) * 160
    connected = await driver.wait(Connected, lambda event: event.peer == b.peer)
    assert connected.srtp_profile == "SRTP_AES128_CM_HMAC_SHA1_80"
    before = driver.native.counters()["phone_forged"]
    b.send(secret)
    b.send(b.packet(b"x" * 170))
    await driver.until(lambda: driver.native.counters()["phone_forged"] == before + 2)


@pytest.mark.parametrize("mux", [True, False])
async def test_keys_of_a_handshake_protect(driver: Exchange, mux: bool) -> None:
    native = driver.native
    # Two endpoints that are each other's telephones.
    a, b = Phone(driver), Phone(driver)
    fingerprint = native.fingerprint()
    for phone, other, role in ((a, b, "client"), (b, a, "server")):
        media = PhoneMedia(
            remote=("127.0.0.1", other.ports[0]),
            formats=[PCMU],
            rtcp_mux=mux,
            dtls=(role, fingerprint),
        )
        native.configure_phone(phone.peer, "0", media)
        native.publish(phone.peer, "0", phone.track)
    talker = await Phone(driver).open(PCMU)
    listener = await Phone(driver).open(PCMU)
    native.connect(talker.track, [a.peer])
    native.connect(b.track, [listener.peer])
    heard = None
    for index in range(400):
        talker.send(talker.packet(bytes([index]) * 160))
        try:
            async with asyncio.timeout(0.05):
                heard = await listener.hear()
                break
        except TimeoutError:
            continue
    assert heard is not None
    assert len(set(heard[12:])) == 1
    connected = await driver.wait(Connected, lambda event: event.peer == b.peer)
    assert connected.srtp_profile == "AEAD_AES_256_GCM"
    assert connected.address == f"127.0.0.1:{a.ports[0]}"


async def test_another_certificate_than_the_one_named_ends_it(driver: Exchange) -> None:
    native = driver.native
    a, b = Phone(driver), Phone(driver)
    wrong = "sha-256 " + ":".join(["AB"] * 32)
    for phone, other, role, named in (
        (a, b, "client", wrong),
        (b, a, "server", native.fingerprint()),
    ):
        remote = ("127.0.0.1", other.ports[0])
        media = PhoneMedia(remote=remote, formats=[PCMU], rtcp_mux=True, dtls=(role, named))
        native.configure_phone(phone.peer, "0", media)
    closed = await driver.wait(Closed, lambda event: event.peer == a.peer)
    assert closed.reason == "error"
    assert "certificate" in closed.text


def check(fragment: str, password: str, *, nominates: bool) -> bytes:
    """A connectivity check (RFC 8445 §7.2.2)."""
    username = fragment.encode()
    body = struct.pack("!HH", 0x0006, len(username)) + username + bytes(-len(username) % 4)
    if nominates:
        body += struct.pack("!HH", 0x0025, 0)

    def head(length: int) -> bytes:
        return struct.pack("!HHI", 0x0001, length, 0x2112A442) + b"transaction."

    tag = hmac.digest(password.encode(), head(len(body) + 24) + body, "sha1")
    body += struct.pack("!HH", 0x0008, 20) + tag
    crc = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554E
    body += struct.pack("!HHI", 0x8028, 4, crc)
    return head(len(body)) + body


async def test_checks_say_where_media_go(driver: Exchange) -> None:
    native = driver.native
    password = "p" * 22
    a = await Phone(driver).open(PCMU)
    b = await Phone(driver).open(PCMU)
    native.connect(a.track, [b.peer])
    native.connect(b.track, [a.peer])
    media = PhoneMedia(
        remote=("192.0.2.1", 9), formats=[PCMU], ice=("ours", password, "their", "q" * 22)
    )
    native.configure_phone(a.peer, "0", media)
    await a.settled()
    b.send(b.packet(b"-" * 160))
    a.send(a.packet(b"-" * 160))
    a.send(check("ours:their", "x" * 22, nominates=True))
    await driver.until(lambda: native.counters()["phone_strangers"] >= 2)
    assert a.rtp.received.empty(), "nothing before a check is proven"
    a.send(check("ours:their", password, nominates=True))
    async with asyncio.timeout(20):
        answer = await a.rtp.received.get()
    assert answer[:2] == b"\x01\x01"
    assert answer[8:20] == b"transaction."
    b.send(b.packet(b"+" * 160))
    assert (await a.hear())[12:] == b"+" * 160
    a.send(a.packet(b"=" * 160))
    assert (await b.hear())[12:] == b"=" * 160


async def test_pictures_begin_with_a_keyframe(driver: Exchange) -> None:
    native = driver.native
    fmtp = "profile-level-id=42e01f;packetization-mode=1"
    phones = []
    for payload_type in (97, 99):
        phone = await Phone(driver).open(PCMU)
        phone.ports = native.bind_phone(phone.peer, "1", "video")
        formats = [(payload_type, "H264", 90000, 1, fmtp)]
        media = PhoneMedia(remote=phone.address, formats=formats, rtcp_mux=True)
        native.configure_phone(phone.peer, "1", media)
        phone.camera = native.new_id()
        native.publish(phone.peer, "1", phone.camera)
        phones.append(phone)
    a, b = phones
    native.connect(a.camera, [b.peer])
    await b.settled()
    slice_, keyframe = b"\x61\xe0" + b"p" * 50, b"\x65\x88" + b"i" * 50
    wanted: set[int] = set()
    async with asyncio.timeout(20):
        while wanted != {1, 4}:
            a.send(a.packet(slice_, 97 | 0x80, 3000))
            data = await a.rtp.received.get()
            # Feedback stands behind a report and a description in one compound.
            while data:
                if data[1] == 206:
                    wanted.add(data[0] & 0x1F)
                data = data[4 + 4 * int.from_bytes(data[2:4]) :]
    assert b.rtp.received.empty(), "nothing that cannot be decoded"
    a.send(a.packet(keyframe, 97 | 0x80, 3000))
    heard = await b.hear()
    assert (heard[1], heard[12:]) == (99 | 0x80, keyframe)
    a.send(a.packet(slice_, 97 | 0x80, 3000))
    after = await b.hear()
    assert after[12:] == slice_
    assert int.from_bytes(after[4:8]) - int.from_bytes(heard[4:8]) == 3000
    # What the sink asks for reaches the source (PLI), after some time.
    await asyncio.sleep(0.6)
    while not a.rtp.received.empty():
        a.rtp.received.get_nowait()
    ssrc = int.from_bytes(heard[8:12])
    b.send(struct.pack("!BBHII", 0x81, 206, 2, 1, ssrc))
    async with asyncio.timeout(20):
        data = await a.rtp.received.get()
    assert data[1] in (200, 201)
    started = await driver.wait(TrackStarted, lambda event: event.track == a.camera)
    assert started.codec == "h264"


async def test_silence_is_told(driver: Exchange) -> None:
    a, _ = await pair(driver, PCMU)
    held = await Phone(driver).open(PCMU)
    media = PhoneMedia(remote=held.address, formats=[PCMU], receives=False)
    driver.native.configure_phone(held.peer, "0", media)
    interrupted = await driver.wait(Interrupted, lambda event: event.peer == a.peer)
    assert interrupted.peer == a.peer
    a.send(a.packet(b"a" * 160))
    await driver.wait(Connected, lambda event: event.peer == a.peer)
    silent = {event.peer for event in driver.events if isinstance(event, Interrupted)}
    assert held.peer not in silent


async def test_telephones_are_reached_by_the_newer_protocol_too(driver: Exchange) -> None:
    native = driver.native
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    a, b = [await Phone(driver).open(PCMU) for _ in range(2)]
    loop = asyncio.get_running_loop()
    transport, rtp = await loop.create_datagram_endpoint(Rtp, local_addr=("::1", 0))
    try:
        native.close_phone_section(a.peer, "0")
        port, _ = native.bind_phone(a.peer, "v6", "audio", ipv6=True)
        address = transport.get_extra_info("sockname")[:2]
        native.configure_phone(a.peer, "v6", PhoneMedia(remote=address, formats=[PCMU]))
        track = native.new_id()
        native.publish(a.peer, "v6", track)
        native.connect(track, [b.peer])
        native.connect(b.track, [a.peer])
        await a.settled()
        transport.sendto(a.packet(b"6" * 160), ("::1", port))
        assert (await b.hear())[12:] == b"6" * 160
        b.send(b.packet(b"4" * 160))
        async with asyncio.timeout(20):
            assert (await rtp.received.get())[12:] == b"4" * 160
    finally:
        transport.close()


async def test_figures_are_told(driver: Exchange) -> None:
    driver.native.set_statistics_interval(100)
    a, b = await pair(driver, PCMU)
    for _ in range(10):
        a.send(a.packet(b"a" * 160))
        await b.hear()
    told = await driver.wait(
        Statistics, lambda e: any(p.peer == a.peer and p.packets_in == 10 for p in e.peers)
    )
    figures = next(peer for peer in told.peers if peer.peer == a.peer)
    assert (figures.bytes_in, figures.loss_in) == (1720, 0.0)


async def test_telephones_count_as_peers() -> None:
    driver = Driver(Engine(workers=1, udp_port=0, addresses=["127.0.0.1"], max_peers=1))
    try:
        first, second = driver.native.new_id(), driver.native.new_id()
        driver.native.open_phone(driver.room, first)
        driver.native.open_phone(driver.room, second)
        closed = await driver.wait(Closed)
        assert (closed.peer, closed.reason) == (second, "error")
    finally:
        await driver.close()


async def test_a_telephone_moves_between_rooms(driver: Exchange) -> None:
    native = driver.native
    rooms = [native.new_id() for _ in range(2)]
    for room in rooms:
        native.open_room(room)
    for turn in range(3):
        a = await Phone(driver, rooms[turn % 2]).open(PCMU)
        b = await Phone(driver, rooms[(turn + 1) % 2]).open(PCMU)
        a.send(a.packet(b"-" * 160))
        await driver.wait(Connected, lambda event, a=a: event.peer == a.peer)  # type: ignore[misc]
        # No answer is awaited in between: commands keep their order.
        native.move_phone(a.peer, b.room)
        track = native.new_id()
        native.publish(a.peer, "0", track)
        native.connect(track, [b.peer])
        native.connect(b.track, [a.peer])
        a.send(a.packet(b"+" * 160))
        for _ in range(100):
            a.send(a.packet(b"+" * 160))
            await asyncio.sleep(0.01)
            if not b.rtp.received.empty():
                break
        assert (await b.hear())[12:] == b"+" * 160
        b.send(b.packet(b"=" * 160))
        assert (await a.hear())[12:] == b"=" * 160
        native.close_peer(a.peer)
        native.close_peer(b.peer)
    assert not [event for event in driver.events if isinstance(event, Closed)]
    await driver.until(lambda: native.counters()["peers"] == 0)


async def test_closing_frees_the_ports(driver: Exchange) -> None:
    native = driver.native
    phone = await Phone(driver).open(PCMU)
    native.close_phone_section(phone.peer, "0")

    def is_free() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("0.0.0.0", phone.ports[0]))
            except OSError:
                return False
            return True

    await driver.until(is_free)
    assert native.bind_phone(phone.peer, "0", "audio") != phone.ports, "they rest"


def report(code: int, duration: int, *, ends: bool = False) -> bytes:
    """One report of a key (RFC 4733 §2.3)."""
    return struct.pack("!BBH", code, 0x80 * ends | 10, duration)


async def test_keys_are_told_and_passed_on(driver: Exchange) -> None:
    a, b = await pair(driver, PCMU, KEYS)
    c = await Phone(driver).open(PCMU)
    driver.native.connect(a.track, [c.peer])
    await c.settled()
    a.send(a.packet(b"a" * 160))
    assert (await b.hear())[12:] == b"a" * 160
    # The packets of one key have one timestamp; the end is said three times.
    start = a.timestamp + 160
    for duration, ends in ((400, False), (800, False), (1200, True), (1200, True), (1200, True)):
        a.timestamp = start - 160
        a.send(a.packet(report(5, duration, ends=ends), 101))
    pressed = await driver.wait(Pressed)
    assert (pressed.peer, pressed.digit, pressed.duration) == (a.peer, "5", 0.15)
    heard = await b.hear()
    assert (heard[1] & 0x7F, heard[12]) == (101, 5), "whoever hears it by itself gets the key"
    assert len([event for event in driver.events if isinstance(event, Pressed)]) == 1
    await driver.until(lambda: driver.native.counters()["keys_dropped"] == 1)


async def test_keys_are_pressed(driver: Exchange) -> None:
    a, b = await pair(driver, PCMU, KEYS)
    b.send(b.packet(b"b" * 160))
    before = await a.hear()
    driver.native.press(a.peer, "1#")
    with pytest.raises(ValueError, match="no key"):
        driver.native.press(a.peer, "12x")
    keys: dict[int, list[bytes]] = {}
    while len(keys) < 2 or len(keys[11]) < 5:
        b.send(b.packet(b"b" * 160))
        heard = await a.hear()
        assert heard[1] & 0x7F == 101, "nothing else sounds meanwhile"
        assert heard[8:12] == before[8:12], "one source"
        keys.setdefault(heard[12], []).append(heard)
    for packets in keys.values():
        assert len({packet[4:8] for packet in packets}) == 1
        assert [packet[1] >> 7 for packet in packets] == [1, 0, 0, 0, 0]
        assert sum(packet[13] >> 7 for packet in packets) == 3
    await asyncio.sleep(0.2)
    b.send(b.packet(b"c" * 160))
    after = [await a.hear()]
    while after[-1][12:] != b"c" * 160:  # what was said behind the keys, if this was slow
        after.append(await a.hear())
    numbers = [int.from_bytes(packet[2:4]) for packet in (before, *keys[1], *keys[11], *after)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(keys[1] + keys[11]) == 10


async def test_prompts_take_the_place_of_the_room(driver: Exchange) -> None:
    a, b = await pair(driver, PCMU)
    square = np.where(np.arange(16000 // 5) % 16 < 8, 8000, -8000).astype(np.int16)
    for _ in range(2):
        driver.native.play_prompt(a.peer, square, sample_rate=16000)
    loud = 0
    since = asyncio.get_running_loop().time()
    talking = asyncio.create_task(b.talk(b"b" * 160))
    while (payload := (await a.hear())[12:]) != b"b" * 160:
        assert len(payload) == 160
        loud += len(set(payload)) > 1
    talking.cancel()
    assert loud in (19, 20), "400 ms in packets of 20 ms"
    assert asyncio.get_running_loop().time() - since > 0.3
    await driver.wait(PromptEnded, lambda event: event.peer == a.peer)
    driver.native.play_prompt(a.peer, np.tile(square, 100), sample_rate=16000)
    while (await a.hear())[12:] == b"b" * 160:  # what was said before
        pass
    driver.native.stop_prompt(a.peer)
    with pytest.raises(BufferError):
        driver.native.play_prompt(a.peer, np.zeros(121 * 16000, np.int16), sample_rate=16000)
    with pytest.raises(ValueError, match="sample_rate"):
        driver.native.play_prompt(a.peer, square, sample_rate=8000)
    talking = asyncio.create_task(b.talk(b"d" * 160))
    while (await a.hear())[12:] != b"d" * 160:
        pass
    talking.cancel()
    assert len([event for event in driver.events if isinstance(event, PromptEnded)]) == 1


async def test_on_hold_nothing_flows(driver: Exchange) -> None:
    a, b = await pair(driver, PCMU)
    a.send(a.packet(b"a" * 160))
    assert (await b.hear())[12:] == b"a" * 160
    media = PhoneMedia(remote=b.address, formats=[PCMU], sends=False, receives=False)
    driver.native.configure_phone(b.peer, "0", media)
    await b.settled()
    for _ in range(5):
        a.send(a.packet(b"x" * 160))
        b.send(b.packet(b"y" * 160))
    await asyncio.sleep(0.1)
    assert b.rtp.received.empty()
    assert a.rtp.received.empty()
    media = PhoneMedia(remote=b.address, formats=[PCMU])
    driver.native.configure_phone(b.peer, "0", media)
    await b.settled()
    for speaker, listener in ((a, b), (b, a)):
        speaker.send(speaker.packet(b"z" * 160))
        assert (await listener.hear())[12:] == b"z" * 160


@pytest.mark.parametrize(
    "wrong",
    [
        {"remote": ("nobody", 1)},
        {"formats": [(200, "PCMU", 8000, 1, "")]},
        {"formats": [(72, "PCMU", 8000, 1, "")]},
        {"formats": [(0, "PCMU", 0, 1, "")]},
        {"ptime": 5},
        {"dtls": ("peer", "sha-256 AA")},
        {"dtls": ("client", "md5 AA:BB")},
        {"ice": ("a", "b", "c", "d")},
        {"sdes": ("1 AES_CM_128_HMAC_SHA1_80 inline:x", "")},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"remote": None, "formats": [PCMU], **wrong}
    with pytest.raises(ValueError, match=r"\w"):
        PhoneMedia(**arguments)  # type: ignore[arg-type]
