"""Pictures of accounts: as nodes (XEP-0084), and by their fingerprint in presence (XEP-0153), both
those of the profile that other protocols show (XEP-0398).
"""

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.event import Event, ProfileChanged
from antiphon.core.ports import Profiles
from antiphon.core.profile import Avatar
from antiphon.core.publishing import Access, Item, NodeSettings
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.crowd import send_alone
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.feature import Feature, Request, StanzaError
from antiphon.protocols.xmpp.message import element, named, parse, stanza, text_of, write
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.vcards import BadPicture, picture

from .caps import interests
from .pep_events import EVENT

METADATA = "urn:xmpp:avatar:metadata"
DATA = "urn:xmpp:avatar:data"
UPDATE = "vcard-temp:x:update"
CONVERSION = "urn:xmpp:pep-vcard-conversion:0"
# Pictures whose data came and whose metadata is on the way.
PENDING = 64
NO_PICTURE = f"<metadata xmlns='{METADATA}'/>".encode()


class Photo:
    """Kept of a session: the fingerprint of its account's picture, "" if it has none."""

    __slots__ = ("hash",)

    def __init__(self, hash_: str) -> None:
        self.hash = hash_


class Avatars(Feature):
    """Fingerprints in presence, and news of pictures."""

    xep = "XEP-0153, XEP-0398"
    account_namespaces = (CONVERSION,)

    def __init__(self, profiles: Profiles, metadata: "AvatarMetadata", errands: Errands) -> None:
        self._profiles = profiles
        self._metadata = metadata
        self._errands = errands
        self.changed: list[Callable[[Session], None]] = []

    async def come(self, session: Session) -> None:
        """Before a session's first presence: find its account's picture."""
        found = None
        if not session.account.is_guest:
            found = await self._profiles.avatar_id(session.account)
        session.features[Photo] = Photo(found or "")

    def stamp(self, session: Session, sent: Stanza) -> bytes:
        """An available presence of a session, from it, with the fingerprint (XEP-0398 §5): unless
        its client says that it is not ready to tell (XEP-0153 §4.1).
        """
        photo = session.features.get(Photo)
        if photo is None or (sent.kids & Kid.AVATAR and _is_empty(sent)):
            return sent.stamp(session.jid)
        told = f"<x xmlns='{UPDATE}'><photo>{photo.hash}</photo></x>".encode()
        return sent.stamp(session.jid, drop=Kid.AVATAR, extra=told)

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """A picture is another."""
        return {ProfileChanged: self._profile_changed}

    def _profile_changed(self, session: Session, event: ProfileChanged) -> None:
        if METADATA in interests(session):
            self._errands.add(session, lambda: self._tell(session, event.account))
        photo = session.features.get(Photo)
        if event.account == session.account and photo is not None:
            before, photo.hash = photo.hash, event.avatar or ""
            if before != photo.hash:
                for tell in self.changed:
                    tell(session)

    async def _tell(self, session: Session, account: Address) -> None:
        """XEP-0084 §4.2.4, §4.3: what the picture is now, or that there is none."""
        items = await self._metadata.items(account)
        id, payload = (items[-1].id, items[-1].payload) if items else ("none", NO_PICTURE)
        head = f"<event xmlns='{EVENT}'><items node='{METADATA}'><item id='{id}'>".encode()
        event = head + payload + b"</item></items></event>"
        send_alone(session, stanza("message", event, from_=str(account), kind="headline"))


def _is_empty(sent: Stanza) -> bool:
    """Whether the client itself says that there is no picture (`<photo/>`)."""
    made = parse(sent.child(Kid.AVATAR) or b"")
    found = text_of(made, "photo", UPDATE)
    return found is not None and not found.strip()


class _Shelf:
    """What both nodes share."""

    def __init__(self, profiles: Profiles, now: Callable[[], float]) -> None:
        self._profiles = profiles
        self._now = now

    async def _avatar(self, account: Address) -> Avatar | None:
        try:
            return await self._profiles.avatar(account)
        except Refused as refused:
            if refused.reason is not Reason.NOT_FOUND:
                raise
            return None

    def _item(self, account: Address, id: str, payload: bytes) -> Item:
        return Item(id=id, payload=payload, publisher=account, published_at=self._now())


class AvatarData(_Shelf):
    """`urn:xmpp:avatar:data`: what is published waits for its metadata."""

    node = DATA
    settings = NodeSettings(access=Access.EVERYBODY, max_items=1, told=False)

    def __init__(self, profiles: Profiles, now: Callable[[], float] = time.time) -> None:
        super().__init__(profiles, now)
        self._pending: OrderedDict[Address, bytes] = OrderedDict()

    async def items(self, account: Address) -> Sequence[Item]:
        """The picture, base64."""
        if (avatar := await self._avatar(account)) is None:
            return ()
        text = base64.b64encode(avatar.data).decode()
        return [self._item(account, avatar.id, write(element("data", DATA, text), ""))]

    async def publish(self, request: Request, item: Item) -> None:
        """XEP-0084 §4.2.1: its id is its fingerprint."""
        made = parse(item.payload)
        if made.tag != f"{{{DATA}}}data":
            raise StanzaError("bad-request", "This node has pictures.")
        try:
            data = picture(made.text or "")
        except BadPicture as error:
            raise StanzaError("bad-request", str(error)) from None
        if hashlib.sha1(data, usedforsecurity=False).hexdigest() != item.id.lower():
            raise StanzaError("bad-request", "The id is not the SHA-1 of the picture.")
        self._pending[request.own] = data
        self._pending.move_to_end(request.own)
        if len(self._pending) > PENDING:
            self._pending.popitem(last=False)

    async def retract(self, request: Request, id: str) -> None:
        """The metadata say whether there is a picture."""
        self._pending.pop(request.own, None)

    def take(self, account: Address, id: str) -> bytes | None:
        """A picture that was published, whose metadata came."""
        data = self._pending.get(account)
        if data is None or hashlib.sha1(data, usedforsecurity=False).hexdigest() != id.lower():
            return None
        del self._pending[account]
        return data


class AvatarMetadata(_Shelf):
    """`urn:xmpp:avatar:metadata`."""

    node = METADATA
    settings = NodeSettings(access=Access.EVERYBODY, max_items=1)

    def __init__(
        self, profiles: Profiles, data: AvatarData, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(profiles, now)
        self._data = data

    async def items(self, account: Address) -> Sequence[Item]:
        """What the picture is."""
        if (avatar := await self._avatar(account)) is None:
            return ()
        attributes = {
            "id": avatar.id,
            "bytes": str(len(avatar.data)),
            "type": avatar.media_type,
            "width": str(avatar.width),
            "height": str(avatar.height),
        }
        info = element("info", METADATA, attributes=attributes)
        return [self._item(account, avatar.id, write(element("metadata", METADATA, info), ""))]

    async def publish(self, request: Request, item: Item) -> None:
        """Show the picture that was published before, or none (XEP-0084 §4.2.3, §4.3)."""
        made = parse(item.payload)
        if made.tag != f"{{{METADATA}}}metadata":
            raise StanzaError("bad-request", "This node has metadata of pictures.")
        if named(made, "info") is None:
            await self._profiles.remove_avatar(request.own)
            return
        here = [one for one in made if one.get("url") is None and one.get("id")]
        for one in here:
            id = one.get("id", "")
            if (data := self._data.take(request.own, id)) is not None:
                await self._profiles.set_avatar(request.own, data)
                return
            if id == await self._profiles.avatar_id(request.own):
                return
        raise StanzaError("item-not-found", "Publish the picture first.")

    async def retract(self, request: Request, id: str) -> None:
        """Show no picture any more."""
        await self._profiles.remove_avatar(request.own)
