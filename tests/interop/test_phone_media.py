"""A browser's peer connection as a telephone, with nobody's signalling: its descriptions are handed
over as text, and what it says and shows reaches a room and comes from there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.core.description import Kind
from antiphon.net.interfaces import lan_addresses
from tests.support.browser import Browser, browse, installed
from tests.support.browser import Kind as BrowserKind
from tests.support.media import Real, real_media
from tests.support.page import bare_page
from tests.support.person import ANN
from tests.support.phones import Phone, call
from tests.support.wait import until
from tests.unit.media.test_audio import enter, heard, pitch, tone

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
BROWSERS: list[BrowserKind] = ["chrome", "firefox"]
# Firefox does not go to loopback from elsewhere.
ADDRESSES = ("127.0.0.1", *lan_addresses())
PAGE = """<!doctype html><title>Telephones</title><script>
class Phone {
  connection = new RTCPeerConnection();
  video = document.createElement("video");
  async begin(kinds) {
    this.connection.ontrack = ({ track, streams }) => {
      const element = track.kind === "video" ? this.video : document.createElement("audio");
      element.autoplay = true;
      element.srcObject = streams[0];
      document.body.append(element);
    };
    const wanted = { audio: true, video: kinds.includes("video") };
    this.stream = await navigator.mediaDevices.getUserMedia(wanted);
  }
  add() {
    for (const track of this.stream.getTracks()) this.connection.addTrack(track, this.stream);
  }
  async complete() {
    const { connection } = this;
    await connection.setLocalDescription();
    const soon = () => new Promise((go) => setTimeout(go, 20));
    while (connection.iceGatheringState !== "complete") await soon();
    return connection.localDescription.sdp;
  }
  async offer(kinds) {
    if (!this.stream) {
      await this.begin(kinds);
      this.add();
    }
    return this.complete();
  }
  accept(sdp) {
    return this.connection.setRemoteDescription({ type: "answer", sdp });
  }
  async answer(kinds, sdp) {
    const first = !this.stream;
    if (first) await this.begin(kinds);
    await this.connection.setRemoteDescription({ type: "offer", sdp });
    if (first) this.add();
    return this.complete();
  }
  press(digits) {
    const sender = this.connection.getSenders().find((one) => one.track?.kind === "audio");
    sender.dtmf.insertDTMF(digits, 120, 80);
  }
  async frames() {
    const entries = [...(await this.connection.getStats()).values()];
    const video = entries.find((one) => one.type === "inbound-rtp" && one.kind === "video");
    return video?.framesDecoded ?? 0;
  }
}
globalThis.one = new Phone();
globalThis.two = new Phone();
</script>"""


@pytest.fixture
async def real() -> AsyncIterator[Real]:
    async with real_media() as one:
        yield one


@pytest.fixture(params=BROWSERS)
async def browser(
    request: pytest.FixtureRequest, tmp_path: Path, sound: object
) -> AsyncIterator[Browser]:
    kind: BrowserKind = request.param
    if installed(kind) is None:
        pytest.skip(f"{kind} is not installed")
    with bare_page(tmp_path / "page") as page:
        (page.folder / "index.html").write_text(PAGE)
        async with browse(kind, ANN, tmp_path / "browser") as one:
            await one.open(f"{page.origin}/index.html")
            yield one


async def calls(browser: Browser, phone: Phone, *kinds: Kind, name: str = "one") -> None:
    """The browser offers."""
    offer = await browser.evaluate(f"{name}.offer({json.dumps(kinds)})")
    answer = await phone.session.accept_offer(offer)
    await browser.evaluate(f"{name}.accept({json.dumps(answer.text)})")
    await phone.renegotiated()


async def is_called(browser: Browser, phone: Phone, *kinds: Kind, name: str = "one") -> None:
    """We offer."""
    offer = await phone.session.offer(kinds)
    answer = await browser.evaluate(f"{name}.answer({json.dumps(kinds)}, {json.dumps(offer)})")
    await phone.session.accept_answer(0, answer)
    await phone.renegotiated()


async def hear_each_other(real: Real, browser: Browser, phone: Phone) -> None:
    await phone.join("ann", "r")
    async with await enter(real, "xi", "r") as xi:
        (from_browser,) = (await heard(xi)).values()
        assert pitch(from_browser) == pytest.approx(ANN.frequency, abs=15)
        xi.play(tone(700, 20))
        await until(
            "the browser hears 700 Hz",
            lambda: browser.evaluate("probe.hearAny()"),
            lambda found: found is not None and abs(found["frequency"] - 700) < 15,
        )


async def test_a_browser_calls(real: Real, browser: Browser) -> None:
    phone = Phone(real, browser=True, addresses=ADDRESSES)
    await calls(browser, phone, Kind.AUDIO)
    await hear_each_other(real, browser, phone)
    await browser.evaluate("one.press('15#')")
    await phone.line.pressed_all("15#")
    await is_called(browser, phone, Kind.AUDIO)
    assert not phone.line.ended
    phone.session.close()


async def test_a_browser_is_called_and_hears_prompts_first(real: Real, browser: Browser) -> None:
    phone = Phone(real, browser=True, addresses=ADDRESSES)
    await is_called(browser, phone, Kind.AUDIO)
    async with asyncio.timeout(20):
        await phone.line.up.wait()
        phone.session.play("enter_room_number")
        await phone.line.played_out.wait()
    await hear_each_other(real, browser, phone)
    await calls(browser, phone, Kind.AUDIO)
    phone.session.close()


async def test_pictures(real: Real, browser: Browser) -> None:
    """From the browser into a room, from there by RTP into another one, and back to the browser."""
    both = (Kind.AUDIO, Kind.VIDEO)
    sender, receiver = (
        Phone(real, browser=True, addresses=ADDRESSES),
        Phone(real, browser=True, addresses=ADDRESSES),
    )
    near, far = Phone(real), Phone(real)
    await calls(browser, sender, *both)
    await is_called(browser, receiver, *both, name="two")
    await call(near, far, kinds=both)
    await sender.join("ann", "r1")
    await near.join("ben", "r1")
    await far.join("cleo", "r2")
    await receiver.join("dan", "r2")
    await until("pictures come", lambda: browser.evaluate("two.frames()"), lambda n: n > 20, 30)
    for phone in (sender, receiver, near, far):
        phone.session.close()
