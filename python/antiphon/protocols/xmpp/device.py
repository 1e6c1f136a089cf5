"""A session as the core sees it: a device that messages, and the news of its account, go to."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.core.ports import Caller, Device

from .availability import listens
from .session import Session

log = logging.getLogger(__name__)

News = Mapping[type[Event], Sequence[Callable[[Session, Any], None]]]


class SessionDevice:
    """`news`: what is done about an event, by its type; other events are none of its business.
    `caller`: who logged in, with the address of this device.
    """

    __slots__ = ("_news", "caller", "session")

    def __init__(self, session: Session, news: News) -> None:
        self.session = session
        self.caller = replace(session.caller, address=session.address)
        self._news = news

    @property
    def address(self) -> Address:
        """The account's address on this device."""
        return self.session.address

    @property
    def listens(self) -> bool:
        """Whether messages to the account go to it now."""
        return listens(self.session)

    def deliver(self, event: Event) -> None:
        """Tell the client."""
        for tell in self._news.get(type(event), ()):
            try:
                tell(self.session, event)
            except Exception:
                log.exception("%s could not be told of %s", self.session.jid, type(event).__name__)


def _nobody_asks(_: Address) -> None:
    """Until the switchboard does."""


class XmppReach:
    """The devices that XMPP sessions are (`core.devices.Steady`). Calls ring elsewhere."""

    def __init__(self) -> None:
        self.changed: Callable[[Address], None] = _nobody_asks
        # Tuples: whoever goes through them may end a session meanwhile.
        self._devices: dict[Address, tuple[SessionDevice, ...]] = {}

    def add(self, device: SessionDevice) -> None:
        """A session begins."""
        account = device.session.account
        self._devices[account] = (*self._devices.get(account, ()), device)
        self.changed(account)

    def remove(self, device: SessionDevice) -> None:
        """It has ended."""
        account = device.session.account
        left = tuple(one for one in self._devices.get(account, ()) if one is not device)
        if left:
            self._devices[account] = left
        else:
            self._devices.pop(account, None)
        self.changed(account)

    def present(self, account: Address) -> Sequence[Device]:
        """Those of an account (bare), or the one that is named."""
        if not account.device:
            return self._devices.get(account, ())
        mine = self._devices.get(account.bare, ())
        return [one for one in mine if one.session.address.device == account.device]

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        """None that calls could ring."""
        return ()


def device_of(session: Session) -> SessionDevice:
    """What a bound session is to the core."""
    found: SessionDevice = session.features[SessionDevice]
    return found
