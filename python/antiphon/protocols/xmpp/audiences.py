"""Who of the clients here sees whose presence: for each account that is seen, the sessions that
get its presence, all at once.

Whether somebody may see somebody is asked of the contacts; what presence says is built once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from antiphon.core.address import Address
from antiphon.core.event import Event, PresenceChanged
from antiphon.core.ports import Presence

from .crowd import Crowd, send_alone
from .session import Session
from .sessions import Fan
from .spelling import presence_of, unavailable


class Relations(Protocol):
    """What is asked of the contacts (`core.people.Contacts`)."""

    def blocks(self, account: Address, other: Address) -> bool | None:
        """Whether one blocks the other, as far as known."""

    def blocks_devices(self, device: Address) -> bool:
        """Whether anybody blocks just this device, or its account just some of others."""


class Seeing:
    """Kept of a session that is available: the accounts whose presence it gets."""

    __slots__ = ("accounts",)

    def __init__(self) -> None:
        self.accounts: set[Address] = set()


@dataclass(slots=True)
class _Watched:
    crowd: Crowd
    unwatch: Callable[[], None]


class Audiences:
    """Watches each account once, for all sessions that see it."""

    def __init__(self, fan: Fan, presence: Presence, relations: Relations) -> None:
        self._fan = fan
        self._presence = presence
        self._relations = relations
        self._watched: dict[Address, _Watched] = {}
        self._last_words: dict[Address, bytes] = {}

    def see(self, session: Session, account: Address, *, now: bool = True) -> None:
        """The session gets an account's presence from now on, and `now` as it is. Raises
        `Refused(TOO_MANY)`.
        """
        seeing = session.features.setdefault(Seeing, Seeing())
        if account in seeing.accounts or self._hidden(session.account, account):
            return
        watched = self._watched.get(account)
        if watched is None:
            watched = _Watched(Crowd(self._fan), self._presence.watch(account, self._changed))
            self._watched[account] = watched
        watched.crowd.add(session)
        seeing.accounts.add(account)
        if now:
            self.show(session, account)

    def show(self, session: Session, account: Address) -> None:
        """Tell the session how an account is there: the answer to a probe (RFC 6121 §4.3.2)."""
        for state in self._presence.of(account):
            if not self._apart(session, state.device):
                send_alone(session, presence_of(state), _key(state.device))

    def unsee(self, session: Session, account: Address) -> None:
        """It does not get it any more, and is told that nobody is there (RFC 6121 §3.2.4)."""
        seeing = session.features.get(Seeing)
        if seeing is None or account not in seeing.accounts:
            return
        seeing.accounts.discard(account)
        self._leave(session, account)
        for state in self._presence.of(account):
            send_alone(session, unavailable(state.device), _key(state.device))

    def unsee_all(self, session: Session) -> None:
        """It is not available any more."""
        seeing = session.features.pop(Seeing, None)
        for account in () if seeing is None else seeing.accounts:
            self._leave(session, account)

    def sees(self, session: Session, account: Address) -> bool:
        """Whether it gets an account's presence."""
        seeing = session.features.get(Seeing)
        return seeing is not None and account in seeing.accounts

    def seen_by(self, session: Session) -> list[Address]:
        """The accounts whose presence it gets."""
        seeing = session.features.get(Seeing)
        return [] if seeing is None else list(seeing.accounts)

    def watching(self, account: Address) -> list[Session]:
        """The sessions that get an account's presence."""
        watched = self._watched.get(account)
        return [] if watched is None else list(watched.crowd)

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
        watched.crowd.discard(session)
        if not len(watched.crowd):
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
                self._send(watched.crowd, presence_of(state), state.device)
            return
        for state in event.devices:
            if state.device == device:
                self._send(watched.crowd, presence_of(state), device)
                return
        words = self._last_words.get(device) or unavailable(device)
        self._send(watched.crowd, words, device)

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
