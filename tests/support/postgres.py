"""A private PostgreSQL cluster for tests: own folder, Unix socket only, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pytest

START_TIMEOUT = 30.0
USER = "antiphon"


def programs() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4])
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def require() -> Path:
    """The programs; without them the test is skipped, but fails in CI."""
    folder = programs()
    if folder is None:
        text = "PostgreSQL is not installed: run tools/test_packages.sh"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return folder


class Cluster:
    """A server that runs from `start` to `stop`. Not durable: tests kill clients, not it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="antiphon-pg-"))  # a socket's path is short
        self._data = self._folder / "data"
        self._count = 0
        self._server: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            os.chown(self._folder, *_server_user())

    def create(self) -> None:
        """Lay out the cluster's files and start it."""
        self._run(
            "initdb",
            *("--pgdata", str(self._data), "--username", USER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        self.start()

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                self._command(
                    *("postgres", "-D", str(self._data), "-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._folder}", "-c", "fsync=off"),
                    *("-c", "max_connections=60", "-c", "shared_buffers=16MB"),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text(errors="replace")[-4000:])
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop; by SIGINT it disconnects everybody and ends in order."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(30)
            self._server = None

    def remove(self) -> None:
        """Stop, and delete all files."""
        self.stop()
        shutil.rmtree(self._folder)

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        self._count += 1
        name = f"test{self._count}"
        self._run("createdb", "-h", str(self._folder), "-U", USER, name)
        return f"postgresql://{USER}@/{name}?host={quote(str(self._folder), safe='')}"

    def drop_database(self, url: str) -> None:
        """Delete a database, disconnecting whoever uses it."""
        name = url.partition("@/")[2].partition("?")[0]
        self._run("dropdb", "--force", "-h", str(self._folder), "-U", USER, name)

    def _is_ready(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", str(self._folder)]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            self._command(program, *arguments), check=True, stdout=subprocess.DEVNULL, cwd="/"
        )

    def _command(self, program: str, *arguments: str) -> list[str]:
        """PostgreSQL refuses to run as root; it ends with the one who started it."""
        command = ["setpriv", "--pdeathsig", "INT"]
        if os.getuid() == 0:
            user, group = _server_user()
            command += ["--reuid", str(user), "--regid", str(group), "--clear-groups"]
        return [*command, "--", str(self._programs / program), *arguments]


def _server_user() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise RuntimeError("there is no user to run PostgreSQL as")
