"""Plug-ins: what they may do, and that their errors harm nobody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from antiphon import Node
from antiphon.app.config import load
from antiphon.app.errors import StartError
from antiphon.app.plugin import GROUP, Plugin, Setup, installed
from antiphon.core.event import Event, RoomClosed, RoomOpened
from antiphon.core.policy import Policy, WrappedPolicy
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import CurrentCaller

FREE = {
    "ANTIPHON_HTTP_LISTEN": ":0",
    "ANTIPHON_HTTP_TLS_LISTEN": "",
    "ANTIPHON_SIP_LISTEN": ":0",
    "ANTIPHON_XMPP_LISTEN": ":0",
    "ANTIPHON_XMPP_TLS_LISTEN": ":0",
    "ANTIPHON_SIP_TLS_LISTEN": "",
    "ANTIPHON_WEBRTC_UDP_PORT": ":0",
}


def node(tmp_path: Path, *plugins: tuple[str, Setup]) -> Node:
    environment = {**FREE, "ANTIPHON_NODE_DATA": str(tmp_path / "data")}
    return Node(load(dev=True, environment=environment), plugins=plugins)


class Closed(WrappedPolicy):
    """No room may be opened but one."""

    def may_create(self, caller: Caller, room: str) -> None:
        if room != "open":
            raise Refused(Reason.FORBIDDEN, "Closed by a plug-in.")
        super().may_create(caller, room)


class Recorder:
    """A plug-in that uses everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.running = asyncio.Event()
        self.ended = False

    def setup(self, plugin: Plugin) -> None:
        router = APIRouter()

        @router.get("/whoami")
        async def whoami(caller: CurrentCaller) -> str:
            return str(caller.address)

        plugin.add_router(router)
        plugin.on_event(self.events.append)
        plugin.add_task(self.run)
        plugin.set_policy(self.wrap)

    def wrap(self, policy: Policy) -> Policy:
        return Closed(policy)

    async def run(self) -> None:
        self.running.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


@pytest.fixture
async def recorder(tmp_path: Path) -> AsyncIterator[tuple[Node, Recorder]]:
    recorder = Recorder()

    def breaks(plugin: Plugin) -> None:
        plugin.on_event(lambda _: 1 / 0)  # type: ignore[arg-type]
        plugin.add_task(fails)

    async def fails() -> None:
        raise RuntimeError("a bug of the plug-in")

    async with node(tmp_path, ("breaks", breaks), ("recorder", recorder.setup)) as running:
        yield running, recorder


async def test_policy_events_resources_and_tasks(recorder: tuple[Node, Recorder]) -> None:
    running, heard = recorder
    async with asyncio.timeout(20):
        await heard.running.wait()
    with pytest.raises(Refused, match="Closed by a plug-in"):
        await running.join("other")
    async with await running.join("open", name="Bot") as bot:
        await bot.say("hello")
    kinds = [type(event) for event in heard.events]
    assert kinds[0] is RoomOpened
    assert kinds[-1] is RoomClosed
    url = f"http://{running.listening[0][1]}/api/v1"
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/whoami")).status_code == 401
        token = (await client.post(f"{url}/auth/guest", json={"name": "Ann"})).json()
        headers = {"Authorization": f"Bearer {token['token']}"}
        answer = await client.get(f"{url}/whoami", headers=headers)
        assert answer.json() == token["address"]
        assert "/api/v1/whoami" in (await client.get(f"{url}/openapi.json")).json()["paths"]


async def test_tasks_end_with_the_node(tmp_path: Path) -> None:
    recorder = Recorder()
    async with node(tmp_path, ("recorder", recorder.setup)):
        async with asyncio.timeout(20):
            await recorder.running.wait()
    assert recorder.ended


async def test_a_plugin_that_cannot_be_set_up_is_named(tmp_path: Path) -> None:
    def broken(_: Plugin) -> None:
        raise ValueError("no key for the moon")

    with pytest.raises(StartError, match=r"plug-in broken: .*no key for the moon"):
        async with node(tmp_path, ("broken", broken)):
            pass
    # Nothing stays open or locked behind it.
    async with node(tmp_path):
        pass


def test_installed_plugins_are_found_by_their_entry_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "moon-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: moon\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(f"[{GROUP}]\nmoon = moon_plugin:setup\n")
    (tmp_path / "moon_plugin.py").write_text("def setup(plugin): plugin.name = 'the moon'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = dict(installed())
    assert "moon" in found
