"""Lists of contacts, and who sees whom: stored, the same for every protocol.

Implements `core.people.Contacts`, with `blocks` for who blocks whom. What a step makes of two views
of each other is `subscriptions`'; here both sides change in one transaction, and are told after it.
It knows no protocol.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from antiphon.core.address import Address, Addresses
from antiphon.core.contact import Contact
from antiphon.core.event import (
    ContactAnswered,
    ContactAsked,
    ContactChanged,
    ContactRemoved,
    Event,
)
from antiphon.core.reason import Reason, Refused
from antiphon.stores import contacts as statements
from antiphon.stores.addresses import check_text, read_address
from antiphon.stores.database import Database

from . import subscriptions as step
from .blocks import Blocks
from .config import ContactsConfig

MAX_NAME = 1023  # bytes, of names and groups
MAX_REQUEST = 1024  # bytes

Tell = Callable[[Address, Event], None]
Exists = Callable[[Address], Awaitable[bool]]
Rights = Callable[[Address, Address], None]


@dataclass(slots=True)
class _List:
    contacts: dict[Address, Contact]
    version: int


class ContactLists:
    """Contacts of the accounts of one domain. `tell`: brings news to the devices of an account;
    `rights`: told (watcher, account) when what the one may see of the other may have changed;
    `exists`: whether there is such an account.
    """

    def __init__(
        self,
        database: Database,
        addresses: Addresses,
        *,
        tell: Tell,
        rights: Rights,
        exists: Exists,
        config: ContactsConfig | None = None,
    ) -> None:
        self._database = database
        self._addresses = addresses
        self._tell = tell
        self._rights = rights
        self._exists = exists
        self._config = config or ContactsConfig()
        self._blocks = Blocks(database, addresses, tell=tell, rights=rights, config=self._config)
        self._lists: OrderedDict[Address, _List] = OrderedDict()
        self._changes = 0
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Learn who blocks whom."""
        await self._blocks.open()

    # looking

    async def of(self, account: Address) -> Sequence[Contact]:
        """All contacts of an account, and those who ask to be, by address."""
        found = await self._load(account.bare)
        return sorted(found.contacts.values(), key=lambda contact: str(contact.address))

    async def find(self, account: Address, address: Address) -> Contact | None:
        """One of them."""
        return (await self._load(account.bare)).contacts.get(address.bare)

    def sees(self, account: Address, other: Address) -> bool | None:
        """Whether `account` sees `other`; None: not known until `of` was asked."""
        if (known := self._lists.get(account.bare)) is None:
            return None
        contact = known.contacts.get(other.bare)
        return contact is not None and contact.sees

    def lists(self, account: Address, other: Address) -> bool | None:
        """Whether `other` stands in the list; None: not known until `of` was asked."""
        if (known := self._lists.get(account.bare)) is None:
            return None
        contact = known.contacts.get(other.bare)
        return contact is not None and contact.listed

    def version(self, account: Address) -> str:
        """Another one after each change of the list; empty until `of` was asked."""
        known = self._lists.get(account.bare)
        return "" if known is None else str(known.version)

    # changing

    async def set(
        self,
        account: Address,
        address: Address,
        *,
        name: str | None = None,
        groups: Sequence[str] | None = None,
    ) -> Contact:
        """Put somebody into the list, or change name and groups (None: as they are)."""
        self._check_names(name, groups)

        def change(pair: _Pair) -> None:
            mine = replace(pair.mine, listed=True)
            if name is not None:
                mine = replace(mine, name=name)
            if groups is not None:
                mine = replace(mine, groups=tuple(dict.fromkeys(groups)))
            pair.mine = mine

        return (await self._change(account, address, change)).mine

    async def remove(self, account: Address, address: Address) -> None:
        """Take somebody out of the list; neither sees the other any more (RFC 6121 §2.5)."""

        def change(pair: _Pair) -> None:
            if not pair.mine.listed:
                raise Refused(Reason.NOT_FOUND, "This is none of your contacts.")
            _withdraw(pair)
            asking = pair.mine.asking
            if pair.mine.seen or pair.mine.approved:
                _refuse(pair)
            # Whoever asks still does.
            request = pair.mine.request if asking else ""
            pair.mine = Contact(
                address=pair.mine.address, asking=asking, request=request, listed=False
            )

        await self._change(account, address, change)

    async def ask(self, account: Address, address: Address, text: str = "") -> None:
        """Ask somebody to let `account` see their presence (RFC 6121 §3.1)."""
        check_text("The words", text, MAX_REQUEST)
        if account.bare == address.bare:
            raise Refused(Reason.BAD_REQUEST, "One sees oneself without asking.")
        if address.domain != self._addresses.domain or not await self._exists(address.bare):
            raise Refused(Reason.NOT_FOUND, "There is no such account here.")
        unheard = self._blocks.blocks(address, account)

        def change(pair: _Pair) -> None:
            pair.mine = step.ask(pair.mine)
            # Whoever is blocked waits for an answer that does not come.
            if unheard:
                return
            pair.theirs, heard, granted = step.be_asked(pair.theirs, text)
            if heard:
                pair.tell_them(ContactAsked("", pair.other, pair.account, text))
            if granted:
                _be_granted(pair)

        await self._change(account, address, change)

    async def answer(self, account: Address, address: Address, granted: bool) -> None:
        """Let somebody see `account`, also before they ask; or refuse it, also when it was granted
        before (RFC 6121 §3.1.5, §3.2, §3.4).
        """
        await self._change(account, address, _grant if granted else _refuse)

    async def withdraw(self, account: Address, address: Address) -> None:
        """See somebody's presence no more, or do not ask any more (RFC 6121 §3.3)."""
        await self._change(account, address, _withdraw)

    # who blocks whom

    def blocks(self, account: Address, other: Address) -> bool | None:
        """Whether `account` blocks `other`; always known."""
        return self._blocks.blocks(account, other)

    def blocks_devices(self, device: Address) -> bool:
        """Whether anybody blocks just this device, or its account just some of others."""
        return self._blocks.blocks_devices(device)

    async def blocked(self, account: Address) -> Sequence[str]:
        """Whom an account blocks: addresses and domains."""
        return self._blocks.of(account)

    async def block(self, account: Address, others: Sequence[str]) -> None:
        """Block accounts, domains or single devices: neither messages nor presence pass."""
        async with self._turn:
            await self._blocks.block(account, others)

    async def unblock(self, account: Address, others: Sequence[str] | None = None) -> None:
        """Block them no more; None: nobody."""
        async with self._turn:
            await self._blocks.unblock(account, others)

    # the end of an account

    async def erase(self, account: Address) -> None:
        """Delete the list of an account and its place in those of others, who are told."""
        bare = account.bare
        theirs = await self._database.read(lambda c: statements.those_with(c, str(bare)))
        for name in theirs:
            other = read_address(name)
            if (contact := await self.find(other, bare)) is None:
                continue
            await self.answer(other, bare, granted=False)
            if contact.listed:
                await self.remove(other, bare)
        async with self._turn:
            self._changes += 1
            await self._database.write(lambda c: statements.erase(c, str(bare)))
            self._changes += 1
            self._lists.pop(bare, None)
            self._blocks.forget(bare)

    # within

    async def _load(self, account: Address) -> _List:
        while True:
            if (known := self._lists.get(account)) is not None:
                self._lists.move_to_end(account)
                return known
            before, name = self._changes, str(account)

            def read(connection: Connection, name: str = name) -> _List:
                found = statements.of(connection, name)
                version = statements.read_version(connection, name)
                return _List({contact.address: contact for contact in found}, version)

            found = await self._database.read(read)
            if before == self._changes:
                self._lists[account] = found
                if len(self._lists) > self._config.remembered:
                    self._lists.popitem(last=False)
                return found

    async def _change(
        self, account: Address, address: Address, change: "Callable[[_Pair], None]"
    ) -> "_Pair":
        account, address = account.bare, address.bare
        if account.is_guest:
            raise Refused(Reason.FORBIDDEN, "Guests have no contacts. Please log in.")
        if address.is_room or not address.domain:
            raise Refused(Reason.BAD_REQUEST, "Contacts are people.")
        local = address.domain == self._addresses.domain

        def work(connection: Connection) -> _Pair:
            statements.lock(connection)
            pair = _Pair(connection, account, address)
            change(pair)
            self._save(connection, pair, local)
            return pair

        async with self._turn:
            self._changes += 1
            pair = await self._database.write(work)
            # Whoever was reading meanwhile may have seen what was before.
            self._changes += 1
            self._apply(pair)
        return pair

    def _save(self, connection: Connection, pair: "_Pair", local: bool) -> None:
        if pair.mine != pair.mine_before:
            listed, _ = statements.count(connection, str(pair.account))
            full = listed >= self._config.contacts
            if full and pair.mine.listed and not pair.mine_before.listed:
                raise Refused(Reason.TOO_MANY, "Your list of contacts is full.")
            pair.my_version = _keep(connection, pair.account, pair.mine)
        if local and pair.theirs != pair.theirs_before:
            _, asking = statements.count(connection, str(pair.other))
            fresh = step.is_nothing(pair.theirs_before)
            if fresh and asking >= self._config.requests:
                raise Refused(Reason.TOO_MANY, "Too many people ask them. Please try again later.")
            pair.their_version = _keep(connection, pair.other, pair.theirs)

    def _apply(self, pair: "_Pair") -> None:
        sides = (
            (pair.account, pair.mine_before, pair.mine, pair.my_version),
            (pair.other, pair.theirs_before, pair.theirs, pair.their_version),
        )
        for account, before, after, version in sides:
            if not version:
                continue
            if (known := self._lists.get(account)) is not None:
                known.version = version
                if step.is_nothing(after):
                    known.contacts.pop(after.address, None)
                else:
                    known.contacts[after.address] = after
            if after.listed:
                self._tell(account, ContactChanged("", account, after))
            elif before.listed or (step.is_nothing(after) and not step.is_nothing(before)):
                self._tell(account, ContactRemoved("", account, after.address))
            if before.sees != after.sees:
                self._rights(account, after.address)
        for account, event in pair.news:
            self._tell(account, event)

    def _check_names(self, name: str | None, groups: Sequence[str] | None) -> None:
        check_text("The name", name or "", MAX_NAME)
        if len(groups or ()) > self._config.groups:
            text = f"A contact is in at most {self._config.groups} groups."
            raise Refused(Reason.TOO_MANY, text)
        for group in groups or ():
            if not group:
                raise Refused(Reason.BAD_REQUEST, "A group has a name.")
            check_text("The name of a group", group, MAX_NAME)


class _Pair:
    """What `account` and `other` have of each other, within a transaction; and whom to tell what
    after it.
    """

    def __init__(self, connection: Connection, account: Address, other: Address) -> None:
        self.account = account
        self.other = other
        mine = statements.find(connection, str(account), str(other))
        theirs = statements.find(connection, str(other), str(account))
        self.mine = self.mine_before = mine or Contact(address=other, listed=False)
        self.theirs = self.theirs_before = theirs or Contact(address=account, listed=False)
        self.my_version = self.their_version = 0
        self.news: list[tuple[Address, Event]] = []

    def tell_them(self, event: Event) -> None:
        self.news.append((self.other, event))

    def tell_us(self, event: Event) -> None:
        self.news.append((self.account, event))


def _grant(pair: _Pair) -> None:
    pair.mine, routed = step.grant(pair.mine)
    if routed:
        pair.theirs, heard = step.be_granted(pair.theirs)
        if heard:
            pair.tell_them(ContactAnswered("", pair.other, pair.account, granted=True))


def _refuse(pair: _Pair) -> None:
    pair.mine, routed = step.refuse(pair.mine)
    if routed:
        pair.theirs, heard = step.be_refused(pair.theirs)
        if heard:
            pair.tell_them(ContactAnswered("", pair.other, pair.account, granted=False))


def _withdraw(pair: _Pair) -> None:
    pair.mine = step.withdraw(pair.mine)
    pair.theirs = step.be_left(pair.theirs)


def _be_granted(pair: _Pair) -> None:
    """The other side let us see them without being told that we asked."""
    pair.mine, heard = step.be_granted(pair.mine)
    if heard:
        pair.tell_us(ContactAnswered("", pair.account, pair.other, granted=True))


def _keep(connection: Connection, account: Address, contact: Contact) -> int:
    name = str(account)
    if step.is_nothing(contact):
        statements.remove(connection, name, str(contact.address))
    else:
        statements.save(connection, name, contact)
    return statements.next_version(connection, name)
