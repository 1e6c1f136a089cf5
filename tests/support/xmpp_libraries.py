"""XMPP clients of JavaScript: stanza and @xmpp/client in Node, Converse.js for a page."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent / "xmpp_libraries"
Library = Literal["stanza", "xmpp_client"]


def install() -> Path:
    """The folder of the libraries, installed as their lock file says."""
    done = FOLDER / "node_modules" / ".package-lock.json"
    lock = FOLDER / "package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        npm = shutil.which("npm")
        assert npm is not None, "npm is not installed"
        subprocess.run([npm, "ci", "--ignore-scripts", "--silent"], cwd=FOLDER, check=True)
    return FOLDER


# Its package names folders of its own as dependencies, which npm cannot install; only what it is
# built into is needed.
CONVERSE = "converse.js@14.0.0"
CONVERSE_SHA512 = (
    "LFUg030jDalV47vI/vyVPqYPZfJYXFbubq8v0cFDe2zXNeeGEk3Up0Fj/WTzT6t+6do+cAIToy73eAj7RNDj2Q=="
)


def converse(folder: Path) -> Path:
    """The files of Converse.js for a page, fetched into `folder`."""
    npm = shutil.which("npm")
    assert npm is not None, "npm is not installed"
    subprocess.run([npm, "pack", CONVERSE, "--silent"], cwd=folder, check=True, capture_output=True)
    (package,) = folder.glob("converse.js-*.tgz")
    digest = hashlib.sha512(package.read_bytes()).digest()
    assert base64.b64encode(digest).decode() == CONVERSE_SHA512, "another package than expected"
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "dist"


class LibraryError(AssertionError):
    """A command failed; the text is what the library said."""


class LibraryClient:
    """A client in a process of its own: commands with results, and events in their order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._number = 0
        self._results: dict[int, asyncio.Future[Any]] = {}
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def call(self, name: str, *args: Any, within: float = 20.0) -> Any:
        """What a command gives. Raises `LibraryError`."""
        self._number += 1
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._results[self._number] = done
        assert self._process.stdin is not None
        line = json.dumps({"id": self._number, "call": name, "args": args})
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(within):
            return await done

    async def event(
        self, name: str, fits: Callable[[Any], bool] = lambda _: True, within: float = 20.0
    ) -> Any:
        """The value of the first event of that name that fits and was not taken yet."""
        async with asyncio.timeout(within):
            while True:
                for at, event in enumerate(self.events):
                    if event["event"] == name and fits(event.get("value")):
                        return self.events.pop(at).get("value")
                if self._reader.done():
                    raise AssertionError(f"ended before {name}; came: {self.events}")
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            event = json.loads(line)
            waiting = self._results.pop(event.get("id", 0), None)
            if waiting is None:
                self.events.append(event)
            elif not waiting.done() and event["event"] == "done":
                waiting.set_result(event["result"])
            elif not waiting.done():
                waiting.set_exception(LibraryError(event["text"]))
            self._news.set()
        for waiting in self._results.values():
            if not waiting.done():
                waiting.set_exception(LibraryError("the client ended"))
        self._news.set()


@contextlib.asynccontextmanager
async def library_client(library: Library, log: Path) -> AsyncIterator[LibraryClient]:
    """A client that has not been started; certificates are not looked at."""
    node = shutil.which("node")
    assert node is not None, "Node is not installed"
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *(node, str(install() / f"{library}.mjs")),
            env=os.environ | {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
            limit=1 << 20,
        )
    client = LibraryClient(process)
    try:
        yield client
    finally:
        await client.close()
