"""What belongs to accounts, in a whole node: news of profiles, pushed messages, locks that end
sessions, and removal of everything.
"""

import asyncio
import io
import json
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from antiphon import Node
from antiphon.app.config import load
from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.profile import Profile
from antiphon.core.reason import Reason, Refused
from antiphon.services.push import Notification
from antiphon.services.web_push import encode64
from antiphon.stores.records import AccountLimits
from antiphon.stores.tables import metadata
from tests.support.push_service import Browser, Service, push_service
from tests.support.signalling import signalling

PASSWORD = "correct horse"


@dataclass
class Here:
    node: Node
    url: str
    ann: Address
    bob: Address

    def caller(self, address: Address) -> Caller:
        return Caller(address=address, name=address.local.title())

    async def token(self, address: Address) -> str:
        async with httpx.AsyncClient(base_url=self.url) as http:
            body = {"address": str(address), "password": PASSWORD}
            answer = await http.post("/api/v1/auth/login", json=body)
            return str(answer.json()["token"])

    async def call(
        self, method: str, path: str, address: Address, **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self.token(address)}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers) as http:
            return await http.request(method, path, **options)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    environment = {
        "ANTIPHON_HTTP_LISTEN": ":0",
        "ANTIPHON_HTTP_TLS_LISTEN": "",
        "ANTIPHON_SIP_LISTEN": "",
        "ANTIPHON_SIP_TLS_LISTEN": "",
        "ANTIPHON_XMPP_LISTEN": "",
        "ANTIPHON_XMPP_TLS_LISTEN": "",
        "ANTIPHON_WEBRTC_UDP_PORT": ":0",
        "ANTIPHON_NODE_DATA": str(tmp_path / "data"),
        "ANTIPHON_AUTH_PASSWORD_HASH": "scram-sha-256",
    }
    async with Node(load(dev=True, environment=environment), plugins=()) as node:
        made = Here(
            node,
            f"http://{node.listening[0][1]}",
            node.addresses.parse("ann"),
            node.addresses.parse("bob"),
        )
        for address in (made.ann, made.bob):
            await node.accounts.create(address, PASSWORD)
        yield made


async def befriend(here: Here) -> None:
    await here.node.contacts.ask(here.bob, here.ann)
    await here.node.contacts.answer(here.ann, here.bob, True)


async def test_who_sees_an_account_hears_of_its_profile(here: Here) -> None:
    await befriend(here)
    async with signalling(here.url) as bob, signalling(here.url) as ann:
        await bob.hello(await here.token(here.bob), reachable=True)
        await ann.hello(await here.token(here.ann), reachable=True)
        await here.node.people.profiles.set(here.ann, Profile(nickname="Anna"))
        for client in (bob, ann):
            event = await client.event("profile_changed")
            assert (event["account"], event["name"]) == (str(here.ann), "Anna")
        await here.node.people.profiles.set(here.bob, Profile(nickname="Bobby"))
        assert (await bob.event("profile_changed"))["name"] == "Bobby"
        assert [one for one in ann.events if one["type"] == "profile_changed"] == []


async def subscribe(here: Here, service: Service, browser: Browser) -> None:
    await here.node.people.push.subscribe(
        here.ann, service.url(), browser.p256dh, encode64(browser.auth)
    )


async def test_a_message_that_nobody_listens_for_is_pushed(here: Here) -> None:
    browser = Browser()
    async with push_service() as service:
        await subscribe(here, service, browser)
        await here.node.switchboard.send(here.caller(here.bob), here.ann, "hello?")
        async with asyncio.timeout(20):
            while not service.received:
                await asyncio.sleep(0.01)
        news = json.loads(browser.read(service.received[0].body))
        assert (news["kind"], news["title"], news["text"]) == ("message", "Bob", "hello?")
        assert news["data"]["peer"] == str(here.bob)
        async with signalling(here.url) as ann:
            await ann.hello(await here.token(here.ann), reachable=True)
            await here.node.switchboard.send(here.caller(here.bob), here.ann, "there you are")
            await asyncio.sleep(0.2)
        assert len(service.received) == 1
        async with httpx.AsyncClient(base_url=here.url) as http:
            assert 'antiphon_push_total{outcome="taken"} 1.0' in (await http.get("/metrics")).text


async def test_a_missed_call_is_pushed(here: Here) -> None:
    browser = Browser()
    async with push_service() as service, signalling(here.url) as bob:
        await subscribe(here, service, browser)
        await bob.hello(await here.token(here.bob), reachable=True)
        reply = await bob.request("call", to=str(here.ann))
        assert (reply["type"], reply["reason"]) == ("refused", "unavailable")
        async with asyncio.timeout(20):
            while not service.received:
                await asyncio.sleep(0.01)
        news = json.loads(browser.read(service.received[0].body))
        assert (news["kind"], news["data"]["peer"]) == ("missed", str(here.bob))


@pytest.mark.parametrize("change", ["lock", "password", "remove"])
async def test_log_ins_that_are_void_end_sessions(here: Here, change: str) -> None:
    async with signalling(here.url) as ann, signalling(here.url) as bob:
        await ann.hello(await here.token(here.ann), reachable=True)
        await bob.hello(await here.token(here.bob), reachable=True)
        if change == "lock":
            await here.node.accounts.disable(here.ann)
        elif change == "password":
            await here.node.accounts.set_password(here.ann, f"{PASSWORD} 2")
        else:
            await here.node.accounts.remove(here.ann)
        assert (await ann.event("failed"))["reason"] == "unauthorized"
        assert await ann.close_code() is not None
        await bob.request("join", room="r")  # others stay


async def test_the_shell_locks_an_account_of_a_running_node(here: Here) -> None:
    program = Path(sys.executable).with_name("antiphon")
    async with signalling(here.url) as ann:
        await ann.hello(await here.token(here.ann), reachable=True)
        process = await asyncio.create_subprocess_exec(
            *(str(program), "user", "lock", "ann", "--data", str(here.node.config.node.data)),
            cwd=here.node.config.node.data,
        )
        assert await process.wait() == 0
        assert (await ann.event("failed"))["reason"] == "unauthorized"
    with pytest.raises(Refused):
        await here.node.accounts.authenticate(here.ann, PASSWORD)


async def test_the_shell_changes_a_password_of_a_running_node(here: Here) -> None:
    program = Path(sys.executable).with_name("antiphon")
    async with signalling(here.url) as ann, signalling(here.url) as bob:
        await ann.hello(await here.token(here.ann), reachable=True)
        await bob.hello(await here.token(here.bob))
        process = await asyncio.create_subprocess_exec(
            *(str(program), "user", "passwd", "ann", "--password", f"{PASSWORD} 2"),
            *("--data", str(here.node.config.node.data)),
            cwd=here.node.config.node.data,
        )
        assert await process.wait() == 0
        assert (await ann.event("failed"))["reason"] == "unauthorized"
        await bob.request("join", room="r")


async def test_an_account_has_so_many_sessions(here: Here) -> None:
    await here.node.accounts.update(here.ann, limits=AccountLimits(sessions=1))
    async with signalling(here.url) as first, signalling(here.url) as second:
        await first.hello(await here.token(here.ann))
        await second.send({"type": "hello", "token": await here.token(here.ann)})
        assert (await second.event("failed"))["reason"] == "too_many"
    async with signalling(here.url) as first, signalling(here.url) as second:
        await first.hello(await here.token(here.bob))
        await second.hello(await here.token(here.bob))


async def fill(here: Here) -> None:
    """Something of everything, for both."""
    node = here.node
    await befriend(here)
    await node.contacts.block(here.ann, ["eve@example.net"])
    for address, other in ((here.ann, here.bob), (here.bob, here.ann)):
        await node.switchboard.send(here.caller(address), other, f"from {address.local}")
        await node.people.profiles.set(address, Profile(note=f"note of {address.local}"))
        slot = await node.people.files.slot(here.caller(address), "a.txt", 3)
        upload = await node.people.files.receive(slot.id, slot.put_url.partition("token=")[2])
        await upload.write(b"abc")
        await upload.store()
        await upload.drop()
        await node.people.resets.begin(address)
        await node.people.push.subscribe(
            address, f"http://127.0.0.1:9/{address.local}", Browser().p256dh, encode64(b"0" * 16)
        )
    await node.rooms.save(RoomSettings(name="den", owner=here.ann))
    for number, (caller, callee) in enumerate([(here.ann, here.bob), (here.bob, here.ann)]):
        await record(
            node,
            CallInfo(
                id=f"call-{number}",
                room="",
                caller=caller,
                caller_name="",
                callee=callee,
                started_at=float(number),
            ),
        )


async def record(node: Node, call: CallInfo) -> None:
    """Wait until it is stored."""
    node.calls.record(replace(call, state=CallState.ENDED, reason=Reason.LEFT))
    while await node.calls.find(call.id) is None:
        await asyncio.sleep(0.01)


async def test_a_removed_account_leaves_nothing(here: Here) -> None:
    await fill(here)
    account = await here.node.accounts.find(here.ann)
    assert account is not None

    def traces(connection: Connection) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                text = repr(tuple(row))
                if str(here.ann) in text or account.id in text or "note of ann" in text:
                    found.setdefault(table.name, []).append(text)
        return found

    before = await here.node.database.read(traces)
    assert {"accounts", "account_keys", "profiles", "files", "resets", "push_subscriptions"} <= set(
        before
    )
    assert len(before) > 8, before
    answer = await here.call("DELETE", "/api/v1/accounts/me", here.ann)
    assert answer.status_code == 204
    after = await here.node.database.read(traces)
    # Bob's side of the conversation is Bob's; other nodes hear for a day that ann is gone.
    assert set(after) <= {"messages", "account_changes"}, after
    assert await here.node.calls.page(here.ann) == ([], False)
    calls, _ = await here.node.calls.page(here.bob)
    assert {(str(one.caller), str(one.callee)) for one in calls} == {
        (here.ann.domain, str(here.bob)),
        (str(here.bob), here.ann.domain),
    }
    assert not any("note of ann" in text for rows in after.values() for text in rows)
    files = [path for path in (here.node.config.node.data / "files").rglob("*") if path.is_file()]
    assert len(files) == 1
    with pytest.raises(Refused):
        await here.node.people.profiles.of(here.ann)
    assert (await here.node.people.profiles.of(here.bob)).note == "note of bob"
    assert await here.node.accounts.remove(here.bob)
    assert await here.node.calls.page(None) == ([], False)


async def test_an_export_tells_everything(here: Here) -> None:
    await fill(here)
    answer = await here.call("GET", "/api/v1/accounts/me/export", here.ann)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        lines = archive.read("messages.jsonl").decode().splitlines()
        assert sorted(json.loads(line)["text"] for line in lines) == ["from ann", "from bob"]
        contacts = json.loads(archive.read("contacts.json"))
        assert [one["address"] for one in contacts["contacts"]] == [str(here.bob)]
        assert contacts["blocked"] == ["eve@example.net"]
        calls = [json.loads(line) for line in archive.read("calls.jsonl").decode().splitlines()]
        assert [one["callee"] for one in calls] == [str(here.ann), str(here.bob)]
        assert json.loads(archive.read("profile.json"))["note"] == "note of ann"
        assert json.loads(archive.read("push.json"))[0]["endpoint"].endswith("/ann")
        assert any(name.startswith("files/") for name in archive.namelist())


async def test_nobody_is_pushed_to_who_has_not_subscribed(here: Here) -> None:
    here.node.people.push.notify(here.ann, Notification(kind="message", title="Bob"))
    assert not here.node.people.push.sent
