"""`antiphon serve` as a process: what it prints, signals, the commands that talk to it."""

import asyncio
import contextlib
import json
import re
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from antiphon.net.interfaces import lan_addresses
from antiphon.net.tls import Pair, self_signed
from tests.support.node import PROGRAM, Node, run_node
from tests.support.wait import until


@pytest.fixture
async def node(tmp_path: Path, artifacts: Path) -> AsyncIterator[Node]:
    """A node in development mode."""
    data = tmp_path / "data"
    data.mkdir()
    async with run_node(data, artifacts / "node.log") as running:
        yield running


async def command(node: Node, *arguments: str) -> tuple[int, str]:
    """A command of the shell for that node: exit code and all output."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        "--data",
        node.data,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def enter(node: Node, socket: object, room: str) -> None:
    """Join over the room WebSocket as a guest."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{node.url}/api/v1/auth/guest", json={"name": "Ann"})
    token = answer.json()["token"]
    for message in ({"type": "hello", "token": token}, {"type": "join", "id": 1, "room": room}):
        await socket.send(json.dumps(message))  # type: ignore[attr-defined]
        reply = json.loads(await socket.recv())  # type: ignore[attr-defined]
        assert reply["type"] in ("welcome", "joined"), reply


async def test_what_is_printed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [PROGRAM, "serve", "--dev", "--data", tmp_path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={
            "ANTIPHON_HTTP_LISTEN": ":0",
            "ANTIPHON_HTTP_TLS_LISTEN": ":0",
            "ANTIPHON_WEBRTC_UDP_PORT": ":0",
            "ANTIPHON_SIP_LISTEN": ":0",
            "ANTIPHON_XMPP_LISTEN": ":0",
            "ANTIPHON_XMPP_TLS_LISTEN": ":0",
            "ANTIPHON_SIP_TLS_LISTEN": ":0",
            "ANTIPHON_NODE_WORKERS": "2",
        },
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip()]
    while lines[-1] not in ("ready", ""):
        lines.append(process.stdout.readline().rstrip())
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stdout.read() == ""
    process.stdout.close()
    *listening, web, ready = lines
    assert ready == "ready"
    assert re.fullmatch(r"web http://localhost:\d+/", web)
    for line in listening:
        assert re.fullmatch(
            r"listening (https?|sips?|xmpps?|webrtc) (127\.0\.0\.1|\[::1\]|0\.0\.0\.0):\d+", line
        )
    assert sum(line.startswith("listening webrtc ") for line in listening) == 2
    assert all(not line.endswith(":0") for line in listening)


async def test_sigterm_tells_members_and_ends_with_0(node: Node) -> None:
    async with connect(f"{node.url.replace('http', 'ws')}/ws") as socket:
        await enter(node, socket, "r")
        node.process.send_signal(signal.SIGTERM)
        heard: list[str] = []
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(20):
                async for frame in socket:
                    heard.append(json.loads(frame)["type"])  # noqa: PERF401 - kept when it ends
        assert "draining" in heard
        assert socket.close_code in (1001, 1012)
    async with asyncio.timeout(20):
        assert await node.process.wait() == 0


async def test_a_second_signal_ends_at_once(tmp_path: Path, artifacts: Path) -> None:
    environment = {"ANTIPHON_LIMITS_DRAIN_TIME": "60"}
    (tmp_path / "data").mkdir()
    running = run_node(tmp_path / "data", artifacts / "node.log", environment=environment)
    node = await running.__aenter__()
    async with connect(f"{node.url.replace('http', 'ws')}/ws") as socket:
        await enter(node, socket, "r")
        node.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert node.process.returncode is None
        node.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await node.process.wait() == 128 + signal.SIGTERM
    node.killed = True
    await running.__aexit__(None, None, None)


async def test_commands_look_at_the_running_node(node: Node) -> None:
    assert await command(node, "room", "list") == (0, "")
    async with connect(f"{node.url.replace('http', 'ws')}/ws") as socket:
        await enter(node, socket, "standup")
        assert await command(node, "room", "list") == (0, "standup\t1 members\n")
        code, output = await command(node, "room", "show", "standup")
        assert code == 0
        assert re.search(
            r"^member\tm_\S+\tAnn\t\S+@guest.localhost\tmoderator$", output, re.MULTILINE
        )
        assert (await command(node, "room", "show", "other"))[0] == 1
        assert await command(node, "room", "close", "standup") == (0, "")
        async with asyncio.timeout(20):
            while json.loads(await socket.recv())["type"] != "ended":
                pass
    assert await command(node, "room", "list") == (0, "")


async def test_calls_are_listed_and_shown(node: Node) -> None:
    assert await command(node, "call", "list") == (0, "")
    code, output = await command(node, "call", "show", "none")
    assert (code, output) == (1, "antiphon: There is no such call.\n")
    for name in ("ann", "bob"):
        assert (await command(node, "user", "add", name, "--password", "correct horse"))[0] == 0
    token = (await command(node, "token", "--identity", "ann"))[1].strip()
    async with connect(f"{node.url.replace('http', 'ws')}/ws") as socket:
        await socket.send(json.dumps({"type": "hello", "token": token}))
        assert json.loads(await socket.recv())["type"] == "welcome"
        await socket.send(json.dumps({"type": "call", "id": 1, "to": "bob"}))
        assert json.loads(await socket.recv())["reason"] == "unavailable"
    code, output = await until(
        "the call is stored",
        lambda: command(node, "call", "list", "--account", "bob"),
        lambda found: found != (0, ""),
    )
    assert code == 0
    (line,) = output.splitlines()
    _, id, caller, callee, reason = line.split("\t")
    assert caller.startswith("ann@localhost")
    assert (callee, reason) == ("bob@localhost", "unavailable")
    code, output = await command(node, "call", "show", id)
    assert code == 0
    assert f"id\t{id}\n" in output
    assert re.search(r"^started_at\t20\d\d-", output, re.MULTILINE)


async def test_drain_stops_the_node(node: Node) -> None:
    assert await command(node, "drain") == (0, "stopped\n")
    async with asyncio.timeout(20):
        assert await node.process.wait() == 0


async def test_the_doctor_finds_a_node_in_good_health(node: Node) -> None:
    code, output = await command(node, "doctor", "--timeout", "20")
    assert code == 0, output
    states = {tuple(line.split()[:2]) for line in output.splitlines()}
    for name in (
        "config",
        "data",
        "node",
        "database",
        "api",
        "http",
        "https",
        "websocket",
        "media",
    ):
        assert ("ok", name) in states, output
    assert "UDP 127.0.0.1 port" in output
    for transport in ("tcp", "tls"):
        found = rf"^ok +xmpp +{transport} 127\.0\.0\.1:\d+ takes log-ins by TLSv1\.3, and names"
        assert re.search(found, output, re.MULTILINE), output
    # The room in which it looked is gone.
    assert await command(node, "room", "list") == (0, "")


async def test_the_doctor_finds_what_is_wrong(node: Node) -> None:
    (node.data / "secret").chmod(0o644)
    node.process.send_signal(signal.SIGSTOP)
    try:
        code, output = await command(node, "doctor", "--timeout", "0.5")
    finally:
        node.process.send_signal(signal.SIGCONT)
    assert code == 1
    assert re.search(r"^fail +secret .*chmod 600", output, re.MULTILINE)
    assert re.search(r"^fail +api .*does not answer", output, re.MULTILINE)
    assert re.search(r"^fail +websocket ", output, re.MULTILINE)


async def test_lines_of_the_log_are_json_if_wanted(tmp_path: Path, artifacts: Path) -> None:
    (tmp_path / "data").mkdir()
    log = artifacts / "node.log"
    log.unlink(missing_ok=True)
    environment = {"ANTIPHON_NODE_LOG": "json", "ANTIPHON_NODE_NAME": "n1"}
    async with (
        run_node(tmp_path / "data", log, environment=environment) as node,
        connect(f"{node.url.replace('http', 'ws')}/ws") as socket,
    ):
        await enter(node, socket, "r")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(entry["node"] == "n1" for entry in entries)
    (joined,) = [entry for entry in entries if entry["message"] == "member joined"]
    assert joined["room"] == "r"
    assert joined["member"].startswith("m_")
    assert joined["connection"].startswith("c")


@pytest.mark.skipif(not lan_addresses(), reason="this machine has no address but loopback")
async def test_on_the_lan_over_https(tmp_path: Path, artifacts: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    environment = {"ANTIPHON_HTTP_TLS_LISTEN": ":0", "ANTIPHON_HTTP_LISTEN": ":0"}
    async with run_node(data, artifacts / "node.log", "--lan", environment=environment) as node:
        hosts = {address.rpartition(":")[0].strip("[]") for address in node.listening["https"]}
        assert set(lan_addresses()) <= hosts
        plain = {address.rpartition(":")[0] for address in node.listening["http"]}
        assert plain <= {"127.0.0.1", "[::1]"}
        context = ssl.create_default_context(cafile=str(data / "tls" / "self-signed.pem"))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for address in node.listening["https"]:
            answer = await asyncio.to_thread(_get, f"https://{address}/readyz", context)
            assert answer == 200


def _get(url: str, context: ssl.SSLContext) -> int:
    with urllib.request.urlopen(url, timeout=20, context=context) as answer:
        return int(answer.status)


def test_the_qr_code_says_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    from antiphon.app.serve import _show_code

    _show_code("https://192.0.2.1:8443/")
    shown = capsys.readouterr().out
    assert "telephone" in shown
    assert len(shown.splitlines()) > 12
    assert sys.stdout is not None


async def test_a_changed_certificate_is_served_without_a_restart(
    tmp_path: Path, artifacts: Path
) -> None:
    data, pair = tmp_path / "data", Pair(tmp_path / "c.pem", tmp_path / "k.pem")
    data.mkdir()
    _install(self_signed(tmp_path / "first", ["localhost", "first.example"]), pair)
    environment = {
        "ANTIPHON_TLS_CERTIFICATE": str(pair.certificate),
        "ANTIPHON_TLS_KEY": str(pair.key),
        "ANTIPHON_TLS_CHECK_INTERVAL": "0.1",
    }
    async with run_node(data, artifacts / "node.log", environment=environment) as node:
        port = node.port("https")
        first = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        assert first == pair.certificate.read_text()
        _install(self_signed(tmp_path / "second", ["localhost", "second.example"]), pair)
        async with asyncio.timeout(20):
            while (
                await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
                != pair.certificate.read_text()
            ):
                await asyncio.sleep(0.1)


def _install(made: Pair, pair: Pair) -> None:
    shutil.copy(made.certificate, pair.certificate)
    shutil.copy(made.key, pair.key)
