"""What was said before somebody came (XEP-0045 §7.2.13): as much as they want, and is shown."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.message import Message, Span
from antiphon.core.people import Messages
from antiphon.core.room import Room
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.feature import StanzaError
from antiphon.protocols.xmpp.stamps import seconds_of

from . import spelling
from .fan import RoomFan
from .occupant_ids import OccupantIds


@dataclass(frozen=True, slots=True)
class Wish:
    """How much of the past a client wants; all of these conditions hold. None: all that there is.
    `chars`: of whole stanzas; `seconds` ago; `since`: seconds since 1970.
    """

    stanzas: int | None = None
    chars: int | None = None
    seconds: int | None = None
    since: float | None = None


def wish_of(history: Element | None) -> Wish:
    """Read the element `history`. Raises `StanzaError`."""
    if history is None:
        return Wish()
    since = history.get("since")
    try:
        return Wish(
            stanzas=_number(history.get("maxstanzas")),
            chars=_number(history.get("maxchars")),
            seconds=_number(history.get("seconds")),
            since=None if since is None else seconds_of(since),
        )
    except ValueError:
        raise StanzaError("bad-request", "How much history is wanted cannot be read.") from None


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise ValueError("not a number")
    return int(text)


class History:
    """Reads the archives of rooms."""

    def __init__(
        self, messages: Messages, ids: OccupantIds, now: Callable[[], float] = time.time
    ) -> None:
        self._messages = messages
        self._ids = ids
        self._now = now

    async def read(self, room: Room, wish: Wish, to: str) -> list[tuple[str, bytes]]:
        """Ids and stanzas for a client at `to`, oldest first. Raises `Refused`."""
        most = room.settings.history
        limit = most if wish.stanzas is None else min(most, wish.stanzas)
        if limit == 0 or wish.chars == 0:
            return []
        since = wish.since
        if wish.seconds is not None:
            since = max(since or 0.0, self._now() - wish.seconds)
        page = await self._messages.read(room.address, Span(limit=limit, since=since))
        found: list[tuple[str, bytes]] = []
        left = wish.chars
        for message in reversed(page.messages):
            data = self._late(room.address, message, to)
            if left is not None:
                left -= len(data.decode())
                if left < 0:
                    break
            found.append((message.id, data))
        return found[::-1]

    def live(self, fan: RoomFan, message: Message, to: str) -> bytes:
        """A message that was said while somebody was coming in."""
        extra = adapter.stanza_id(fan.room.address, message.id) if message.draft.stored else b""
        return Stanza(fan.spell(message)).stamp(to=to, extra=extra)

    def _late(self, room: Address, message: Message, to: str) -> bytes:
        extra = adapter.stanza_id(room, message.id) + adapter.delay(message.sent_at, str(room))
        return Stanza(self.spelled(room, message)).stamp(to=to, extra=extra)

    def spelled(self, room: Address, message: Message) -> bytes:
        """A message out of the archive of a room, without its stanza-id."""
        original = message.draft.original
        if original is not None and original.form == adapter.FORM:
            return original.data
        id = self._ids.element(room, message.sender)
        return spelling.groupchat(room, message, message.name, id)
