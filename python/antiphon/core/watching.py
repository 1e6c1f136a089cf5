"""Who watches whose presence: whoever is let see it, as long as they are.

Who is there, presence knows; who lets whom see, contacts. This joins both, and ends what is not
allowed any more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .address import Address
from .event import Event, PresenceChanged
from .people import Contacts
from .policy import Policy
from .ports import Caller, Presence
from .reason import Reason, Refused

Tell = Callable[[Event], None]


@dataclass(slots=True, eq=False)
class _Watcher:
    tell: Tell
    end: Callable[[], None] = field(default=lambda: None)


class Watching:
    """Watchers by who they are and whom they watch."""

    def __init__(self, presence: Presence, policy: Policy, contacts: Contacts | None) -> None:
        self._presence = presence
        self._policy = policy
        self._contacts = contacts
        self._watchers: dict[tuple[Address, Address], list[_Watcher]] = {}

    def watch(self, caller: Caller, account: Address, tell: Tell) -> Callable[[], None]:
        """See `Switchboard.watch_presence`."""
        own, account = caller.address.bare, account.bare
        self._policy.may_watch(caller, account, sees=self._sees(own, account))
        watcher = _Watcher(tell)
        watcher.end = self._presence.watch(account, tell)
        key = own, account
        self._watchers.setdefault(key, []).append(watcher)

        def unwatch() -> None:
            watcher.end()
            mine = self._watchers.get(key, [])
            if watcher in mine:
                mine.remove(watcher)
            if not mine:
                self._watchers.pop(key, None)

        return unwatch

    def end(self, watcher: Address, account: Address) -> None:
        """The account lets this watcher see it no more: to them, nobody is there."""
        for one in self._watchers.pop((watcher.bare, account.bare), ()):
            one.end()
            one.tell(PresenceChanged("", account.bare, ()))

    def _sees(self, own: Address, account: Address) -> bool:
        if own == account:
            return True
        if self._contacts is None:
            return False
        if (sees := self._contacts.sees(own, account)) is None:
            raise Refused(Reason.BUSY, "Who sees whom is not known yet.")
        # Blocking hides presence from those who see it otherwise (XEP-0191 §5, for one).
        return sees and not self._contacts.blocks(account, own)
