"""The contacts of one session's account and who of them is there, and how its own user is.

Decisions are those of the contacts and the switchboard; this remembers whom the session watches.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from antiphon.core import event as events
from antiphon.core.address import Address
from antiphon.core.following import Following
from antiphon.core.outlet import Outlet
from antiphon.core.people import Contacts
from antiphon.core.ports import Caller, Presence
from antiphon.core.presence import PresenceState
from antiphon.core.reason import Reason, Refused
from antiphon.core.switchboard import Switchboard

from . import message, spelling_people

PeopleRequest = (
    message.WatchContacts
    | message.SetContact
    | message.RemoveContact
    | message.AskContact
    | message.AnswerContact
    | message.WithdrawContact
    | message.Block
    | message.Unblock
    | message.SetPresence
)


@dataclass(frozen=True, slots=True)
class People:
    """Where contacts are kept, and who says who is there."""

    contacts: Contacts
    presence: Presence


class Session(Outlet, Protocol):
    """What people need of the session that looks at them."""

    @property
    def reachable(self) -> bool:
        """Whether it is a device of its account."""

    def news_follows(self) -> None:
        """Hold news back until the request being done is replied to."""


class SessionPeople:
    """`device`: the session's own address. `people`: None where a node has no contacts."""

    def __init__(
        self,
        caller: Caller,
        device: Address,
        session: Session,
        *,
        switchboard: Switchboard,
        people: People | None,
    ) -> None:
        self._caller = caller
        self._account = caller.address.bare
        self._device = device
        self._session = session
        self._switchboard = switchboard
        self._people = people
        self._following: Following | None = None

    async def do(self, request: PeopleRequest) -> message.ServerReply:
        """Do one of the requests that concern people. Raises `Refused`."""
        people = self._known()
        contacts, account = people.contacts, self._account
        match request:
            case message.WatchContacts():
                return await self._follow(people, request)
            case message.SetContact(address=address):
                contact = await contacts.set(
                    account,
                    self._parse(address),
                    name=None if request.name is msgspec.UNSET else request.name,
                    groups=None if request.groups is msgspec.UNSET else request.groups,
                )
                return message.ContactIs(id=request.id, contact=spelling_people.contact(contact))
            case message.RemoveContact(address=address):
                await contacts.remove(account, self._parse(address))
            case message.AskContact(address=address):
                await contacts.ask(account, self._parse(address), request.text or "")
            case message.AnswerContact(address=address, granted=granted):
                await contacts.answer(account, self._parse(address), granted)
            case message.WithdrawContact(address=address):
                await contacts.withdraw(account, self._parse(address))
            case message.Block(addresses=addresses):
                await contacts.block(account, addresses)
            case message.Unblock(addresses=addresses):
                await contacts.unblock(account, None if addresses is msgspec.UNSET else addresses)
            case message.SetPresence():
                self._publish(people, request)
        return message.Result(id=request.id)

    def heard(self, event: events.Event) -> None:
        """Take notice of what the session is told."""
        if self._following is not None:
            self._following.heard(event)

    def close(self) -> None:
        """The session ends: it watches nobody any more."""
        if self._following is not None:
            self._following.end()

    async def _follow(self, people: People, request: message.WatchContacts) -> message.Contacts:
        if not self._session.reachable:
            text = "This session is no device of its account: say `reachable` in `hello`."
            raise Refused(Reason.CONFLICT, text)
        self._session.news_follows()
        if self._following is None:
            self._following = Following(
                self._caller,
                watch=self._switchboard,
                contacts=people.contacts,
                presence=people.presence,
                tell=self._session.deliver,
            )
        contacts, there = await self._following.begin()
        blocked = await people.contacts.blocked(self._account)
        return message.Contacts(
            id=request.id,
            contacts=[spelling_people.contact(one) for one in contacts],
            blocked=list(blocked),
            presence=[spelling_people.presence(*one) for one in there.items()],
        )

    def _publish(self, people: People, request: message.SetPresence) -> None:
        if not self._session.reachable:
            raise Refused(Reason.CONFLICT, "Nobody sees this session: it is not `reachable`.")
        people.presence.publish(
            PresenceState(
                device=self._device,
                show=request.show,
                note=request.note or "",
                idle_since=None if request.idle_since is msgspec.UNSET else request.idle_since,
            )
        )

    def _known(self) -> People:
        self._caller.must_be_whole()
        if self._account.is_guest:
            raise Refused(Reason.FORBIDDEN, "Guests have no contacts. Please log in.")
        if self._people is None:
            raise Refused(Reason.UNSUPPORTED, "This server keeps no contacts.")
        return self._people

    def _parse(self, address: str) -> Address:
        return self._switchboard.addresses.parse(address).bare
