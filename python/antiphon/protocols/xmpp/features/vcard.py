"""What accounts say of themselves, as vCards of both kinds (XEP-0054, XEP-0292); the profile is the
one that other protocols show.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.ports import Profiles
from antiphon.core.profile import Profile
from antiphon.core.publishing import Access, Item, NodeSettings
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import parse, write
from antiphon.protocols.xmpp.vcards import (
    TEMP,
    VCARD4,
    BadPicture,
    read_temp,
    read_vcard4,
    write_temp,
    write_vcard4,
)

from .pep_events import PepEvents

NODE = "urn:xmpp:vcard4"


class VCard(Feature):
    """Get and set."""

    xep = "XEP-0054, XEP-0292"
    namespaces = (TEMP,)
    account_namespaces = (TEMP, VCARD4)

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def requests(self) -> Iterable[Serve]:
        """One's own, and those of others."""
        yield Serve("get", "vCard", TEMP, self._get, Scope.OWN | Scope.OTHER)
        yield Serve("set", "vCard", TEMP, self._set, Scope.OWN)
        yield Serve("get", "vcard", VCARD4, self._get4, Scope.OWN | Scope.OTHER)
        yield Serve("set", "vcard", VCARD4, self._set4, Scope.OWN)

    async def _get(self, request: Request) -> Element:
        account = _asked(request)
        profile = await _profile(self._profiles, account)
        avatar = await self._profiles.avatar(account)
        return write_temp(profile, avatar, str(account))

    async def _set(self, request: Request) -> None:
        try:
            read = read_temp(request.payload())
        except BadPicture as error:
            raise StanzaError("bad-request", str(error)) from None
        before = await self._profiles.of(request.own)
        # Clients that do not know of names must not take away the one that is shown.
        nickname = read.profile.nickname or before.nickname
        await self._profiles.set(request.own, replace(read.profile, nickname=nickname))
        if read.picture is None:
            await self._profiles.remove_avatar(request.own)
        else:
            await self._profiles.set_avatar(request.own, read.picture)

    async def _get4(self, request: Request) -> Element:
        return write_vcard4(await _profile(self._profiles, _asked(request)))

    async def _set4(self, request: Request) -> None:
        await _set4(self._profiles, request.own, request.payload())


class VCard4Shelf:
    """The same as a node (XEP-0292 §3)."""

    node = NODE
    settings = NodeSettings(access=Access.CONTACTS, max_items=1, kind=VCARD4)

    def __init__(
        self, profiles: Profiles, events: PepEvents, now: Callable[[], float] = time.time
    ) -> None:
        self._profiles = profiles
        self._events = events
        self._now = now

    async def items(self, account: Address) -> Sequence[Item]:
        """The one item that there is."""
        payload = write(write_vcard4(await self._profiles.of(account)), "")
        now = self._now()
        return [Item(id="current", payload=payload, publisher=account, published_at=now)]

    async def publish(self, request: Request, item: Item) -> None:
        """Take a profile."""
        made = parse(item.payload)
        if made.tag != f"{{{VCARD4}}}vcard":
            raise StanzaError("bad-request", "This node has vCards.")
        await _set4(self._profiles, request.own, made)
        for now in await self.items(request.own):
            await self._events.published(request.own, self.node, self.settings, now)

    async def retract(self, request: Request, id: str) -> None:
        """There is always one."""
        raise StanzaError("not-allowed", "A profile is changed, not removed.")


def _asked(request: Request) -> Address:
    """Whose it is: those with an account may read it of each other."""
    account = request.account or request.own
    if request.own.is_guest and account != request.own:
        raise StanzaError("forbidden", "Guests do not see profiles.")
    return account


async def _profile(profiles: Profiles, account: Address) -> Profile:
    """RFC 6121 §8.5.1: who has no account answers as who is not there."""
    try:
        return await profiles.of(account)
    except Refused as refused:
        if refused.reason is Reason.NOT_FOUND:
            raise StanzaError("service-unavailable") from None
        raise


async def _set4(profiles: Profiles, own: Address, made: Element) -> None:
    before = await profiles.of(own)
    read = read_vcard4(made, before)
    await profiles.set(own, replace(read, nickname=read.nickname or before.nickname))
