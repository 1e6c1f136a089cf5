"""Stand-ins for what instant messaging asks of the core and of services that are not its matter."""

import itertools
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
    Marked,
    MessageReceived,
    MessageSent,
    ProfileChanged,
    Typed,
)
from antiphon.core.message import Draft, Mark, Message, Original
from antiphon.core.outlet import Outlet
from antiphon.core.people import Letter
from antiphon.core.ports import Caller, Device, Reach
from antiphon.core.profile import Avatar, Profile, Slot
from antiphon.core.reason import Reason, Refused
from antiphon.services.mailbox import Mailbox

Tell = Callable[[Address, Event], None]


class FakeContacts:
    """Lists of contacts in memory, both sides kept in step (`core.ports.Contacts`)."""

    def __init__(self, known: set[Address], tell: Tell) -> None:
        self.rights: Callable[[Address, Address], None] = lambda watcher, account: None
        self._known = known
        self._tell = tell
        self._lists: dict[Address, dict[Address, Contact]] = {}
        self._blocked: dict[Address, list[str]] = {}
        self._version = 1

    async def of(self, account: Address) -> Sequence[Contact]:
        return [self._mine(account)[key] for key in sorted(self._mine(account))]

    async def find(self, account: Address, address: Address) -> Contact | None:
        return self._mine(account).get(address.bare)

    def sees(self, account: Address, other: Address) -> bool | None:
        found = self._mine(account).get(other.bare)
        return found is not None and found.sees

    def lists(self, account: Address, other: Address) -> bool | None:
        found = self._mine(account).get(other.bare)
        return found is not None and found.listed

    def version(self, account: Address) -> str:
        return f"v{self._version}"

    async def set(
        self,
        account: Address,
        address: Address,
        *,
        name: str | None = None,
        groups: Sequence[str] | None = None,
    ) -> Contact:
        found = self._get(account, address)
        if name is not None:
            found = replace(found, name=name)
        if groups is not None:
            found = replace(found, groups=tuple(groups))
        return self._put(account, replace(found, listed=True))

    async def remove(self, account: Address, address: Address) -> None:
        if self._mine(account).pop(address, None) is None:
            raise Refused(Reason.NOT_FOUND, "no such contact")
        self._version += 1
        self._tell(account, ContactRemoved("", account, address))
        if account in self._mine(address):
            other = self._get(address, account)
            self._put(address, replace(other, sees=False, seen=False, asked=False))

    async def ask(self, account: Address, address: Address, text: str = "") -> None:
        if address not in self._known:
            raise Refused(Reason.NOT_FOUND, "no such account")
        mine = self._get(account, address)
        self._put(account, replace(mine, asked=not mine.sees, listed=True))
        if self._get(address, account).approved:
            await self.answer(address, account, True)
            return
        theirs = replace(self._get(address, account), asking=True, request=text)
        self._put(address, theirs, told=False)
        self._tell(address, ContactAsked("", address, account, text))

    async def answer(self, account: Address, address: Address, granted: bool) -> None:
        mine = self._get(account, address)
        asked = mine.asking or mine.approved or mine.seen
        listed = mine.listed or granted
        self._put(
            account,
            replace(
                mine,
                seen=granted and mine.asking,
                asking=False,
                approved=granted and not mine.asking,
                listed=listed,
            ),
        )
        theirs = self._mine(address).get(account)
        if asked and theirs is not None:
            self._tell(address, ContactAnswered("", address, account, granted))
            self._put(address, replace(theirs, sees=granted, asked=False))

    async def withdraw(self, account: Address, address: Address) -> None:
        self._put(account, replace(self._get(account, address), sees=False, asked=False))
        self._put(address, replace(self._get(address, account), seen=False, asking=False))

    def befriend(self, one: Address, other: Address) -> None:
        """They see each other."""
        for mine, theirs in ((one, other), (other, one)):
            contact = Contact(address=theirs, sees=True, seen=True)
            self._mine(mine)[theirs] = contact

    def blocks(self, account: Address, other: Address) -> bool | None:
        blocked = self._blocked.get(account.bare, ())
        return bool({str(other), str(other.bare), other.domain}.intersection(blocked))

    def blocks_devices(self, device: Address) -> bool:
        return any("/" in one for whom in self._blocked.values() for one in whom)

    async def blocked(self, account: Address) -> Sequence[str]:
        return tuple(self._blocked.get(account, ()))

    async def block(self, account: Address, others: Sequence[str]) -> None:
        self._blocked.setdefault(account, []).extend(others)
        self._tell(account, BlockingChanged("", account, tuple(others), ()))
        self._changed(account, others)

    async def unblock(self, account: Address, others: Sequence[str] | None = None) -> None:
        before = self._blocked.get(account, [])
        gone = tuple(before if others is None else others)
        self._blocked[account] = [one for one in before if one not in gone]
        self._tell(account, BlockingChanged("", account, (), gone))
        self._changed(account, gone)

    def _changed(self, account: Address, others: Sequence[str]) -> None:
        for text in others:
            local, at, domain = text.rpartition("@")
            other = Address(local if at else "", domain.partition("/")[0])
            self.rights(account, other)
            self.rights(other, account)

    def _mine(self, account: Address) -> dict[Address, Contact]:
        return self._lists.setdefault(account.bare, {})

    def _get(self, account: Address, address: Address) -> Contact:
        return self._mine(account).get(address) or Contact(address=address, listed=False)

    def _put(self, account: Address, contact: Contact, *, told: bool = True) -> Contact:
        self._mine(account)[contact.address] = contact
        self._version += 1
        if told:
            self._tell(account, ContactChanged("", account, contact))
        return contact


class FakeExchange:
    """The switchboard's part in messages between accounts, over real archives."""

    def __init__(self, mailbox: Mailbox, known: set[Address]) -> None:
        self.mailbox = mailbox
        self.marks: list[tuple[Address, Address, Mark, str]] = []
        self.typed: list[tuple[Address, Address, bool]] = []
        self.arrivals: list[Address] = []
        self.refuse: Refused | None = None
        self.blocks: Callable[[Address, Address], bool | None] = lambda one, other: False
        self._known = known
        self._reaches: list[Reach] = []
        self._numbers = itertools.count(1)
        self.waiting = 0

    def add_reach(self, reach: Reach) -> None:
        self._reaches.append(reach)

    def tell(self, account: Address, event: Event) -> None:
        for device in self._present(account):
            device.deliver(event)

    def submit(
        self,
        caller: Caller,
        to: Address,
        draft: Draft,
        *,
        outlet: Outlet | None = None,
        heard: Callable[[Message | Refused], None],
    ) -> None:
        if self.refuse is not None or to.bare not in self._known:
            heard(self.refuse or Refused(Reason.NOT_FOUND, "no such account"))
            return
        if self.blocks(to, caller.address):
            heard(Refused(Reason.FORBIDDEN, "they block you"))
            return
        if self.blocks(caller.address, to):
            heard(Refused(Reason.CONFLICT, "you block them"))
            return
        if not draft.stored:
            message = Message(
                id=f"u{next(self._numbers)}",
                to=to,
                sender=caller.address,
                name=caller.name,
                sent_at=1.0,
                draft=draft,
            )
            self._passed(message, outlet, heard)
            return
        listeners = [one for one in self._present(to.bare) if one.listens]

        def done(message: Message, new: bool) -> None:
            self.waiting -= 1
            if new:
                self._tell_all(message, outlet)
            heard(message)

        def failed(refused: Refused) -> None:
            self.waiting -= 1
            heard(refused)

        self.waiting += 1
        self.mailbox.post(
            Letter(
                to=to,
                sender=caller.address,
                name=caller.name,
                draft=draft,
                archives=tuple(dict.fromkeys((to.bare, caller.address.bare))),
                waiting=not listeners,
                done=done,
                failed=failed,
            )
        )

    def _passed(
        self, message: Message, outlet: Outlet | None, heard: Callable[[Message | Refused], None]
    ) -> None:
        if self._tell_all(message, outlet):
            heard(message)
        else:
            heard(Refused(Reason.UNAVAILABLE, "nobody is there"))

    def _tell_all(self, message: Message, outlet: Outlet | None) -> int:
        meant = [
            one
            for one in self._present(message.to.bare)
            if one is not outlet and (one.listens or one.address == message.to)
        ]
        for device in meant:
            device.deliver(MessageReceived("", message))
        if message.draft.copied:
            for device in self._present(message.sender.bare):
                if device is not outlet and device not in meant:
                    device.deliver(MessageSent("", message))
        return len(meant)

    def typing(
        self, caller: Caller, to: Address, active: bool, original: Original | None = None
    ) -> None:
        self.typed.append((caller.address, to, active))
        event = Typed("", caller.address, to, caller.name, active, original)
        self.tell(to.bare, event)

    async def mark(
        self,
        caller: Caller,
        to: Address,
        mark: Mark,
        reference: str,
        original: Original | None = None,
    ) -> None:
        self.marks.append((caller.address, to, mark, reference))
        event = Marked("", caller.address, to, mark, reference, reference, original)
        self.tell(to.bare, event)

    def came(self, device: Device) -> None:
        self.arrivals.append(device.address)

    def _present(self, account: Address) -> list[Device]:
        return [one for reach in self._reaches for one in reach.present(account)]


class FakeProfiles:
    """Profiles and pictures in memory; a picture is what it is given."""

    def __init__(self, known: set[Address], tell: Tell) -> None:
        self._known = known
        self._tell = tell
        self.kept: dict[Address, Profile] = {}
        self.pictures: dict[Address, Avatar] = {}

    async def of(self, account: Address) -> Profile:
        self._check(account)
        return self.kept.get(account, Profile(nickname=account.local.title()))

    async def set(self, account: Address, profile: Profile) -> Profile:
        self._check(account)
        self.kept[account] = profile
        return profile

    async def avatar(self, account: Address, *, small: bool = False) -> Avatar | None:
        self._check(account)
        return self.pictures.get(account)

    async def avatar_id(self, account: Address) -> str | None:
        found = self.pictures.get(account)
        return None if found is None else found.id

    async def set_avatar(self, account: Address, data: bytes) -> Avatar:
        import hashlib

        id = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        made = Avatar(id=id, media_type="image/png", data=data, width=8, height=8)
        self.pictures[account] = made
        self._tell(account, ProfileChanged("", account, "name", id))
        return made

    async def remove_avatar(self, account: Address) -> None:
        if self.pictures.pop(account, None) is not None:
            self._tell(account, ProfileChanged("", account, "name", None))

    def _check(self, account: Address) -> None:
        if account not in self._known:
            raise Refused(Reason.NOT_FOUND, "no such account")


class FakeFiles:
    """Places for files of up to a thousand bytes."""

    max_size = 1000

    async def slot(self, caller: Caller, name: str, size: int, media_type: str = "") -> Slot:
        if size > self.max_size:
            raise Refused(Reason.TOO_LARGE, "too large")
        return Slot(
            id="1",
            put_url=f"https://up.example/1/{name}",
            get_url=f"https://down.example/1/{name}",
            headers={"Authorization": "Basic x", "X-Other": "y"},
            expires_at=5.0,
        )
