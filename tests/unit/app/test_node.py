"""A node embedded in a program: opens, serves, is looked at, closes; failures to start leave
nothing behind.
"""

import asyncio
import socket
import sqlite3
import ssl
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from antiphon import Node
from antiphon.app.bot import Bot
from antiphon.app.config import Config, load
from antiphon.app.errors import StartError
from antiphon.app.folder import find_running
from antiphon.core.event import Draining, Event


def config(tmp_path: Path, **environment: str) -> Config:
    free = {
        "ANTIPHON_HTTP_LISTEN": ":0",
        "ANTIPHON_HTTP_TLS_LISTEN": "",
        "ANTIPHON_SIP_LISTEN": ":0",
        "ANTIPHON_XMPP_LISTEN": ":0",
        "ANTIPHON_XMPP_TLS_LISTEN": ":0",
        "ANTIPHON_SIP_TLS_LISTEN": "",
        "ANTIPHON_WEBRTC_UDP_PORT": ":0",
        "ANTIPHON_NODE_DATA": str(tmp_path / "data"),
    }
    return load(dev=True, environment=free | environment)


async def test_serves_until_the_block_is_left(tmp_path: Path) -> None:
    async with Node(config(tmp_path), plugins=()) as node:
        protocols = [protocol for protocol, _ in node.listening]
        assert protocols[0] == "http"
        assert protocols[-1] == "webrtc"
        address = node.listening[0][1]
        assert address.startswith("127.0.0.1:")
        assert node.web_address == f"http://localhost:{address.rpartition(':')[2]}/"
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            assert (await client.get("/readyz")).json()["status"] == "ready"
            assert (await client.get("/healthz")).status_code == 200
        running = find_running(node.config.node.data)
        assert running is not None
        assert running.url == f"http://{address}"
    assert find_running(node.config.node.data) is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{address}/readyz")


async def test_the_same_folder_serves_again(tmp_path: Path) -> None:
    for _ in range(2):
        async with Node(config(tmp_path), plugins=()) as node:
            assert node.listening


async def test_figures_of_the_whole_node(tmp_path: Path) -> None:
    async with Node(config(tmp_path, ANTIPHON_NODE_NAME="n7"), plugins=()) as node:
        url = f"http://{node.listening[0][1]}"
        async with (
            httpx.AsyncClient() as client,
            await node.join("r") as bot,
            connect(f"ws{url[4:]}/ws"),
        ):
            await bot.say("hello")
            await client.get(f"{url}/api/v1/rooms", headers={"Authorization": "Bearer x"})
            text = (await client.get(f"{url}/metrics")).text
    lines = set(text.splitlines())
    for line in (
        f'antiphon_info{{node="n7",version="{node.version}"}} 1.0',
        "antiphon_rooms 1.0",
        "antiphon_members 1.0",
        'antiphon_tracks{kind="audio"} 1.0',
        "antiphon_ws_connections 1.0",
        "antiphon_connections 2.0",
        "antiphon_message_append_seconds_count 1.0",
        "antiphon_draining 0.0",
    ):
        assert line in lines, f"{line}\n{text}"
    assert "# TYPE antiphon_media_packets_in_total counter" in lines
    assert any(line.startswith("antiphon_media_cpu_seconds_total ") for line in lines)
    assert 'status="401"' in text


async def test_draining_tells_and_turns_away(tmp_path: Path) -> None:
    async with Node(config(tmp_path, ANTIPHON_LIMITS_DRAIN_TIME="600"), plugins=()) as node:
        url = f"http://{node.listening[0][1]}"
        bot = await node.join("r")
        heard = asyncio.create_task(_kinds(bot))
        draining = asyncio.create_task(node.drain())
        await asyncio.sleep(0)  # it has begun
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{url}/readyz")
            assert answer.status_code == 503
            assert answer.json()["detail"] == "draining"
        assert not draining.done()
        await bot.leave()
        async with asyncio.timeout(20):
            await draining
        assert Draining in await heard


async def _kinds(bot: Bot) -> list[type[Event]]:
    return [type(event) async for event in bot.events()]


async def test_draining_does_not_wait_for_ever(tmp_path: Path) -> None:
    async with Node(config(tmp_path, ANTIPHON_LIMITS_DRAIN_TIME="0.3"), plugins=()) as node:
        await node.join("r")
        async with asyncio.timeout(20):
            await node.drain()


async def test_a_taken_port_is_said_with_its_key(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = f"127.0.0.1:{taken.getsockname()[1]}"
        wanted = r"cannot listen: .*Address already in use.*\[http\] listen.*ANTIPHON_HTTP_LISTEN"
        with pytest.raises(StartError, match=wanted):
            async with Node(config(tmp_path, ANTIPHON_HTTP_LISTEN=text), plugins=()):
                pass
    async with Node(config(tmp_path, ANTIPHON_HTTP_LISTEN=text), plugins=()):
        pass


async def test_a_taken_media_port_is_said_with_its_key(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = str(taken.getsockname()[1])
        with pytest.raises(StartError, match=r"UDP ports of media.*\[webrtc\] udp_port"):
            async with Node(config(tmp_path, ANTIPHON_WEBRTC_UDP_PORT=port), plugins=()):
                pass


async def test_a_data_folder_serves_one_node(tmp_path: Path) -> None:
    async with Node(config(tmp_path), plugins=()):
        with pytest.raises(StartError, match=r"another node uses the data folder .*--data"):
            async with Node(config(tmp_path), plugins=()):
                pass


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("ANTIPHON_NODE_DATA", "/proc/antiphon", "cannot use the data folder /proc/antiphon"),
        ("ANTIPHON_STORAGE_DATABASE", "sqlite:////proc/x.db", r"\[storage\] database"),
        ("ANTIPHON_STORAGE_DATABASE", "postgresql://x@127.0.0.1:1/x", r"\[storage\] database"),
    ],
)
async def test_failures_to_start(tmp_path: Path, key: str, value: str, words: str) -> None:
    with pytest.raises(StartError, match=words):
        async with Node(config(tmp_path, **{key: value}), plugins=()):
            pass


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "antiphon.db").write_text("this is no database, and must stay as it is")
    with pytest.raises(StartError, match="cannot open the database"):
        async with Node(config(tmp_path), plugins=()):
            pass
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "data" / "antiphon.db").execute("select * from rooms")


async def test_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("x")
    environment = {
        "ANTIPHON_HTTP_TLS_LISTEN": "127.0.0.1:0",
        "ANTIPHON_TLS_CERTIFICATE": str(tmp_path / "c.pem"),
        "ANTIPHON_TLS_KEY": str(tmp_path / "absent.pem"),
    }
    with pytest.raises(StartError, match=r"c\.pem.*\[tls\] certificate and key"):
        async with Node(config(tmp_path, **environment), plugins=()):
            pass


async def test_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    async with Node(config(tmp_path, ANTIPHON_HTTP_TLS_LISTEN=":0"), plugins=()) as node:
        address = dict(node.listening)["https"]
        pem = tmp_path / "data" / "tls" / "self-signed.pem"
        context = ssl.create_default_context(cafile=str(pem))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        async with httpx.AsyncClient(verify=context) as client:
            answer = await client.get(f"https://localhost:{address.rpartition(':')[2]}/readyz")
            assert answer.status_code == 200


async def test_errors_of_the_program_come_out_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="of the program"):
        async with Node(config(tmp_path), plugins=()):
            raise LookupError("of the program")


async def test_a_web_server_that_ends_takes_the_node_with_it(tmp_path: Path) -> None:
    async def serve() -> None:
        async with Node(config(tmp_path), plugins=()) as node:
            (server,) = [task for task in asyncio.all_tasks() if task.get_name() == "http"]
            server.cancel()
            await node.serve_forever()

    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(serve(), 20)
    assert caught.group_contains(RuntimeError, match="the web server ended")
