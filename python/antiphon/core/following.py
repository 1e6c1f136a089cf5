"""Whose presence one session follows: that of its account, and of all contacts that it may see,
also when who they are changes.

It decides nothing: who may see whom is the switchboard's.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .address import Address
from .contact import Contact
from .event import ContactChanged, ContactRemoved, Event, PresenceChanged
from .people import Contacts
from .ports import Caller, Presence
from .presence import PresenceState
from .reason import Refused

log = logging.getLogger(__name__)

Tell = Callable[[Event], None]


class Watch(Protocol):
    """What lets somebody watch (the switchboard does)."""

    def watch_presence(
        self, caller: Caller, account: Address, tell: Tell, *, patient: bool = False
    ) -> Callable[[], None]:
        """Tell each `PresenceChanged` of an account, while the caller may see it (`patient`: also
        when that begins later); the result ends that. Raises `Refused`.
        """

    def may_see(self, caller: Caller, account: Address) -> bool:
        """Whether the caller may see an account's presence now."""


class Following:
    """`tell` hears each `PresenceChanged`, from `begin` to `end`."""

    def __init__(
        self, caller: Caller, *, watch: Watch, contacts: Contacts, presence: Presence, tell: Tell
    ) -> None:
        self._caller = caller
        self._watch = watch
        self._contacts = contacts
        self._presence = presence
        self._tell = tell
        self._following = False
        self._watched: dict[Address, Callable[[], None]] = {}

    async def begin(self) -> tuple[Sequence[Contact], Mapping[Address, Sequence[PresenceState]]]:
        """The contacts, and who is there of them and of the account itself; from now on `tell`
        hears what changes. Again: the same as it is then. Raises `Refused`.
        """
        account = self._caller.address.bare
        contacts = await self._contacts.of(account)
        self._following = True
        wanted = {account, *(one.address for one in contacts if one.sees)}
        for address in self._watched.keys() - wanted:
            self._watched.pop(address)()
        for address in wanted - self._watched.keys():
            self._follow(address)
        there = {address: self._seen(address) for address in self._watched}
        return contacts, {address: states for address, states in there.items() if states}

    def heard(self, event: Event) -> None:
        """Take notice of what the account is told: others may be seen now."""
        if not self._following:
            return
        match event:
            case ContactChanged(contact=contact):
                # Those who are followed already are told by whom they watch.
                if contact.sees and contact.address not in self._watched:
                    self._follow(contact.address)
                    self._say(contact.address, self._seen(contact.address))
            case ContactRemoved(address=address):
                self._leave(address)

    def end(self) -> None:
        """Follow nobody any more. Idempotent."""
        self._following = False
        watched, self._watched = self._watched, {}
        for unwatch in watched.values():
            unwatch()

    def _follow(self, address: Address) -> None:
        try:
            unwatch = self._watch.watch_presence(self._caller, address, self._tell, patient=True)
        except Refused as refused:
            # Too many are watched: to this one they are not there.
            log.info("%s does not see %s: %s", self._caller.address.bare, address, refused)
        else:
            self._watched[address] = unwatch

    def _leave(self, address: Address) -> None:
        if (unwatch := self._watched.pop(address, None)) is not None:
            unwatch()
            self._say(address, ())

    def _seen(self, address: Address) -> Sequence[PresenceState]:
        return self._presence.of(address) if self._watch.may_see(self._caller, address) else ()

    def _say(self, account: Address, states: Sequence[PresenceState]) -> None:
        self._tell(PresenceChanged("", account, tuple(states)))
