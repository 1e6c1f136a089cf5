"""What a node with SIP tells of itself, and SIP over its web listeners and over a restart."""

import asyncio
import socket
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.support.fixtures import unavailable
from tests.support.node import PROGRAM, Node, run_node
from tests.support.sip_site import header, request, status
from tests.support.sipp import missing, play
from tests.support.telephony import PASSWORD, make_account, stored_contacts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SIP = Subprotocol("sip")


async def test_discovery_and_figures(node: Node) -> None:
    async with httpx.AsyncClient(base_url=node.url) as client:
        endpoints = (await client.get("/.well-known/antiphon.json")).json()["endpoints"]
        figures = (await client.get("/metrics")).text
    port, secure = node.port("sip"), node.port("sips")
    assert {f"udp:{port}", f"tcp:{port}", f"tls:{secure}", "ws:/sip"} <= set(endpoints["sip"])
    for name in ("bindings", "connections", "machine_received_total", "calls"):
        assert f"antiphon_sip_{name}" in figures


async def test_websocket(node: Node) -> None:
    url = f"{node.url.replace('http', 'ws', 1)}/sip"
    async with connect(url, subprotocols=[SIP], origin="https://elsewhere.example") as ws:  # type: ignore[arg-type]
        assert ws.subprotocol == "sip"
        asked = request("OPTIONS", "sip:localhost", via="x.invalid", transport="WS")
        await ws.send(asked)
        answer = await ws.recv()
        assert isinstance(answer, str)
        assert status(answer) == 200
        await ws.send(request("OPTIONS", "sip:localhost", via="x.invalid", transport="WS").encode())
        assert status(str(await ws.recv())) == 200
        await ws.send("\r\n\r\n")
        assert await ws.recv() == "\r\n"
        call = request(
            "INVITE", "sip:a@localhost", via="x.invalid", transport="WS", domain="localhost"
        )
        await ws.send(call)
        challenge = str(await ws.recv())
        assert status(challenge) == 407
        assert 'realm="localhost"' in header(challenge, "proxy-authenticate")


async def test_a_websocket_that_does_not_say_sip(node: Node) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        async with connect(f"{node.url.replace('http', 'ws', 1)}/sip") as ws:
            await ws.recv()


async def test_telephones_are_known_after_a_restart(tmp_path: Path, artifacts: Path) -> None:
    if reason := missing():
        unavailable(reason)
    (data := tmp_path / "data").mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.setblocking(False)
        port = phone.getsockname()[1]
        async with run_node(data, artifacts / "node.log") as node:
            await make_account(node, "ann")
            await make_account(node, "ben")
            keys = {"contact_port": str(port)}
            server = f"127.0.0.1:{node.port('sip')}"
            await play("register", tmp_path / "r", server, user="ben", password=PASSWORD, keys=keys)
            await stored_contacts(node, 1)
            await node.kill()
        async with run_node(data, artifacts / "node.log") as node:
            server = f"127.0.0.1:{node.port('sip')}"
            calling = asyncio.create_task(
                play(
                    "call_busy",
                    tmp_path / "c",
                    server,
                    user="ann",
                    password=PASSWORD,
                    keys={"called": "ben"},
                )
            )
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(20):
                data_, back = await loop.sock_recvfrom(phone, 65_535)
            leg = data_.decode()
            assert leg.startswith(f"INVITE sip:ben@127.0.0.1:{port}")
            kept = [
                line
                for line in leg.split("\r\n")
                if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:"))
            ]
            lines = ["SIP/2.0 486 Busy Here", *kept, f"To: {header(leg, 'to')};tag=x"]
            busy = "\r\n".join([*lines, "Content-Length: 0", "", ""])
            await loop.sock_sendto(phone, busy.encode(), back)
            await calling


async def test_doctor(node: Node) -> None:
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        "doctor",
        "--data",
        str(node.data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    lines = [line for line in output.decode().splitlines() if line[5:9].strip() == "sip"]
    assert len(lines) >= 3, output.decode()
    assert all(line.startswith("ok ") for line in lines), lines
    for transport in ("udp", "tcp", "tls"):
        assert any(f" {transport} 127.0.0.1:" in line for line in lines), lines
