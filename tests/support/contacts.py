"""Lists of contacts in memory: enough of who sees whom to try what adapters make of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from antiphon.core.address import Address
from antiphon.core.contact import Contact
from antiphon.core.event import (
    BlockingChanged,
    ContactAnswered,
    ContactAsked,
    ContactChanged,
    ContactRemoved,
    Event,
)

Tell = Callable[[Address, Event], None]
Rights = Callable[[Address, Address], None]


class MemoryContacts:
    """`tell` brings news to the devices of an account; `rights` hears that what the one may see
    of the other may be otherwise.
    """

    def __init__(self, tell: Tell | None = None, rights: Rights | None = None) -> None:
        self.tell: Tell = tell or (lambda account, event: None)
        self.rights: Rights = rights or (lambda watcher, account: None)
        self.lists: dict[Address, dict[Address, Contact]] = defaultdict(dict)
        self.blockings: dict[Address, set[str]] = defaultdict(set)
        self.changes = 0

    def befriend(self, one: Address, other: Address) -> None:
        """Both see each other, and nobody is told."""
        for account, contact in ((one, other), (other, one)):
            self.lists[account][contact] = Contact(address=contact, sees=True, seen=True)

    async def of(self, account: Address) -> Sequence[Contact]:
        return sorted(self.lists[account].values(), key=lambda one: one.address)

    async def find(self, account: Address, address: Address) -> Contact | None:
        return self.lists[account].get(address)

    def sees(self, account: Address, other: Address) -> bool | None:
        found = self.lists[account].get(other)
        return found is not None and found.sees

    def version(self, account: Address) -> str:
        return str(self.changes)

    async def set(
        self,
        account: Address,
        address: Address,
        *,
        name: str | None = None,
        groups: Sequence[str] | None = None,
    ) -> Contact:
        before = self.lists[account].get(address, Contact(address=address))
        return self._put(
            account,
            address,
            listed=True,
            name=before.name if name is None else name,
            groups=before.groups if groups is None else tuple(groups),
        )

    async def remove(self, account: Address, address: Address) -> None:
        if self.lists[account].pop(address, None) is not None:
            self.tell(account, ContactRemoved("", account, address))
            self.rights(account, address)
        if account in self.lists[address]:
            self._put(address, account, sees=False, seen=False, asked=False)

    async def ask(self, account: Address, address: Address, text: str = "") -> None:
        self._put(account, address, asked=True)
        self._put(address, account, asking=True, request=text, listed=False)
        self.tell(address, ContactAsked("", address, account, text))

    async def answer(self, account: Address, address: Address, granted: bool) -> None:
        self._put(account, address, seen=granted, asking=False)
        self._put(address, account, sees=granted, asked=False)
        self.tell(address, ContactAnswered("", address, account, granted))

    async def withdraw(self, account: Address, address: Address) -> None:
        self._put(account, address, sees=False, asked=False)
        self._put(address, account, seen=False, asking=False)

    def blocks(self, account: Address, other: Address) -> bool | None:
        meant = {str(other), str(other.bare), other.domain}
        return bool(self.blockings[account] & meant)

    def blocks_devices(self, device: Address) -> bool:
        return any("/" in one for whom in self.blockings.values() for one in whom)

    async def blocked(self, account: Address) -> Sequence[str]:
        return sorted(self.blockings[account])

    async def block(self, account: Address, others: Sequence[str]) -> None:
        self.blockings[account].update(others)
        self.tell(account, BlockingChanged("", account, tuple(others), ()))

    async def unblock(self, account: Address, others: Sequence[str] | None = None) -> None:
        ended = sorted(self.blockings[account]) if others is None else others
        self.blockings[account].difference_update(ended)
        self.tell(account, BlockingChanged("", account, (), tuple(ended)))

    def _put(self, account: Address, address: Address, **change: object) -> Contact:
        before = self.lists[account].get(address, Contact(address=address))
        after = replace(before, **change)  # type: ignore[arg-type]
        self.lists[account][address] = after
        self.changes += 1
        self.tell(account, ContactChanged("", account, after))
        self.rights(account, address)
        return after
