"""A real node in a process of its own; knows its command line and what it prints at the start."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / ".venv" / "bin" / "antiphon"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 40.0

ANY_PORT = {
    "ANTIPHON_HTTP_LISTEN": "127.0.0.1:0",
    "ANTIPHON_HTTP_TLS_LISTEN": "127.0.0.1:0",
    "ANTIPHON_WEBRTC_UDP_PORT": "0",
    "ANTIPHON_SIP_LISTEN": "127.0.0.1:0",
    "ANTIPHON_XMPP_LISTEN": "127.0.0.1:0",
    "ANTIPHON_XMPP_TLS_LISTEN": "127.0.0.1:0",
    "ANTIPHON_SIP_TLS_LISTEN": "127.0.0.1:0",
}


class NodeError(AssertionError):
    """The node did not start or stop as it should; the text ends with its log."""


@dataclass
class Node:
    """A running node.

    `listening`: protocol → addresses, as the `listening` lines say; `url`: the web address, without
    a slash at its end; `printed`: all that came up to `ready`.
    """

    process: asyncio.subprocess.Process
    data: Path
    log: Path
    listening: dict[str, list[str]] = field(default_factory=dict)
    url: str = ""
    printed: str = ""
    killed: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    def port(self, protocol: str) -> int:
        """The port of the first listener of `protocol` (`http`, `https`, `webrtc` …)."""
        return int(self.listening[protocol][0].rpartition(":")[2])

    def rss(self) -> int:
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.killed = True
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise NodeError(f"no end {STOP_TIMEOUT} s after SIGTERM\n{tail(self.log)}") from None


def tail(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


async def read_start(node: Node) -> None:
    """Read what is printed up to `ready`."""
    assert node.process.stdout is not None
    while line := (await node.process.stdout.readline()).decode():
        node.printed += line
        line = line.strip()
        if line == "ready":
            return
        if found := re.fullmatch(r"listening (\S+) (\S+)", line):
            node.listening.setdefault(found[1], []).append(found[2])
        elif found := re.fullmatch(r"web (\S+)", line):
            node.url = found[1].rstrip("/")
    raise NodeError(f"the node ended before `ready`\n{tail(node.log)}")


async def drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


@contextlib.asynccontextmanager
async def run_node(
    data: Path,
    log: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    inside: Sequence[str] = (),
    dev: bool = True,
) -> AsyncIterator[Node]:
    """Start `antiphon serve`, wait for `ready`, and end it by SIGTERM, which must exit with 0.

    `inside`: a command that it is run by, such as `ip netns exec NAME`.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANTIPHON_")}
    command = [*inside, str(PROGRAM), "serve", *(["--dev"] if dev else []), "--data", str(data)]
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
            env=clean | ANY_PORT | dict(environment or {}),
            cwd=data,
        )
    node = Node(process, data, log)
    assert process.stdout is not None
    try:
        await asyncio.wait_for(read_start(node), START_TIMEOUT)
        if not node.url:
            node.url = f"http://{node.listening['http'][0]}"
    except BaseException:
        process.kill()
        await drain(process.stdout)
        await process.wait()
        raise
    drained = asyncio.create_task(drain(process.stdout))
    try:
        yield node
    finally:
        code = 0 if node.killed or process.returncode is not None else await node.terminate()
        await drained
    if not node.killed and (process.returncode or code):
        raise NodeError(f"the node ended with {process.returncode}\n{tail(log)}")
