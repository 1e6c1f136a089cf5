"""People become contacts and write to each other on the start page."""

import asyncio
import base64
import zlib
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.correspondent import CHAT, CONTACTS, Correspondent, correspond
from tests.support.node import PROGRAM, Node, run_node
from tests.support.person import ANN, BEN
from tests.support.telephone import PASSWORD, talk
from tests.support.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PHONE = (390, 844)


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = (b"\0" + bytes([64, 160, 140]) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


async def domain_of(one: Correspondent) -> str:
    """Where the node's accounts are."""
    script = "fetch('/.well-known/antiphon.json').then((r) => r.json()).then((o) => o.domain)"
    return str(await one.browser.evaluate(script))


async def become_contacts(ann: Correspondent, ben: Correspondent) -> tuple[str, str]:
    """Ann asks and Ben agrees; their addresses."""
    domain = await domain_of(ann)
    await ann.adds("ben", "It is me")
    await ben.reads_part("contacts", "request", "It is me")
    await ben.browser.click(CONTACTS + '[part~="accept"]')
    addresses = f"ann@{domain}", f"ben@{domain}"
    await ann.turns_to("people")
    await ben.turns_to("people")
    await ann.sees_presence(addresses[1], "available")
    await ben.sees_presence(addresses[0], "available")
    return addresses


async def test_people_write_to_each_other(node: Node, tmp_path: Path, artifacts: Path) -> None:
    async with (
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
        correspond("firefox", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        ann_at, ben_at = await become_contacts(ann, ben)
        await ann.browser.screenshot(artifacts / "contacts.png")
        await ann.opens(ben_at)
        await ann.says("Hello Ben")
        await ann.sees_mark("Hello Ben", "received")
        await ben.waits_for("an unread message", "contacts", '[part~="unread"]', bool)
        assert (await ben.browser.evaluate("document.title")).startswith("(1)")
        await ben.turns_to("chats")
        await ben.browser.screenshot(artifacts / "unread.png")
        await ben.opens(ann_at)
        await ben.sees_messages("Hello Ben")
        await ann.sees_mark("Hello Ben", "displayed")
        await ben.waits_for("nothing unread", "contacts", '[part~="unread"]', lambda n: n == 0)

        await typing_is_seen(ann, ben)
        await ben.does("Hello Ben", "reply")
        await ben.says("Hello Ann, see https://example.org/notes")
        await ann.sees_messages("Hello Ben", "Hello Ben | Hello Ann, see https://example.org/notes")
        await ann.does("Hello Ann", "react")
        await ann.browser.screenshot(artifacts / "emoji.png")
        await ann.in_message("Hello Ann", '[data-emoji="👍"]')
        await ann.chooses("Hello Ben", "edit")
        await ann.says("!")
        await ben.sees_messages(
            "Hello Ben! | edited",
            "Hello Ben! | Hello Ann, see https://example.org/notes | 👍 1",
        )
        await ann.says("A mistake")
        await ben.reads_part("chat", "message", "A mistake")
        await ann.chooses("A mistake", "retract")
        await ann.browser.click(CHAT + '[part~="confirm-retract"]')
        await ben.sends_file("plan.png", "image/png", png(640, 400))
        await ben.sends_file("notes.txt", "text/plain", b"Twelve lines.")
        everything = [
            "Hello Ben! | edited",
            "Hello Ben! | Hello Ann, see https://example.org/notes | 👍 1",
            "Message deleted",
            "plan.png",
            "notes.txt",
        ]
        await ann.sees_messages(*everything)
        await ben.sees_messages(*everything)
        await pictures(ann, artifacts)
        await ann.browser.evaluate("location.reload()")
        await ann.call_state("idle")
        await ann.sees_messages(*everything)
        await ben.browser.screenshot(artifacts / "firefox.png")


async def typing_is_seen(ann: Correspondent, ben: Correspondent) -> None:
    await ben.browser.type(CHAT + '[part~="chat-input"]', "Hel")
    await ann.reads_part("chat", "typists", "Ben is writing")
    for _ in "Hel":
        await ben.browser.press("Backspace")
    await until(
        "Ben ceases",
        lambda: ann.count("chat", '[part~="typists"]:empty'),
        bool,
    )


async def pictures(one: Correspondent, artifacts: Path) -> None:
    """The conversation as it looks in the light, in the dark, and on a telephone."""
    await one.browser.screenshot(artifacts / "chat.png")
    await one.browser.scheme("dark")
    await one.browser.screenshot(artifacts / "chat-dark.png")
    await one.browser.viewport(*PHONE)
    await one.browser.screenshot(artifacts / "phone-dark.png")
    await one.browser.scheme("light")
    await one.browser.screenshot(artifacts / "phone.png")
    await one.browser.click(CHAT + '[part~="back"]')
    await one.browser.screenshot(artifacts / "phone-list.png")
    await one.browser.viewport(1280, 800)
    await one.browser.evaluate("history.back()")


async def test_how_one_shows_oneself(node: Node, tmp_path: Path, artifacts: Path) -> None:
    async with (
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
        correspond("chrome", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        ann_at, _ = await become_contacts(ann, ben)
        await ann.browser.click('#side >>> [part~="own"]')
        encoded = base64.b64encode(png(400, 300)).decode()
        await ann.browser.evaluate(
            f"""document.querySelector("antiphon-profile").setPicture(
                new Blob([Uint8Array.from(atob("{encoded}"), (one) => one.charCodeAt(0))],
                    {{type: "image/png"}}))"""
        )
        picture = f'[data-address="{ann_at}"] [part~="avatar"] img'
        await ben.waits_for("Ann's picture", "contacts", picture, bool)
        profile = "antiphon-profile >>> "
        await ann.browser.type(profile + '[part~="nickname-input"]', "a")
        await ann.browser.click(profile + '[part~="save"]')
        await ben.reads_part("contacts", "contact-name", "Anna")
        await ann.browser.evaluate(
            'document.querySelector("antiphon-profile").setStatus("busy", "Writing")'
        )
        await ben.sees_presence(ann_at, "busy")
        await ben.reads_part("contacts", "contact-state", "Writing")
        await ann.browser.screenshot(artifacts / "profile.png")
        await ben.browser.screenshot(artifacts / "seen.png")


async def test_what_is_written_without_a_connection_is_sent_once(
    node: Node, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
        correspond("chrome", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        ann_at, ben_at = await become_contacts(ann, ben)
        await ann.opens(ben_at)
        await ben.opens(ann_at)
        for number in range(5):
            await ann.browser.evaluate("probe.cut()")
            await ann.says(f"Number {number}")
        await ben.sees_messages(*(f"Number {number}" for number in range(5)), within=30)
        await ann.sees_messages(*(f"Number {number}" for number in range(5)))


async def test_the_end_of_a_conversation_stays_in_sight(
    node: Node, tmp_path: Path, artifacts: Path
) -> None:
    """However large the place for it is; and who reads further up stays there until they write."""
    async with (
        httpx.AsyncClient(base_url=node.url) as http,
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
    ):
        account = {"address": "ben", "password": PASSWORD, "name": "Ben"}
        assert (await http.post("/api/v1/accounts", json=account)).status_code == 201
        await ann.registers(node.url)
        ben_at = f"ben@{await domain_of(ann)}"
        await ann.browser.evaluate(f"location.hash = '#/chat/{ben_at}'")
        await ann.waits_for("a place to write", "chat", '[part~="chat-input"]:enabled', bool)
        await ann.browser.evaluate(
            """(async () => {
                const {controller} = document.querySelector("antiphon-chat");
                for (let number = 0; number < 40; number += 1) {
                    await controller.send(`Number ${number} ${"and more ".repeat(30)}`);
                }
            })()"""
        )
        await ann.waits_for("them all", "chat", '[part~="message"]', lambda n: n == 40)
        await until("the end", lambda: below(ann), lambda pixels: pixels < 2)
        await ann.browser.click("#calls")
        await until("narrower", lambda: ann.browser.evaluate(WIDTH), lambda width: width < 500)
        await until("the end again", lambda: below(ann), lambda pixels: pixels < 2)
        await ann.browser.evaluate(f"{LOG}.scrollTop = 300")
        await ann.browser.type(CHAT + '[part~="chat-input"]', "Hello")
        assert await ann.browser.evaluate(f"{LOG}.scrollTop") == 300
        await ann.browser.press("Enter")
        await until("one's own message", lambda: below(ann), lambda pixels: pixels < 2)


LOG = """document.querySelector("antiphon-chat").shadowRoot.querySelector('[part~="chat-log"]')"""
WIDTH = f"{LOG}.clientWidth"


async def below(one: Correspondent) -> float:
    """How many pixels of the conversation are below what is in sight."""
    script = f"{LOG}.scrollHeight - {LOG}.scrollTop - {LOG}.clientHeight"
    return float(await one.browser.evaluate(script))


async def test_a_call_from_the_list_rings_everywhere_and_the_first_wins(
    node: Node, sound: None, tmp_path: Path, artifacts: Path
) -> None:
    async with (
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
        correspond("chrome", BEN, tmp_path, artifacts) as ben,
        correspond("chrome", BEN, tmp_path, artifacts, "-tablet") as tablet,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        _, ben_at = await become_contacts(ann, ben)
        await tablet.signs_in(node.url)
        await ann.browser.evaluate(
            f"""document.querySelector("antiphon-contacts").shadowRoot
                .querySelector('[data-address="{ben_at}"] [part~="call"]').click()"""
        )
        await ben.call_state("incoming")
        await tablet.call_state("incoming")
        await tablet.browser.screenshot(artifacts / "incoming.png")
        await tablet.presses("answer")
        await ben.reads_in("last", "Answered on another device")
        await talk(ann, tablet)
        await ann.browser.screenshot(artifacts / "talking.png")
        await ann.presses("hang-up")
        await tablet.call_state("idle")


async def test_an_invitation_leads_to_an_account_and_into_its_room(
    tmp_path: Path, artifacts: Path, sound: None
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    added = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        *("user", "add", "ann", "--password", PASSWORD, "--admin", "--data", str(data)),
        cwd=data,
    )
    assert await added.wait() == 0
    async with (
        run_node(data, artifacts / "node.log") as node,
        correspond("chrome", BEN, tmp_path, artifacts) as ben,
    ):
        async with httpx.AsyncClient(base_url=node.url) as http:
            login = {"address": "ann", "password": PASSWORD}
            token = (await http.post("/api/v1/auth/login", json=login)).json()["token"]
            answer = await http.post(
                "/api/v1/invitations",
                json={"room": "board"},
                headers={"Authorization": f"Bearer {token}"},
            )
        given = answer.json()["token"]
        await ben.browser.open(f"{node.url}/#invitation={given}")
        await ben.browser.type('#door >>> [part~="name-input"]', "Ben")
        await ben.browser.screenshot(artifacts / "invited.png")
        assert given not in await ben.browser.evaluate("location.href")
        await ben.browser.type('#door >>> [part~="address-input"]', "ben")
        await ben.browser.type('#door >>> [part~="password-input"]', PASSWORD)
        await ben.browser.click('#door >>> [part~="login-submit"]')
        await ben.state("prejoin")
        await ben.browser.evaluate("location.hash = ''")
        await ben.browser.evaluate("document.querySelector('#side antiphon-login').signOut()")
        await ben.call_state("signed-out")
        await ben.browser.open("about:blank")
        await ben.browser.open(f"{node.url}/#invitation={given}")
        await ben.reads_part("login[from-address]", "problem", "does not work")


KEPT = """JSON.parse(sessionStorage.getItem("antiphon.sign-in")
    ?? localStorage.getItem("antiphon.sign-in") ?? "{}").expiresAt ?? 0"""
# What the node allows clocks to differ (`[auth] leeway`), in milliseconds.
LEEWAY = 10_000


async def test_who_is_signed_in_stays_so_when_the_token_ends(
    tmp_path: Path, artifacts: Path, sound: None
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    short = {"ANTIPHON_AUTH_TOKEN_TTL": "16"}
    async with (
        run_node(data, artifacts / "node.log", environment=short) as node,
        correspond("chrome", ANN, tmp_path, artifacts) as ann,
        correspond("firefox", BEN, tmp_path, artifacts) as ben,
    ):
        await ann.registers(node.url)
        await ben.registers(node.url)
        ann_at, ben_at = await become_contacts(ann, ben)
        for one in (ann, ben):
            first = await one.browser.evaluate(KEPT)
            assert first > 0
            over = f"({KEPT}) > Date.now() && Date.now() > {first + LEEWAY + 2000}"
            await until("a later token", partial(one.browser.evaluate, over), within=90)
        await ann.opens(ben_at)
        await ann.says("Still here")
        await ben.turns_to("chats")
        await ben.opens(ann_at)
        await ben.sees_messages("Still here")
        await ann.sees_mark("Still here", "displayed")
