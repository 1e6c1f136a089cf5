"""A SIP telephone in a browser (SIP.js or JsSIP), with the tone of its person."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.browser import Browser, browse
from tests.support.page import bare_page
from tests.support.person import Person
from tests.support.wait import until

FOLDER = Path(__file__).parent / "sip_libraries"
Library = Literal["sipjs", "jssip"]
TONE_TOLERANCE = 15.0  # Hz
QUIET = -70.0  # dB


def bundle() -> Path:
    """The bundled libraries, installed as their lock file says and built once."""
    built = FOLDER / "dist"
    sources = [FOLDER / name for name in ("package-lock.json", "sipjs.js", "jssip.js")]
    newest = max(source.stat().st_mtime for source in sources)
    if not (built / "jssip.js").exists() or (built / "jssip.js").stat().st_mtime < newest:
        npm = shutil.which("npm")
        assert npm is not None, "npm is not installed"
        command = [npm, "ci", "--ignore-scripts", "--silent"]
        subprocess.run(command, cwd=FOLDER, check=True)
        subprocess.run([npm, "run", "--silent", "build"], cwd=FOLDER, check=True)
    return built


@dataclass
class WebPhone:
    """A page with a telephone of one of the libraries."""

    person: Person
    browser: Browser

    async def register(self, server: str, address: str, password: str) -> None:
        """Register over the WebSocket `server` as `address` (user@domain)."""
        given = json.dumps({"server": server, "address": address, "password": password})
        await self.browser.evaluate(f"phone.start({given})")
        await self.becomes("registered", "true")

    async def call(self, uri: str) -> None:
        await self.browser.evaluate(f"phone.call({json.dumps(uri)}).then(() => null)")

    async def answer(self) -> None:
        await self.browser.evaluate("Promise.resolve(phone.answer()).then(() => null)")

    async def hang_up(self) -> None:
        await self.browser.evaluate("Promise.resolve(phone.hangUp()).then(() => null)")

    async def becomes(self, name: str, value: str, within: float = 20.0) -> None:
        """Wait until a property of the telephone (`state`, `registered`, `failure`) is that."""
        await until(
            f"{name} of {self.person.name}'s telephone is {value}",
            lambda: self.browser.evaluate(f"String(phone.{name})"),
            lambda seen: seen == value,
            within,
        )

    async def hears(self, frequency: float, within: float = 20.0) -> None:
        """Wait until that tone is the strongest that is heard."""
        await until(
            f"{self.person.name} hears {frequency} Hz",
            lambda: self.browser.evaluate("probe.hearAny()"),
            lambda heard: (
                heard is not None
                and heard["level"] > QUIET
                and abs(heard["frequency"] - frequency) < TONE_TOLERANCE
            ),
            within,
            0.5,
        )


@contextlib.asynccontextmanager
async def run_web_phone(
    library: Library, person: Person, folder: Path, logs: Path
) -> AsyncIterator[WebPhone]:
    """A telephone in a Chromium of its own, not yet registered."""
    script = (bundle() / f"{library}.js").read_text()
    with bare_page(folder / f"{person.name}-page") as page:
        (page.folder / "phone.js").write_text(script)
        (page.folder / "index.html").write_text(
            "<!doctype html><title>Telephone</title><script src=phone.js></script>"
        )
        log = logs / f"{person.name}-{library}.log"
        async with browse("chrome", person, folder / person.name, log=log) as browser:
            await browser.open(f"{page.origin}/index.html")
            yield WebPhone(person, browser)
