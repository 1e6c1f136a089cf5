"""Two aiortc clients meet through the engine: sessions, forwarding, wires."""

import asyncio
import ipaddress

import pytest

from antiphon import _native

from .driver import Client, Driver, Flat, Tone, brightness, pitch_of, tone


async def test_audio_and_video_reach_the_other_client(driver: Driver) -> None:
    ann = await driver.join(Tone(600), Flat(200))
    bob = await driver.join(receive=("audio", "video"))
    sound, picture = ann.publish("audio"), ann.publish("video")
    driver.native.connect(sound, [bob.peer])
    driver.native.connect(picture, [bob.peer])
    frames = await bob.frames(sound, 30)
    assert pitch_of(frames[5:]) == pytest.approx(600, abs=10)
    pictures = await bob.frames(picture, 5)
    assert brightness(pictures[-1]) == pytest.approx(200, abs=12)
    started = await driver.wait(_native.TrackStarted, lambda event: event.track == picture)
    assert started.codec == "vp8"
    assert not any(isinstance(event, _native.Offered) for event in driver.events)


async def test_connected_tells_cipher_and_address(driver: Driver) -> None:
    ann = await driver.join(Tone(600))
    connected = await driver.wait(_native.Connected, lambda event: event.peer == ann.peer)
    assert connected.srtp_profile in {"AEAD_AES_256_GCM", "AEAD_AES_128_GCM"}
    host, port = connected.address.rsplit(":", 1)
    ipaddress.ip_address(host.strip("[]"))
    assert int(port) > 0


async def test_missing_sections_are_offered(driver: Driver) -> None:
    ann = await driver.join(Tone(500), Flat(180))
    bob = await driver.join(Tone(700))
    hub = driver.native.new_id()
    driver.native.open_hub(driver.room, hub)
    sound, picture = ann.publish("audio"), ann.publish("video")
    driver.native.connect(hub, [ann.peer, bob.peer])
    for track in (sound, picture, bob.publish("audio")):
        driver.native.connect(track, [hub])
    pictures = await bob.frames(picture, 3)
    assert brightness(pictures[-1]) == pytest.approx(180, abs=12)
    assert pitch_of((await bob.frames(sound, 25))[5:]) == pytest.approx(500, abs=10)
    offers = [e for e in driver.events if isinstance(e, _native.Offered) and e.peer == bob.peer]
    assert len(offers) == 1, "bob's audio section is used; only video must be offered"
    for event in driver.events:
        if isinstance(event, _native.Mapped) and event.peer == ann.peer:
            assert sound not in event.tracks.values(), "nobody hears themselves"


async def test_a_section_is_used_again_for_another_track(driver: Driver) -> None:
    ann = await driver.join(Flat(60))
    cid = await driver.join(Flat(220))
    bob = await driver.join(receive=("video",))
    dark, light = ann.publish("video"), cid.publish("video")
    driver.native.connect(dark, [bob.peer])
    assert brightness((await bob.frames(dark, 3))[-1]) == pytest.approx(60, abs=12)
    since = len(driver.events)
    driver.native.disconnect(dark, [bob.peer])
    driver.native.connect(light, [bob.peer])
    mid = await bob.mid_of(light, since)
    assert mid == await bob.mid_of(dark)
    async with asyncio.timeout(20):
        while abs(brightness((await bob.frames(light, 1, since))[-1]) - 220) > 12:
            pass
    assert not any(isinstance(event, _native.Offered) for event in driver.events)


async def test_a_paused_track_is_silent_and_comes_back(driver: Driver) -> None:
    ann = await driver.join(Flat(90))
    bob = await driver.join(receive=("video",))
    picture = ann.publish("video")
    driver.native.connect(picture, [bob.peer])
    mid = await bob.mid_of(picture)
    await bob.frames(picture, 3)
    driver.native.pause(picture, True)
    for _ in range(20):  # what was on its way still comes
        while not bob.received[mid].empty():
            bob.received[mid].get_nowait()
        await asyncio.sleep(0.5)
        if bob.received[mid].empty():
            break
    assert bob.received[mid].empty()
    assert driver.native.counters()["paused"] > 0
    driver.native.pause(picture, False)
    assert len(await bob.frames(picture, 3)) == 3


async def test_a_closed_peer_says_goodbye(driver: Driver) -> None:
    ann = await driver.join(Tone(600))
    driver.native.close_peer(ann.peer)
    await driver.until(lambda: ann.connection.connectionState == "closed")
    await driver.until(lambda: driver.native.counters()["peers"] == 0)
    assert not any(isinstance(event, _native.Closed) for event in driver.events)


async def test_statistics_speak_of_connected_peers(driver: Driver) -> None:
    driver.native.set_statistics_interval(200)
    ann = await driver.join(Tone(600))
    bob = await driver.join(receive=("audio",))
    driver.native.connect(ann.publish("audio"), [bob.peer])

    def says_enough(event: _native.Statistics) -> bool:
        rows = {row.peer: row for row in event.peers}
        return (
            {ann.peer, bob.peer} <= rows.keys()
            and rows[ann.peer].bitrate_in > 5_000
            and rows[bob.peer].bitrate_out > 5_000
            and rows[bob.peer].packets_out > 20
        )

    statistics = await driver.wait(_native.Statistics, says_enough)
    assert statistics.room == driver.room


async def test_who_speaks_is_told(driver: Driver) -> None:
    # An audio endpoint is not silenced by a client's own voice detection.
    bot, voice = driver.native.new_id(), driver.native.new_id()
    driver.native.open_audio(driver.room, bot)
    driver.native.publish(bot, "audio", voice)
    driver.native.play_audio(bot, tone(440, 48_000))
    speaker = await driver.wait(_native.Speaker)
    assert (speaker.room, speaker.track) == (driver.room, voice)
    levels = await driver.wait(_native.AudioLevels)
    assert [track for track, _ in levels.levels] == [voice]
    assert 0 < levels.levels[0][1] <= 127
    await driver.wait(_native.Speaker, lambda event: event.track is None)


async def test_ice_restarts_both_ways(driver: Driver) -> None:
    ann = await driver.join(Tone(600))
    bob = await driver.join(receive=("audio",))
    sound = ann.publish("audio")
    driver.native.connect(sound, [bob.peer])
    await bob.frames(sound, 5)
    bob.answers = False
    driver.native.restart_ice(bob.peer)
    offered = await driver.wait(_native.Offered, lambda event: event.peer == bob.peer)
    answered = await driver.wait(_native.Answered, lambda event: event.peer == bob.peer)
    assert fragments(offered.sdp) != fragments(answered.sdp)


def fragments(sdp: str) -> set[str]:
    return {line for line in sdp.splitlines() if line.startswith("a=ice-ufrag:")}


async def test_peers_beyond_the_limit_are_refused() -> None:
    native = _native.Engine(workers=1, udp_port=0, addresses=["127.0.0.1"], max_peers=2)
    driver = Driver(native)
    try:
        clients = [Client(driver) for _ in range(3)]
        closed = await driver.wait(_native.Closed)
        assert (closed.peer, closed.reason) == (clients[2].peer, "error")
    finally:
        await driver.close()
