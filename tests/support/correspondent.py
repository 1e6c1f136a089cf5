"""A person who writes: contacts and conversations on the start page, in a real browser."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.browser import Kind, browse
from tests.support.person import Person
from tests.support.telephone import Telephone
from tests.support.wait import until

CONTACTS = "antiphon-contacts >>> "
CHAT = "antiphon-chat >>> "


@dataclass
class Correspondent(Telephone):
    """`person` in front of `browser`, with an account of the name in lower case."""

    async def _enters(self) -> None:
        await self.browser.click('#door >>> [part~="login-submit"]')
        await self.call_state("idle")

    async def adds(self, address: str, greeting: str = "") -> None:
        """Ask somebody to be a contact."""
        await self.browser.click(CONTACTS + '[part~="add-contact"]')
        await self.browser.type(CONTACTS + '[part~="address-input"]', address)
        if greeting:
            await self.browser.type(CONTACTS + '[part~="greeting-input"]', greeting)
        await self.browser.click(CONTACTS + '[part~="dialog-submit"]')
        await self.waits_for("no dialog", "contacts", "dialog", lambda found: not found)

    async def turns_to(self, tab: str) -> None:
        """Show `chats` or `people`."""
        await self.browser.click(f'{CONTACTS}[data-tab="{tab}"]')

    async def opens(self, address: str) -> None:
        """Open the conversation with somebody in the list."""
        await self.browser.click(f'{CONTACTS}[data-address="{address}"] [part~="open-contact"]')
        await self.browser.click(CHAT + '[part~="chat-input"]')

    async def says(self, text: str) -> None:
        """Write and send."""
        await self.browser.type(CHAT + '[part~="chat-input"]', text)
        await self.browser.press("Enter")

    async def does(self, text: str, action: str) -> None:
        """Press a button beside the message that says `text`."""
        await self.in_message(text, f'[part~="{action}"]')

    async def chooses(self, text: str, action: str) -> None:
        """Choose from the menu of the message that says `text`."""
        await self.does(text, "message-menu")
        await self.in_message(text, f'[data-action="{action}"]')

    async def in_message(self, text: str, selector: str) -> None:
        """Press what the selector finds in the message that says `text`."""
        found = f"""(() => {{
            const chat = document.querySelector("antiphon-chat").shadowRoot;
            const rows = [...chat.querySelectorAll('[part~="message-row"]')];
            const row = rows.find((one) => one.textContent.includes({json.dumps(text)}));
            const target = row?.querySelector({json.dumps(selector)});
            target?.click();
            return Boolean(target);
        }})()"""
        await until(f"{selector} at {text!r}", lambda: self.browser.evaluate(found), bool)

    async def sends_file(self, name: str, media_type: str, content: bytes) -> None:
        """Drop a file on the conversation, and send it when it is uploaded."""
        encoded = base64.b64encode(content).decode()
        await self.browser.evaluate(
            f"""(() => {{
                const text = atob({json.dumps(encoded)});
                const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
                const options = {{type: {json.dumps(media_type)}}};
                const file = new File([bytes], {json.dumps(name)}, options);
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(file);
                const chat = document.querySelector("antiphon-chat").shadowRoot;
                chat.querySelector('[part~="chat-panel"]').dispatchEvent(
                    new DragEvent("drop", {{dataTransfer, bubbles: true, cancelable: true}}));
            }})()"""
        )
        await self.waits_for(
            "the upload", "chat", '[part~="pending-file"][data-state="ready"]', bool
        )
        await self.browser.click(CHAT + '[part~="chat-send"]')

    async def count(self, element: str, selector: str) -> int:
        """How many things a selector finds in `contacts`, `chat`, …."""
        script = f"""document.querySelector("antiphon-{element}").shadowRoot
            .querySelectorAll({json.dumps(selector)}).length"""
        return int(await self.browser.evaluate(script))

    async def waits_for(self, what: str, element: str, selector: str, holds: Any) -> None:
        """Wait until the number of things that a selector finds is as it should be."""
        await until(f"{self.name}: {what}", lambda: self.count(element, selector), holds)

    async def shown(self) -> list[str]:
        """The messages of the open conversation, with their marks and reactions."""
        script = """[...document.querySelector("antiphon-chat").shadowRoot
            .querySelectorAll('[part~="message-row"]')].map((row) => [
                ...[...row.querySelectorAll('[part~="quote"] span, [part~="message"], ' +
                    '[part~="message-unsent"], [part~="message-retracted"], .edited, ' +
                    '[part~="file"] strong, [part~="picture"] img, [part~="reaction"]')]
                    .map((one) => one.alt ?? one.textContent.replace(/\\s+/g, " ").trim()),
            ].join(" | "))"""
        return list(await self.browser.evaluate(script))

    async def sees_messages(self, *wanted: str, within: float = 20.0) -> None:
        """Wait until exactly these stand in the open conversation."""
        await until(
            f"{self.name} sees {wanted}", self.shown, lambda seen: seen == list(wanted), within
        )

    async def mark_of(self, text: str) -> Any:
        """How far one's own message is: `sent`, `received`, `displayed`, …."""
        return await self.browser.evaluate(
            f"""[...document.querySelector("antiphon-chat").shadowRoot
                .querySelectorAll('[part~="message-row"]')]
                .find((row) => row.textContent.includes({json.dumps(text)}))
                ?.dataset.state ?? null"""
        )

    async def sees_mark(self, text: str, mark: str) -> None:
        await until(
            f"{self.name}'s {text!r} is {mark}", lambda: self.mark_of(text), lambda at: at == mark
        )

    async def sees_presence(self, address: str, show: str) -> None:
        """Wait for the dot beside somebody in the list."""
        dot = f'[data-address="{address}"] [part~="presence-dot"][data-show="{show}"]'
        await self.waits_for(f"{address} is {show}", "contacts", dot, bool)

    async def reads_part(self, element: str, name: str, text: str) -> None:
        """Wait until a part of an element says this, among other things."""
        script = f"""[...document.querySelector("antiphon-{element}").shadowRoot
            .querySelectorAll('[part~="{name}"]')].map((one) => one.textContent).join(" ")"""
        await until(
            f"{self.name} reads {text!r} in {name}",
            lambda: self.browser.evaluate(script),
            lambda shown: text in shown,
        )

    async def settles(self) -> None:
        """Let animations end before a picture is taken."""
        await asyncio.sleep(0.3)


@contextlib.asynccontextmanager
async def correspond(
    kind: Kind, person: Person, folder: Path, logs: Path, label: str = ""
) -> AsyncIterator[Correspondent]:
    """A correspondent with a browser of its own; `label` tells two of one person apart."""
    name = f"{person.name}{label}"
    log = logs / f"{name}-{kind}.log"
    async with browse(kind, person, folder / name, log=log) as browser:
        yield Correspondent(person, browser)
