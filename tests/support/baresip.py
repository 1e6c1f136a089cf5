"""A telephone: baresip in a process of its own, steered over its control socket.

It sounds a tone of its own and records what it hears; it knows nothing of the server.
"""

import asyncio
import contextlib
import json
import math
import shutil
import struct
import wave
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.ports import free_ports
from tests.support.wait import until

MODULES = Path("/usr/lib/baresip/modules")
RATE = 16000
SOUNDING = 90  # seconds of tone
LOADED = [
    *("g711", "g722", "opus", "l16", "aufile", "aubridge", "sndfile"),
    *("srtp", "dtls_srtp", "ice", "stun", "account", "menu", "ctrl_tcp"),
]
APPLICATIONS = {"menu", "ctrl_tcp"}
TEMPORARY = {"account"}

Event = Mapping[str, Any]


def missing() -> str:
    """Why there can be no telephone here; empty if there can."""
    return "" if shutil.which("baresip") and MODULES.is_dir() else "baresip is not installed"


@dataclass
class Phone:
    """A running telephone. `port`: where it listens for SIP (UDP and TCP, TLS one above)."""

    name: str
    folder: Path
    port: int
    tone: int
    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[Event] = field(default_factory=list)
    replies: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)

    async def command(self, name: str, parameters: str = "") -> str:
        """Give a command of baresip's menu; what it answers."""
        text = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self.writer.write(b"%d:%b," % (len(text), text))
        reply = await asyncio.wait_for(self.replies.get(), 20)
        assert reply["ok"], f"{self.name}: {name} {parameters}: {reply}"
        return str(reply["data"])

    async def dial(self, uri: str) -> None:
        """Call somebody."""
        await self.command("dial", uri)

    async def accept(self) -> None:
        """Answer the call that rings."""
        await self.command("accept")

    async def hang_up(self) -> None:
        """End the current call."""
        await self.command("hangup")

    async def event(self, kind: str, count: int = 1, within: float = 20.0) -> Event:
        """The `count`-th event of a kind, e.g. `CALL_ESTABLISHED`, as soon as it came."""

        async def seen() -> list[Event]:
            return [one for one in self.events if one["type"] == kind]

        found = await until(
            f"{self.name}: {kind}", seen, lambda some: len(some) >= count, within, 0.05
        )
        return found[count - 1]

    async def registered(self, within: float = 20.0) -> None:
        """Wait until its registrar has said yes, perhaps before we could listen to events."""

        async def said() -> str:
            return (self.folder / "baresip.log").read_text(errors="replace")

        await until(
            f"{self.name} is registered", said, lambda log: " 200 OK () [1 binding" in log, within
        )

    def heard(self) -> list[int]:
        """All samples of the latest recording of what came in, at `rate` of that recording."""
        recordings = sorted(
            self.folder.glob("dump-*-dec.wav"), key=lambda file: file.stat().st_mtime
        )
        return read_wave(recordings[-1])[1] if recordings else []

    def recording_rate(self) -> int:
        """Samples per second of the latest recording."""
        recordings = sorted(
            self.folder.glob("dump-*-dec.wav"), key=lambda file: file.stat().st_mtime
        )
        return read_wave(recordings[-1])[0]

    def loudness(self, tone: int, seconds: float = 1.0) -> float:
        """How loud a tone is in the last `seconds` heard: its part of full scale."""
        heard = self.heard()
        if not heard:
            return 0.0
        rate = self.recording_rate()
        return amplitude(heard[-int(rate * seconds) :], rate, tone)

    async def hears(self, tone: int, within: float = 20.0, level: float = 0.02) -> None:
        """Wait until that tone is heard."""

        async def loudness() -> float:
            return self.loudness(tone)

        await until(
            f"{self.name} hears {tone} Hz", loudness, lambda value: value > level, within, 0.25
        )

    async def listen(self) -> None:
        """Gather events until the control connection ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            while True:
                length = int((await self.reader.readuntil(b":"))[:-1])
                message = json.loads((await self.reader.readexactly(length + 1))[:-1])
                if message.get("response"):
                    self.replies.put_nowait(message)
                else:
                    self.events.append(message)


@contextlib.asynccontextmanager
async def run_phone(
    folder: Path,
    name: str,
    *,
    tone: int,
    account: str = "",
    settings: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Phone]:
    """Start a telephone that sounds `tone` (Hz) and end it when the block is left.

    `account`: a line of baresip's accounts file (`<sip:a@localhost;transport=tcp>;auth_pass=x`);
    empty: one without a registrar. `settings`: more lines of its configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, control = free_ports(1, span=2)[0], free_ports(1)[0]
    write_tone(folder / "tone.wav", tone)
    lines = {
        "sip_listen": f"{host}:{port}",
        "audio_source": f"aufile,{folder / 'tone.wav'}",
        "audio_player": "aubridge,nobody",
        "audio_alert": "aubridge,nobody",
        "ausrc_srate": str(RATE),
        "auplay_srate": str(RATE),
        "ausrc_channels": "1",
        "auplay_channels": "1",
        "rtp_timeout": "0",
        "module_path": str(MODULES),
        "ctrl_tcp_listen": f"127.0.0.1:{control}",
        "snd_path": str(folder),
        **(settings or {}),
    }
    text = "".join(f"{key}\t{value}\n" for key, value in lines.items())
    (folder / "config").write_text(text + "".join(_module(module) for module in LOADED))
    line = account or f"<sip:{name}@{host}:{port}>;regint=0"
    (folder / "accounts").write_text(line + "\n")
    (folder / "contacts").write_text("")
    with (folder / "baresip.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            "baresip", "-f", str(folder), "-v", "-s",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    listening: asyncio.Task[None] | None = None
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await _connect(process, control, folder / "baresip.log")
        phone = Phone(name, folder, port, tone, process, reader, writer)
        listening = asyncio.create_task(phone.listen())
        yield phone
    finally:
        if writer is not None:
            writer.close()
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()
        if listening is not None:
            await listening


async def _connect(
    process: asyncio.subprocess.Process, port: int, log: Path
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(100):
        with contextlib.suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", port)
        if process.returncode is not None:
            break
        await asyncio.sleep(0.1)
    raise AssertionError(f"baresip did not start\n{log.read_text()[-2000:]}")


def _module(name: str) -> str:
    key = "module_app" if name in APPLICATIONS else "module_tmp" if name in TEMPORARY else "module"
    return f"{key}\t{name}.so\n"


def write_tone(file: Path, tone: int, rate: int = RATE, seconds: int = SOUNDING) -> None:
    """A wave file of one tone at a quarter of full scale; one period table, repeated."""
    period = rate  # one second holds whole periods of any whole frequency
    samples = [round(8000 * math.sin(2 * math.pi * tone * i / rate)) for i in range(period)]
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(struct.pack(f"<{period}h", *samples) * seconds)


def read_wave(file: Path) -> tuple[int, list[int]]:
    """(rate, samples of the first channel) of a file that is still being written."""
    data = file.read_bytes()
    if len(data) < 44:
        return RATE, []
    channels, rate = struct.unpack("<HI", data[22:28])
    count = (len(data) - 44) // 2
    samples = struct.unpack(f"<{count}h", data[44 : 44 + 2 * count])
    return rate, list(samples[::channels])


def amplitude(samples: list[int], rate: int, tone: int) -> float:
    """The amplitude of one frequency, as a part of full scale (Goertzel)."""
    if not samples:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * tone / rate)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample / 32768 + factor * last - before
    power = last * last + before * before - factor * last * before
    return 2 * math.sqrt(max(power, 0.0)) / len(samples)
