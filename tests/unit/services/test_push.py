"""Push messages, as a real HTTP service receives them and a browser decrypts them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused
from antiphon.net.public import NotPublic, Outside, is_public
from antiphon.services.accounts import Accounts
from antiphon.services.config import AccountsConfig, PushConfig
from antiphon.services.push import Notification, Push, payload_of
from antiphon.services.push_delivery import WebPusher
from antiphon.services.push_queue import FairQueue
from antiphon.services.web_push import (
    MAX_PAYLOAD,
    Vapid,
    decode64,
    encode64,
    encrypt,
    read_key,
)
from antiphon.stores.database import Database
from antiphon.stores.records import KeyKind
from tests.support.push_service import Browser, Service, push_service

QUICK = AccountsConfig(password_hash=(KeyKind.SCRAM_SHA_256,), scram_iterations=4096)
PASSWORD = "correct horse"
NEWS = Notification(kind="message", title="Bob", text="hello ☎", tag="bob", data={"peer": "bob"})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with push_service() as made:
        yield made


@dataclass
class Here:
    push: Push
    accounts: Accounts
    ann: Address
    vapid: Vapid

    async def settled(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.push.sent.total() < count:
                await asyncio.sleep(0.01)


@pytest.fixture
async def here(sqlite_url: str, addresses: Addresses, tmp_path: Path) -> AsyncIterator[Here]:
    async with Database(sqlite_url) as database:
        accounts = Accounts(database, addresses, QUICK)
        ann = addresses.parse("ann")
        await accounts.create(ann, PASSWORD)
        vapid = Vapid(read_key(tmp_path), "mailto:root@example.org")
        outside = Outside(patience=5, anywhere=True)
        config = PushConfig(subscriptions=2, attempts=3, max_waiting_per_account=3)
        push = Push(database, WebPusher(outside, vapid), config, anywhere=True)
        await push.open()
        task = asyncio.create_task(push.run())
        yield Here(push, accounts, ann, vapid)
        task.cancel()
        push.close()
        await asyncio.gather(task, return_exceptions=True)
        await accounts.close()


async def reason(coroutine: object) -> Reason:
    with pytest.raises(Refused) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value.reason


async def subscribe(here: Here, url: str, browser: Browser) -> str:
    made = await here.push.subscribe(
        here.ann.on("web"), url, browser.p256dh, encode64(browser.auth), "laptop"
    )
    return made.id


async def test_a_browser_reads_what_was_pushed(here: Here, service: Service) -> None:
    browser = Browser()
    await subscribe(here, service.url(), browser)
    here.push.notify(here.ann, NEWS)
    await here.settled(1)
    (received,) = service.received
    assert received.path == "/p/1"
    assert json.loads(browser.read(received.body)) == {
        "kind": "message",
        "title": "Bob",
        "text": "hello ☎",
        "tag": "bob",
        "data": {"peer": "bob"},
    }
    fields = received.fields
    assert (fields["TTL"], fields["Urgency"]) == ("86400", "normal")
    assert fields["Content-Encoding"] == "aes128gcm"
    assert len(fields["Topic"]) == 32
    assert b"hello" not in received.body
    assert here.push.sent == {"taken": 1}


async def test_the_push_service_can_tell_who_pushes(here: Here, service: Service) -> None:
    await subscribe(here, service.url(), Browser())
    here.push.notify(here.ann, NEWS)
    await here.settled(1)
    kind, token, key = service.received[0].fields["Authorization"].split(" ")
    assert (kind, key) == ("vapid", f"k={here.vapid.public_key}")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode64(key[2:]))
    origin = f"http://127.0.0.1:{service.port}"
    claims = jwt.decode(token[2:].rstrip(","), public, ["ES256"], audience=origin)
    assert claims["sub"] == "mailto:root@example.org"


@pytest.mark.parametrize("status", [b"404 Not Found", b"410 Gone"])
async def test_a_subscription_that_is_gone_is_forgotten(
    here: Here, service: Service, status: bytes
) -> None:
    service.answers = [b"HTTP/1.1 " + status]
    await subscribe(here, service.url(), Browser())
    here.push.notify(here.ann, NEWS)
    await here.settled(1)
    assert await here.push.of(here.ann) == []
    # Nothing more comes there, though it comes elsewhere.
    await subscribe(here, service.url("/p/2"), Browser())
    here.push.notify(here.ann, NEWS)
    await here.settled(2)
    assert [one.path for one in service.received] == ["/p/1", "/p/2"]


async def test_a_busy_service_is_asked_again(here: Here, service: Service) -> None:
    service.answers = [
        b"HTTP/1.1 503 Busy\r\nRetry-After: 0",
        b"HTTP/1.1 429 Slowly\r\nRetry-After: 0",
    ]
    await subscribe(here, service.url(), Browser())
    here.push.notify(here.ann, NEWS)
    await here.settled(1)
    assert len(service.received) == 3
    assert here.push.sent == {"taken": 1}
    service.answers = [b"HTTP/1.1 500 No\r\nRetry-After: 0"] * 3
    here.push.notify(here.ann, NEWS)
    await here.settled(2)
    assert here.push.sent == {"taken": 1, "failed": 1}
    assert len(await here.push.of(here.ann)) == 1


async def test_a_refusal_is_not_repeated(here: Here, service: Service) -> None:
    service.answers = [b"HTTP/1.1 413 Too large"]
    await subscribe(here, service.url(), Browser())
    here.push.notify(here.ann, NEWS)
    await here.settled(1)
    assert here.push.sent == {"refused": 1}
    assert len(await here.push.of(here.ann)) == 1


@pytest.mark.parametrize("answer", [b"SSH-2.0-x", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000])
async def test_what_is_no_push_service(service: Service, answer: bytes) -> None:
    service.answers = [answer] * 3
    outside = Outside(patience=2, anywhere=True)
    with pytest.raises(ConnectionError, match="does not speak HTTP"):
        await outside.post(service.url(), {}, b"x")


async def test_a_redirection_is_not_followed(here: Here, service: Service) -> None:
    service.answers = [b"HTTP/1.1 302 Found\r\nLocation: /elsewhere"]
    answer = await Outside(patience=2, anywhere=True).post(service.url(), {}, b"x")
    assert (answer.status, len(service.received)) == (302, 1)


async def test_one_who_floods_drops_messages_not_memory(here: Here, service: Service) -> None:
    await subscribe(here, service.url(), Browser())
    for _ in range(10):
        here.push.notify(here.ann, NEWS)
    assert here.push.sent["dropped"] == 7
    await here.settled(10)
    assert here.push.sent == {"dropped": 7, "taken": 3}


async def test_subscriptions_of_an_account(here: Here, addresses: Addresses) -> None:
    first = await subscribe(here, "https://push.example/1", Browser())
    assert await subscribe(here, "https://push.example/1", Browser()) == first
    await subscribe(here, "https://push.example/2", Browser())
    await subscribe(here, "https://push.example/3", Browser())
    found = await here.push.of(here.ann)
    assert [one.endpoint[-1] for one in found] == ["2", "3"]  # the oldest made room
    assert "push.example" not in repr(found)
    bob = addresses.parse("bob")
    keys = (Browser().p256dh, encode64(b"0" * 16))
    assert await reason(here.push.subscribe(bob, "https://x.example", *keys)) is Reason.FORBIDDEN
    assert not await here.push.unsubscribe(bob, found[0].id)
    assert await here.push.unsubscribe(here.ann, found[0].id)
    await here.accounts.remove(here.ann)
    assert await here.push.of(here.ann) == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "ftp://x",
        "https://",
        "javascript:1",
        "https://u:p@x/",
        "https://x/\r\nX: y",
        "https://[",
        "https://x:0/",
        "https://x/" + "y" * 2048,
        "https://ü.example/",
    ],
)
async def test_what_is_no_endpoint(here: Here, endpoint: str) -> None:
    keys = (Browser().p256dh, encode64(b"0" * 16))
    assert await reason(here.push.subscribe(here.ann, endpoint, *keys)) is Reason.BAD_REQUEST


@pytest.mark.parametrize(
    ("key", "auth"),
    [
        ("", encode64(b"0" * 16)),
        ("!!!!", encode64(b"0" * 16)),
        (encode64(b"\x04" + b"\0" * 64), encode64(b"0" * 16)),
        (Browser().p256dh, encode64(b"0" * 15)),
        (Browser().p256dh, "ü"),
    ],
)
async def test_what_are_no_keys(here: Here, key: str, auth: str) -> None:
    made = here.push.subscribe(here.ann, "https://push.example/1", key, auth)
    assert await reason(made) is Reason.BAD_REQUEST


async def test_plain_http_is_for_development(here: Here, sqlite_url: str, service: Service) -> None:
    async with Database(sqlite_url) as database:
        push = Push(database, WebPusher(Outside(patience=1), here.vapid))
        keys = (Browser().p256dh, encode64(b"0" * 16))
        made = push.subscribe(here.ann, service.url(), *keys)
        assert await reason(made) is Reason.BAD_REQUEST


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "[::ffff:10.0.0.1]"])
async def test_nobody_reaches_what_stands_behind_us(host: str) -> None:
    with pytest.raises(NotPublic):
        await Outside(patience=2).post(f"https://{host}:9/", {}, b"")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:1.1.1.1", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::101:101", True),
        ("2002:7f00:1::", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_payload_fits_into_one_record() -> None:
    long = Notification(kind="message", title="☎" * 5000, text="☎" * 5000, tag="☎" * 5000)
    assert len(payload_of(long)) <= MAX_PAYLOAD
    with pytest.raises(ValueError, match="at most"):
        encrypt(b"x" * (MAX_PAYLOAD + 1), b"", b"")
    browser = Browser()
    whole = b"x" * MAX_PAYLOAD
    sealed = encrypt(whole, decode64(browser.p256dh), browser.auth)
    assert len(sealed) == 4096
    assert browser.read(sealed) == whole


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    def number(key: ec.EllipticCurvePrivateKey) -> int:
        return key.private_numbers().private_value

    assert number(read_key(tmp_path)) == number(read_key(tmp_path))
    assert (tmp_path / "push.key").stat().st_mode & 0o077 == 0
    (tmp_path / "push.key").write_text("garbage")
    with pytest.raises(ValueError):  # noqa: PT011
        read_key(tmp_path)


def test_a_token_is_made_anew_in_time() -> None:
    clock = [1_800_000_000.0]
    key = ec.generate_private_key(ec.SECP256R1())
    vapid = Vapid(key, "mailto:a@b.c", clock=lambda: clock[0])
    first = vapid.authorization("https://push.example/1")
    assert vapid.authorization("https://push.example/2") == first
    assert vapid.authorization("https://other.example/2") != first
    clock[0] += 3601
    assert vapid.authorization("https://push.example/1") != first


async def test_an_error_of_ours_does_not_stop_the_rest(
    here: Here, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    await subscribe(here, service.url(), Browser())
    broken = Notification(kind="message", title=None)  # type: ignore[arg-type]
    here.push.notify(here.ann, broken)
    here.push.notify(here.ann, NEWS)
    await here.settled(2)
    assert here.push.sent == {"failed": 1, "taken": 1}
    assert "push to ann@example.org failed" in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "[fd00::1]", "localhost"])
async def test_nobody_subscribes_what_stands_behind_us(here: Here, host: str) -> None:
    here.push._anywhere = False
    keys = (Browser().p256dh, encode64(b"0" * 16))
    made = here.push.subscribe(here.ann, f"https://{host}/p/1", *keys)
    assert await reason(made) is Reason.BAD_REQUEST


async def test_a_slow_service_holds_up_its_own_account_only(
    here: Here, service: Service, addresses: Addresses
) -> None:
    """It takes what comes, and never answers."""
    stuck, release, gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def tarpit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stuck.set()
        await release.wait()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(tarpit, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await subscribe(here, f"http://127.0.0.1:{port}/", Browser())
        bob = addresses.parse("bob")
        await here.accounts.create(bob, PASSWORD)
        browser = Browser()
        keys = (browser.p256dh, encode64(browser.auth))
        await here.push.subscribe(bob, service.url().replace("127.0.0.1", "localhost"), *keys)
        for _ in range(3):
            here.push.notify(here.ann, NEWS)
        await stuck.wait()
        here.push.notify(bob, NEWS)
        await here.settled(1)
        assert here.push.sent == {"taken": 1}
        assert here.push._hosts == {"127.0.0.1": 1}
        release.set()
        await gone.wait()


async def test_a_request_ends_in_time_however_slowly_it_goes(service: Service) -> None:
    gone = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.transport.is_closing():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.01)
        gone.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TimeoutError):
            await Outside(patience=0.2, anywhere=True).post(f"http://127.0.0.1:{port}/", {}, b"x")
        await gone.wait()


async def test_who_subscribes_while_another_subscription_ends_is_pushed_to(
    here: Here, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await subscribe(here, service.url("/p/1"), Browser())
    read = here.push._database.read

    async def meanwhile(work: Any) -> Any:
        found = await read(work)
        if found is False:  # there is none any more
            monkeypatch.undo()
            await subscribe(here, service.url("/p/2"), Browser())
        return found

    monkeypatch.setattr(here.push._database, "read", meanwhile)
    assert await here.push.unsubscribe(here.ann, first)
    here.push.notify(here.ann, NEWS)
    await here.settled(1)
    assert [one.path for one in service.received] == ["/p/2"]


async def test_what_was_to_be_tried_again_is_not_sent_to_who_has_unsubscribed(
    here: Here, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.answers = [b"HTTP/1.1 503 Busy\r\nRetry-After: 0"]
    id = await subscribe(here, service.url(), Browser())
    later: list[Any] = []
    monkeypatch.setattr(here.push, "_try_later", lambda *args: later.append(args))
    here.push.notify(here.ann, NEWS)
    async with asyncio.timeout(20):
        while not later:
            await asyncio.sleep(0.01)
    assert await here.push.unsubscribe(here.ann, id)
    await here.push._deliver(later[0][0])
    assert len(service.received) == 1


async def test_keys_come_in_turn_and_one_item_of_each_at_a_time() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for key, item in (("a", 1), ("a", 2), ("b", 3), ("a", 4)):
        queue.put(key, item)
    assert (len(queue), queue.of("a")) == (4, 3)
    assert [await queue.take(), await queue.take()] == [("a", 1), ("b", 3)]
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()  # one of `a` is taken, and `b` has no more
    queue.done("b")
    queue.done("a")
    assert await waiting == ("a", 2)
    queue.put("b", 5)
    queue.done("a")
    assert [await queue.take(), await queue.take()] == [("b", 5), ("a", 4)]
    queue.done("a")
    assert (len(queue), queue.of("a"), queue.of("b")) == (0, 0, 1)
