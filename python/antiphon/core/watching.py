"""Who watches whose presence: whoever is let see it, as long as they are.

Who is there, presence knows; who lets whom see, contacts. This joins both, and ends what is not
allowed any more.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .address import Address
from .event import Event, PresenceChanged
from .people import Contacts
from .policy import Policy
from .ports import Caller, Presence
from .reason import Reason, Refused

Tell = Callable[[Event], None]


@dataclass(slots=True, eq=False)
class _Watcher:
    """`end`: ends what presence tells it; None while it must not see anything."""

    caller: Caller
    tell: Tell
    end: Callable[[], None] | None = None


class Watching:
    """Watchers by who they are and whom they watch."""

    def __init__(self, presence: Presence, policy: Policy, contacts: Contacts | None) -> None:
        self._presence = presence
        self._policy = policy
        self._contacts = contacts
        self._watchers: dict[tuple[Address, Address], list[_Watcher]] = {}

    def watch(
        self, caller: Caller, account: Address, tell: Tell, patient: bool
    ) -> Callable[[], None]:
        """See `Switchboard.watch_presence`."""
        own, account = caller.address.bare, account.bare
        watcher = _Watcher(caller, tell)
        try:
            self._policy.may_watch(caller, account, sees=self._sees(own, account))
            watcher.end = self._presence.watch(account, tell)
        except Refused:
            if not patient:
                raise
        key = own, account
        self._watchers.setdefault(key, []).append(watcher)

        def unwatch() -> None:
            _cover(watcher)
            mine = self._watchers.get(key, [])
            if watcher in mine:
                mine.remove(watcher)
            if not mine:
                self._watchers.pop(key, None)

        return unwatch

    def may(self, caller: Caller, account: Address) -> bool:
        """See `Switchboard.may_see`."""
        try:
            sees = self._sees(caller.address.bare, account.bare)
            self._policy.may_watch(caller, account, sees=sees)
        except Refused:
            return False
        return True

    def changed(self, watcher: Address, account: Address) -> None:
        """What the one may see of the other may be otherwise now. An address without a local part
        is everybody of that domain.
        """
        for own, other in [key for key in self._watchers if _are(key, watcher, account)]:
            for one in self._watchers.get((own, other), ()):
                self._check(one, own, other)

    def _check(self, watcher: _Watcher, own: Address, account: Address) -> None:
        try:
            self._policy.may_watch(watcher.caller, account, sees=self._sees(own, account))
            if watcher.end is None:
                watcher.end = self._presence.watch(account, watcher.tell)
                states = tuple(self._presence.of(account))
                watcher.tell(PresenceChanged("", account, states))
        except Refused:
            if _cover(watcher):
                # To them, nobody is there.
                watcher.tell(PresenceChanged("", account, ()))

    def _sees(self, own: Address, account: Address) -> bool:
        if own == account:
            return True
        if self._contacts is None:
            return False
        if (sees := self._contacts.sees(own, account)) is None:
            raise Refused(Reason.BUSY, "Who sees whom is not known yet.")
        # Blocking hides each from the other, whoever sees whom otherwise.
        hidden = self._contacts.blocks(account, own) or self._contacts.blocks(own, account)
        return sees and not hidden


def _cover(watcher: _Watcher) -> bool:
    """Let it see nothing any more; False if it did not."""
    end, watcher.end = watcher.end, None
    if end is not None:
        end()
    return end is not None


def _are(key: tuple[Address, Address], watcher: Address, account: Address) -> bool:
    return _is(key[0], watcher) and _is(key[1], account)


def _is(one: Address, whom: Address) -> bool:
    return one == whom or (not whom.local and one.domain == whom.domain)
