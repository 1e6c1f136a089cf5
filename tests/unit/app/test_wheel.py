"""The wheel in an empty environment: with the locked packages and nothing else, it serves."""

import asyncio
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]


def call(*command: str | Path, cwd: Path) -> None:
    """Run a command that must succeed; its output is shown if it does not."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ANTIPHON_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=cwd, env=clean, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout, whose web assets are there."""
    folder = tmp_path_factory.mktemp("wheel")
    maturin = Path(sys.executable).with_name("maturin")
    call(maturin, "build", "--release", "--locked", "--out", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_holds_all_that_is_needed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    assert any(name.startswith("antiphon/_native") and name.endswith(".so") for name in names)
    for name in ("web/index.html", "web/room.html", "web/components/antiphon.js", "py.typed"):
        assert f"antiphon/{name}" in names
    assert any(name.startswith("antiphon/stores/migrations/versions/") for name in names)
    assert not any(name.startswith(("tests/", "web/", "crates/")) for name in names)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_serves_from_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    await asyncio.to_thread(install, wheel, tmp_path)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        tmp_path / "venv" / "bin" / "antiphon",
        "serve",
        "--dev",
        cwd=folder,
        env={
            "ANTIPHON_HTTP_LISTEN": ":0",
            "ANTIPHON_HTTP_TLS_LISTEN": ":0",
            "ANTIPHON_WEBRTC_UDP_PORT": ":0",
            "ANTIPHON_SIP_LISTEN": ":0",
            "ANTIPHON_XMPP_LISTEN": ":0",
            "ANTIPHON_XMPP_TLS_LISTEN": ":0",
            "ANTIPHON_SIP_TLS_LISTEN": ":0",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = ""
        async with asyncio.timeout(60):
            while (line := (await process.stdout.readline()).decode().strip()) != "ready":
                assert line, "the node ended"
                url = line.removeprefix("web ").rstrip("/") if line.startswith("web ") else url
        async with httpx.AsyncClient(base_url=url) as client:
            assert "<antiphon-" in (await client.get("/")).text
            assert (await client.get("/components/antiphon.js")).status_code == 200
            assert (await client.get("/readyz")).status_code == 200
    finally:
        process.terminate()
        assert await process.wait() == 0


def install(wheel: Path, folder: Path) -> None:
    """A virtual environment with the locked packages and the wheel."""
    venv.create(folder / "venv", with_pip=True)
    pip = (folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps")
    call(*pip, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=folder)
    call(*pip, wheel, cwd=folder)
    # What the wheel says it needs is what the lock has.
    call(folder / "venv" / "bin" / "python", "-m", "pip", "check", cwd=folder)
