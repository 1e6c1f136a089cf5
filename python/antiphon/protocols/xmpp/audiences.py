"""Who of the clients here sees whose presence: for each account that is seen, the sessions that
get its presence, all at once.

Whether somebody may see somebody is asked of the contacts; what presence says is built once.
"""

from collections.abc import Callable
from typing import Protocol

from antiphon.core.address import Address
from antiphon.core.event import Event, PresenceChanged
from antiphon.core.ports import Presence

from .crowd import Crowd, send_alone
from .few import Few, with_one, without
from .session import Session
from .sessions import Fan
from .spelling import presence_of, unavailable


class Relations(Protocol):
    """What is asked of the contacts (`core.people.Contacts`)."""

    def blocks(self, account: Address, other: Address) -> bool | None:
        """Whether one blocks the other, as far as known."""

    def blocks_devices(self, device: Address) -> bool:
        """Whether anybody blocks just this device, or its account just some of others."""


class _Watched(Crowd):
    """Those who see one account."""

    __slots__ = ("unwatch",)

    unwatch: Callable[[], None]


class Audiences:
    """Watches each account once, for all sessions that see it."""

    def __init__(self, fan: Fan, presence: Presence, relations: Relations) -> None:
        self._fan = fan
        self._presence = presence
        self._relations = relations
        self._watched: dict[Address, _Watched] = {}
        self._seen: dict[Session, Few[Address]] = {}
        self._tell = self._changed  # one for all
        self._last_words: dict[Address, bytes] = {}

    def see(self, session: Session, account: Address, *, now: bool = True) -> None:
        """The session gets an account's presence from now on, and `now` as it is. Raises
        `Refused(TOO_MANY)`.
        """
        seen = self._seen.get(session, ())
        if session.ended or account in seen or self._hidden(session.account, account):
            return
        watched = self._watched.get(account)
        if watched is None:
            watched = _Watched(self._fan)
            watched.unwatch = self._presence.watch(account, self._tell)
            self._watched[account] = watched
        watched.add(session)
        self._seen[session] = with_one(seen, account)
        if now:
            self.show(session, account)

    def show(self, session: Session, account: Address) -> None:
        """Tell the session how an account is there: the answer to a probe (RFC 6121 §4.3.2)."""
        for state in self._presence.of(account):
            if not self._apart(session, state.device):
                send_alone(session, presence_of(state), _key(state.device))

    def unsee(self, session: Session, account: Address) -> None:
        """It does not get it any more, and is told that nobody is there (RFC 6121 §3.2.4)."""
        seen = self._seen.get(session, ())
        if account not in seen:
            return
        self._seen[session] = without(seen, account)
        self._leave(session, account)
        for state in self._presence.of(account):
            send_alone(session, unavailable(state.device), _key(state.device))

    def unsee_all(self, session: Session) -> None:
        """It is not available any more."""
        for account in self._seen.pop(session, ()):
            self._leave(session, account)

    def sees(self, session: Session, account: Address) -> bool:
        """Whether it gets an account's presence."""
        return account in self._seen.get(session, ())

    def seen_by(self, session: Session) -> list[Address]:
        """The accounts whose presence it gets."""
        return list(self._seen.get(session, ()))

    def watching(self, account: Address) -> list[Session]:
        """The sessions that get an account's presence."""
        watched = self._watched.get(account)
        return [] if watched is None else list(watched)

    def withdraw(self, device: Address, words: bytes) -> None:
        """A device is gone, and says so in these words."""
        self._last_words[device] = words
        try:
            self._presence.withdraw(device)
        finally:
            del self._last_words[device]

    def close(self) -> None:
        """Watch nobody any more."""
        for watched in self._watched.values():
            watched.unwatch()
        self._watched.clear()

    # within

    def _hidden(self, own: Address, account: Address) -> bool:
        """XEP-0191 §3.5: presence does not pass between those of whom one blocks the other."""
        blocks = self._relations.blocks
        return bool(blocks(own, account) or blocks(account, own))

    def _leave(self, session: Session, account: Address) -> None:
        watched = self._watched.get(account)
        if watched is None:
            return
        watched.discard(session)
        if not len(watched):
            watched.unwatch()
            del self._watched[account]

    def _changed(self, event: Event) -> None:
        if not isinstance(event, PresenceChanged):
            return
        watched = self._watched.get(event.account)
        if watched is None:
            return
        device = event.device
        if device is None:
            for state in event.devices:
                self._send(watched, presence_of(state), state.device)
            return
        for state in event.devices:
            if state.device == device:
                self._send(watched, presence_of(state), device)
                return
        words = self._last_words.get(device) or unavailable(device)
        self._send(watched, words, device)

    def _send(self, crowd: Crowd, data: bytes, device: Address) -> None:
        if not self._relations.blocks_devices(device):
            crowd.send(data, _key(device))
            return
        for session in list(crowd):
            if not self._apart(session, device):
                send_alone(session, data, _key(device))

    def _apart(self, session: Session, device: Address) -> bool:
        """Whether one of two devices is blocked by the other's account, alone or with its own."""
        blocks = self._relations.blocks
        return self._relations.blocks_devices(device) and bool(
            blocks(session.account, device) or blocks(device.bare, session.address)
        )


def _key(device: Address) -> str:
    return f"presence {device}"
