"""One real browser with one page, behind a driver process; it knows nothing of rooms."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import urllib.parse
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal

from tests.support.person import Person, write_picture, write_tone

HERE = Path(__file__).parent
DRIVER = HERE / "driver"
SHARED_TITLE = "What is shared"
Kind = Literal["chrome", "firefox"]

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    # A tab with this title is what is shared.
    f"--auto-select-tab-capture-source-by-title={SHARED_TITLE}",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-renderer-backgrounding",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    # Host candidates with addresses instead of mDNS names, which need a multicast network.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
FIREFOX_PREFERENCES: dict[str, Any] = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.peerconnection.ice.proxy_only_if_behind_proxy": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.devices.insecure.enabled": True,
    "media.getusermedia.insecure.enabled": True,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "extensions.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


class BrowserError(Exception):
    """What the driver or the page answered instead of a value."""


def installed(kind: Kind) -> str | None:
    """Path of the browser's program, or None."""
    names = {
        "chrome": ("chromium", "chromium-browser", "google-chrome"),
        "firefox": ("firefox-esr", "firefox"),
    }[kind]
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """A page, told what to do by its driver; made by `browse`.

    `errors`: exceptions that no script of the page caught, and crashes.
    """

    def __init__(self, kind: Kind, process: asyncio.subprocess.Process, log: IO[str]) -> None:
        self.kind = kind
        self.errors: list[str] = []
        self._process = process
        self._log = log
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._reader = asyncio.create_task(self._read())

    async def open(self, url: str) -> None:
        await self._ask("open", url=url)

    async def open_behind(self, html: str) -> None:
        """A second tab, behind the page, whose title is `SHARED_TITLE`: something to share."""
        page = f"<title>{SHARED_TITLE}</title>{html}"
        await self._ask("openTab", url="data:text/html," + urllib.parse.quote(page))

    async def to_front(self) -> None:
        """Show the page again (sharing a tab shows that one)."""
        await self._ask("front")

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression (a promise is awaited), as JSON has it."""
        return await self._ask("evaluate", expression=expression)

    async def click(self, selector: str) -> None:
        """Click by mouse; `>>>` in the selector goes through shadow roots."""
        await self._ask("click", selector=selector)

    async def type(self, selector: str, text: str) -> None:
        await self._ask("type", selector=selector, text=text)

    async def press(self, key: str) -> None:
        await self._ask("press", key=key)

    async def viewport(self, width: int, height: int) -> None:
        await self._ask("viewport", width=width, height=height)

    async def scheme(self, value: Literal["light", "dark"]) -> None:
        """What the person's system prefers (Chromium only)."""
        await self._ask("scheme", value=value)

    async def permit(self, origin: str, *permissions: str) -> None:
        """Let pages of that origin do so, as `notifications`."""
        await self._ask("permit", origin=origin, permissions=permissions)

    async def push(self, origin: str, data: str) -> None:
        """Hand a push message to the service worker of that origin, decrypted (Chromium only)."""
        await self._ask("push", origin=origin, data=data)

    async def evaluate_in_worker(self, expression: str) -> Any:
        """The value of an expression in the page's service worker (Chromium only)."""
        return await self._ask("evaluateInWorker", expression=expression)

    async def screenshot(self, path: Path) -> None:
        """Keep what the page looks like once its short animations are over."""
        await self.evaluate("probe.settled()")
        await self._ask("screenshot", path=str(path))

    async def _ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": self._number, "method": method, "params": params})
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()
        return await answer

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if "event" in message:
                if message["event"] != "console":
                    self.errors.append(message["text"])
                print(f"{message['event']} {message['text']}", file=self._log, flush=True)
                continue
            answer = self._waiting.pop(message["id"])
            if answer.done():
                continue
            if "error" in message:
                answer.set_exception(BrowserError(message["error"]))
            else:
                answer.set_result(message["value"])
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(BrowserError("the driver is gone"))

    async def start(self, options: dict[str, Any]) -> None:
        launched = await self._ask("launch", **options)
        print(f"launched {launched['version']}", file=self._log, flush=True)

    async def stop(self) -> None:
        """End driver and browser, whatever state they are in."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 20)
        except TimeoutError:
            # The driver began a process group: its browser goes with it.
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        await self._reader


def chromium_options(
    person: Person, folder: Path, flags: Sequence[str], allowed: bool
) -> dict[str, Any]:
    picture = write_picture(person, folder / "picture.y4m")
    tone = write_tone(person, folder / "tone.wav")
    own = [
        f"--use-file-for-fake-video-capture={picture}",
        f"--use-file-for-fake-audio-capture={tone}",
    ]
    if allowed:
        own.append("--auto-accept-camera-and-microphone-capture")
    return {"args": [*CHROMIUM_FLAGS, *own, *flags], "profile": str(folder / "profile")}


def firefox_options(preferences: dict[str, Any]) -> dict[str, Any]:
    return {"args": [], "prefs": FIREFOX_PREFERENCES | preferences}


def preload_scripts(kind: Kind, person: Person) -> list[str]:
    """Scripts that run in each page before its own."""
    values = {"hue": person.hue, "frequency": person.frequency, "screenHue": person.screen_hue}
    scripts = [f"globalThis.antiphonPerson = {json.dumps(values)};"]
    if kind == "firefox":
        scripts.append((HERE / "fake_devices.js").read_text())
        # Without a screen none of its windows ever has the focus; Chromium's has.
        scripts.append("Document.prototype.hasFocus = () => true;")
    return [*scripts, (HERE / "probe.js").read_text()]


@contextlib.asynccontextmanager
async def browse(
    kind: Kind,
    person: Person,
    folder: Path,
    *,
    inside: Sequence[str] = (),
    flags: Sequence[str] = (),
    preferences: dict[str, Any] | None = None,
    allowed: bool = True,
    log: Path | None = None,
) -> AsyncIterator[Browser]:
    """A browser with the person's camera and microphone. `folder`: scratch space of its own.

    `inside`: a command that the driver is run by, such as `ip netns exec NAME`. `allowed`: pages
    get camera and microphone without a question (Chromium).
    """
    folder.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {
        "browser": kind,
        "executable": installed(kind),
        "preload": preload_scripts(kind, person),
        "viewport": {"width": 1280, "height": 800},
    }
    options |= (
        chromium_options(person, folder, flags, allowed)
        if kind == "chrome"
        else firefox_options(preferences or {})
    )
    node = shutil.which("node")
    assert node is not None
    with (log or folder / "browser.log").open("a") as file:
        process = await asyncio.create_subprocess_exec(
            *inside,
            node,
            str(DRIVER / "driver.mjs"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
            limit=16 << 20,
            start_new_session=True,
        )
        browser = Browser(kind, process, file)
        try:
            await browser.start(options)
            yield browser
            assert not browser.errors
        finally:
            await browser.stop()
