"""Strangers who speak SIP well: scanners, floods, thieves. They are limited by source, cost no
state, are told nothing, and telephones do not notice them.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import baresip
from tests.support.figures import figures, sip_figure
from tests.support.fixtures import unavailable
from tests.support.sip_client import (
    DOMAIN,
    Client,
    client,
    header,
    invite,
    message,
    register,
    renewed,
    reply,
    status,
    with_credentials,
)
from tests.support.sip_strangers import (
    FLOODER,
    METHODS,
    NO_GUESTS,
    SCANNER,
    STRANGER,
    UNLIMITED,
    Start,
    server,
    start,
    unharmed,
)
from tests.support.telephony import PASSWORD, make_account, registered
from tests.support.wait import until

__all__ = ["start"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHALLENGES = 50_000
AT_ONCE = 100  # requests that wait for their answer
GROWTH = 16 << 20

# scanners

METHODS_OF_SCANNERS = ("REGISTER", "INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE")


def guess(method: str, user: str, via: str) -> bytes:
    """What scanners send, to and from a user that they guess."""
    if method == "REGISTER":
        return register(user, f"sip:{user}@{via}")
    more, body = METHODS[method]
    return message(
        method, f"sip:{user}@{DOMAIN}", f"Contact: <sip:{user}@{via}>", *more.split("\r\n"),
        sender=user, via=via, body=body,
    )  # fmt: skip


async def test_scanners_are_limited_by_source(start: Start) -> None:
    burst, rate = 200, 10
    limits = {
        "ANTIPHON_LIMITS_SIP_RATE": str(rate),
        "ANTIPHON_LIMITS_SIP_BURST": str(burst),
    }
    node = await start(NO_GUESTS, limits)
    await make_account(node, "ann")
    loop = asyncio.get_running_loop()
    began, tries = loop.time(), 2000
    async with client(server(node), SCANNER) as scanner:
        for number in range(tries):
            method = METHODS_OF_SCANNERS[number % len(METHODS_OF_SCANNERS)]
            scanner.send(guess(method, f"{number}", scanner.local))
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        await until(
            "the scanner is limited",
            lambda: sip_figure(node, "machine_limited_total"),
            lambda count: count > tries / 2,
        )
        seen = set()
        while not scanner.came.empty():
            answer = scanner.came.get_nowait()
            assert status(answer) in (401, 407), answer
            seen.add(header(answer, "Call-ID"))
        assert burst * 0.9 <= len(seen) <= burst + rate * (loop.time() - began) + 1
    await unharmed(node)


def plain(answer: bytes) -> bytes:
    """Without what is new in each answer, and without the name that was guessed."""
    answer = re.sub(rb"(nonce|branch|tag|rport)=\"?[^;\",\r]+", rb"\1=", answer)
    answer = re.sub(rb"(?m)^(Call-ID|CSeq|Date): .*$", rb"\1:", answer)
    return answer.replace(b"ann", b"").replace(b"nobody", b"")


@pytest.mark.parametrize("wrong", [False, True], ids=["without", "with wrong credentials"])
async def test_known_and_unknown_users_are_answered_alike(start: Start, wrong: bool) -> None:
    node = await start(NO_GUESTS, {"ANTIPHON_LIMITS_SIP_FAILURES": "6"})
    await make_account(node, "ann")
    async with client(server(node), SCANNER) as scanner:
        for method in METHODS_OF_SCANNERS:
            answers: dict[str, list[bytes]] = {}
            for user in ("ann", "nobody"):
                request = guess(method, user, scanner.local)
                found = [await scanner.ask(request)]
                assert status(found[0]) in (401, 407)
                for _ in range(2 if wrong else 0):
                    again = with_credentials(request, found[0], user, "wrong")
                    found.append(await scanner.ask(again))
                answers[user] = [plain(answer) for answer in found]
            assert answers["ann"] == answers["nobody"], method
    if wrong:
        # After so many wrong ones, the right one is not heard from there, and is from elsewhere.
        assert await sip_figure(node, "login_failed_total") >= 12
        async with client(server(node), SCANNER) as scanner:
            request = register("ann", f"sip:ann@{scanner.local}")
            assert status(await scanner.ask(request)) == 401
            assert status(await scanner.prove(request, "ann", PASSWORD)) == 403
        assert await sip_figure(node, "registrar_403_total") >= 1
    await unharmed(node)


# what strangers cost


async def ask_often(phone: Client, requests: Iterator[bytes]) -> int:
    """Send all, a few at once, those without an answer again; how many were answered."""
    places = asyncio.Semaphore(AT_ONCE)
    waiting: dict[str, asyncio.Event] = {}
    answered = 0

    async def hear() -> None:
        while True:
            if event := waiting.get(header(await phone.came.get(), "Call-ID")):
                event.set()

    async def one(request: bytes) -> None:
        nonlocal answered
        came = waiting[call_id := header(request, "Call-ID")] = asyncio.Event()
        for _ in range(10):
            phone.send(request)
            try:
                await asyncio.wait_for(came.wait(), 1.0)
            except TimeoutError:
                continue
            answered += 1
            break
        del waiting[call_id]
        places.release()

    hearing = asyncio.create_task(hear())
    tasks = set()
    for request in requests:
        await places.acquire()
        tasks.add(task := asyncio.create_task(one(request)))
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    hearing.cancel()
    return answered


async def test_whoever_is_not_known_costs_no_state(start: Start) -> None:
    node = await start(UNLIMITED, NO_GUESTS)
    await make_account(node, "ann")

    def requests(count: int, via: str) -> Iterator[bytes]:
        for number in range(count // 2):
            yield guess("INVITE", f"u{number}", via)
            yield guess("REGISTER", f"u{number}", via)

    async with client(server(node), STRANGER) as stranger:
        # What is reserved once is reserved by the first of them.
        warm = CHALLENGES // 10
        assert await ask_often(stranger, requests(warm, stranger.local)) == warm
        before = node.rss()
        assert await ask_often(stranger, requests(CHALLENGES, stranger.local)) == CHALLENGES
        growth = node.rss() - before
    found = await figures(node, "antiphon_sip_")
    for name in ("transactions", "undecided", "timers", "connections"):
        level = [
            value for key, value in found.items() if re.search(f"machine_{name}(_total)?$", key)
        ]
        assert level == [0], name
    assert found["antiphon_sip_identities"] == 0
    assert growth < GROWTH, f"+{growth >> 20} MiB"
    await unharmed(node)


# Run in a process of its own, so that the telephones' events are heard in time.
FLOOD = """
import socket, sys, time
host, port, seconds, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind((host, 0))
out.connect(("127.0.0.1", port))
out.setblocking(False)
text = sys.stdin.read()
end, sent = time.monotonic() + seconds, 0
while (now := time.monotonic()) < end:
    for _ in range(50):
        sent += 1
        try:
            out.send(text.replace("NUMBER", str(sent)).encode())
        except OSError:
            pass
    ahead = sent / rate - (now - end + seconds)
    if ahead > 0:
        time.sleep(ahead)
print(sent)
"""


async def test_a_flood_does_not_keep_telephones_from_calling(start: Start, tmp_path: Path) -> None:
    if reason := baresip.missing():
        unavailable(reason)
    node = await start(NO_GUESTS)
    flood = guess("INVITE", "ann", f"{FLOODER}:5060").decode()
    flood = re.sub(r"(branch=|Call-ID: )\S+", r"\1z9hG4bKNUMBER", flood)
    async with (
        registered(node, "ann", tmp_path, tone=440) as ann,
        registered(node, "ben", tmp_path, tone=700) as ben,
    ):
        process = await asyncio.create_subprocess_exec(
            *("nice", sys.executable, "-c", FLOOD),
            *(FLOODER, str(node.port("sip")), "6", "8000"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        done = asyncio.create_task(process.communicate(flood.encode()))
        await until(
            "the flood is there",
            lambda: sip_figure(node, "machine_limited_total"),
            lambda count: count > 1000,
        )
        await ann.dial(f"sip:ben@{DOMAIN}")
        await ben.event("CALL_INCOMING")
        await ben.accept()
        await ann.event("CALL_ESTABLISHED")
        assert not done.done(), "the call was set up while the flood lasted"
        await ann.hang_up()
        await ben.event("CALL_CLOSED")
        output, _ = await done
        assert int(output) > 5000
    await unharmed(node)


# thieves


async def test_nobody_speaks_for_another(start: Start) -> None:
    node = await start(NO_GUESTS)
    for user in ("ann", "ben", "eve"):
        await make_account(node, user)
    async with client(server(node), STRANGER) as eve:
        for method in ("INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH"):
            more, body = METHODS[method]
            request = message(
                method, f"sip:ben@{DOMAIN}", f"Contact: <sip:eve@{eve.local}>", *more.split("\r\n"),
                sender="ann", via=eve.local, body=body,
            )  # fmt: skip
            assert status(await eve.prove(request, "eve", PASSWORD)) == 403, method
        theft = register("ann", f"sip:ann@{eve.local}")
        assert status(await eve.prove(theft, "eve", PASSWORD)) == 403
    assert await sip_figure(node, "admission_403_total") >= 4
    assert await sip_figure(node, "registrar_403_total") >= 1
    assert await sip_figure(node, "bindings") == 0
    await unharmed(node)


async def test_strangers_are_not_carried_to_other_domains(start: Start) -> None:
    # Guests are welcome here: to this node, and no further.
    node = await start()
    await make_account(node, "ann")
    async with client(server(node), STRANGER) as stranger, client(server(node), FLOODER) as far:
        there = f"sip:bob@{far.local}"
        tag = f"<{there}>;tag=made-up"
        for domain in (DOMAIN, "elsewhere.invalid"):
            options: dict[str, Any] = {"domain": domain, "via": stranger.local}
            contact = f"Contact: <sip:x@{stranger.local}>"
            for request in (
                message("INVITE", there, contact, **options),
                message("MESSAGE", there, **options),
                message("OPTIONS", there, **options),
                message("INVITE", there, contact, "Route: <sip:localhost;lr>", **options),
            ):
                assert status(await stranger.ask(request)) == 407, request
            for request in (
                message(
                    "BYE", there, f"Route: <sip:localhost;lr>, <{there};lr>", to=tag, **options
                ),
                message("INFO", there, "Route: <sip:AAAAAAAA@localhost;lr>", to=tag, **options),
                message("INVITE", there, contact, to=tag, **options),
            ):
                assert status(await stranger.ask(request)) in (403, 404, 481), request
            # By a Route to elsewhere, too, nothing is carried on, whatever the answer is.
            astray = message(
                "OPTIONS",
                f"sip:ann@{DOMAIN}",
                f"Route: <sip:localhost;lr>, <{there};lr>",
                **options,
            )
            assert status(await stranger.ask(astray)) >= 400
        assert far.came.empty()
        # Our own users are carried.
        own = invite(there, "ann", via=stranger.local)
        challenge = await stranger.ask(own)
        stranger.send(with_credentials(own, challenge, "ann", PASSWORD))
        carried = await far.next()
        assert carried.startswith(b"INVITE ")
        assert header(carried, "Proxy-Authorization") == ""
        far.send(reply(carried, 486))
        assert status(await stranger.next(header(own, "Call-ID"))) == 486
    await unharmed(node)


async def test_credentials_that_were_overheard_are_no_use(start: Start) -> None:
    node = await start(NO_GUESTS)
    await make_account(node, "ann")
    await make_account(node, "ben")
    async with client(server(node)) as ann, client(server(node), STRANGER) as thief:
        request = register("ann", f"sip:ann@{ann.local}")
        overheard = with_credentials(request, await ann.ask(request), "ann", PASSWORD)
        assert status(await ann.ask(overheard)) == 200
        assert status(await ann.ask(overheard)) == 200, "a repetition is no replay"
        stolen = overheard.replace(f"<sip:ann@{ann.local}>".encode(), b"<sip:eve@127.0.0.66>")
        for replay in (stolen, renewed(overheard), renewed(stolen)):
            answer = await thief.ask(replay)
            assert status(answer) == 401, replay
            assert "stale=true" in header(answer, "WWW-Authenticate").lower()
        assert status(await ann.ask(renewed(overheard))) == 401, "not even from there"
        call = invite("ben", "ann", via=ann.local)
        overheard = with_credentials(call, await ann.ask(call), "ann", PASSWORD)
        assert status(await ann.ask(overheard)) == 480
        assert status(await thief.ask(renewed(overheard))) == 407
        elsewhere = renewed(overheard).replace(b"sip:ben@localhost", b"sip:+4912345@localhost")
        assert status(await thief.ask(elsewhere)) == 407
        assert await sip_figure(node, "bindings") == 1
    await unharmed(node)
