"""Rooms for XMPP clients without sockets: a real switchboard and archive, sessions that are fed
stanzas as text, and members who speak no XMPP at all.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, fromstring

from antiphon._native import Stanza, Streams
from antiphon.core.address import Address, Addresses
from antiphon.core.message import Message
from antiphon.core.people import Letter
from antiphon.core.policy import Policy
from antiphon.core.ports import Caller, Device, Grants, RoomSettings
from antiphon.core.reason import Refused
from antiphon.core.room_member import Member
from antiphon.core.switchboard import Switchboard
from antiphon.protocols.xmpp.device import SessionDevice
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.management import Management
from antiphon.protocols.xmpp.message import result as answer
from antiphon.protocols.xmpp.muc.foyer import MucConfig
from antiphon.protocols.xmpp.muc.service import create_muc
from antiphon.protocols.xmpp.session import Router, Session
from antiphon.protocols.xmpp.sessions import Fan, Sessions
from antiphon.services.mailbox import Mailbox
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.rooms import StoredRooms
from antiphon.stores.database import Database
from tests.support.contacts import MemoryContacts
from tests.support.fakes import FakeDirectory, FakeMedia, Recorder
from tests.support.xmpp_house import CLIENT, as_text, condition, result
from tests.support.xmpp_wire import FakeWire

DOMAIN = "example.org"
ROOMS = f"rooms.{DOMAIN}"
USER = "{http://jabber.org/protocol/muc#user}"
JOIN = "<x xmlns='http://jabber.org/protocol/muc'/>"
# How long a test waits for what must come (s).
PATIENCE = 20.0


class _Home:
    """Where the sessions live; it is their router as well."""

    def __init__(self, hall: "Hall") -> None:
        self.router: Router = self
        self._hall = hall

    # session.Home

    def regroup(self) -> None:
        self._hall.sessions.moves += 1

    def ended(self, session: Session) -> None:
        self._hall.sessions.remove(session)

    def expire(self, session: Session, after: float) -> None:
        raise AssertionError("nobody hibernates here")

    def manage(self, session: Session, resumable: bool, wanted: str | None) -> Management:
        raise AssertionError("no stream management here")

    # session.Router

    def features(self, account: Address) -> bytes:
        return b""

    def bound(self, session: Session) -> None:
        session.features[SessionDevice] = SessionDevice(session, self._hall.news)

    def received(self, session: Session, stanza: Stanza) -> None:
        # What is no address never comes to the rooms.
        if (to := self._hall.jids.find(stanza.to or "")) is not None:
            self._hall.muc.received(session, stanza, to)

    def activity(self, session: Session) -> None:
        pass

    def hibernated(self, session: Session) -> None:
        pass

    def resumed(self, session: Session) -> None:
        pass

    def gone(self, session: Session, unacked: Sequence[Stanza]) -> None:
        self._hall.muc.gone(session)


class Client:
    """One session's client."""

    def __init__(self, hall: "Hall", session: Session, wire: FakeWire) -> None:
        self.session = session
        self.jid = session.jid
        self.wire = wire
        self._hall = hall
        self._numbers = itertools.count(1)

    def send(self, text: str) -> None:
        """A stanza, as the client writes it."""
        self.session.received(Stanza(text.encode()))

    async def take(self) -> list[Element]:
        """What came, when all is done that was asked for."""
        await self._hall.settle()
        found = [fromstring(Stanza(data).raw) for data in self.wire.sent]
        self.wire.sent.clear()
        assert all(one.get("to") == self.jid for one in found), [as_text(one) for one in found]
        return found

    async def only(self) -> Element:
        """The one stanza that came."""
        found = await self.take()
        assert len(found) == 1, [as_text(one) for one in found]
        return found[0]

    async def join(self, room: str, nick: str | None = None, inner: str = JOIN) -> list[Element]:
        """Come into a room, with what it brings."""
        nick = nick or self.session.address.local.title()
        self.send(f"<presence to='{room}@{ROOMS}/{nick}'>{inner}</presence>")
        return await self.take()

    def say(self, room: str, text: str, id: str = "") -> None:
        """To everybody."""
        named = f" id='{id}'" if id else ""
        self.send(
            f"<message to='{room}@{ROOMS}' type='groupchat'{named}><body>{text}</body></message>"
        )

    async def ask(self, type_: str, payload: str, to: str) -> Element:
        """An IQ and its answer; other stanzas that came stay."""
        id = f"q{next(self._numbers)}"
        self.send(f"<iq type='{type_}' id='{id}' to='{to}'>{payload}</iq>")
        await self._hall.settle()
        for position, data in enumerate(self.wire.sent):
            stanza = Stanza(data)
            if stanza.kind == Stanza.IQ and stanza.id == id and stanza.type != "get":
                del self.wire.sent[position]
                return fromstring(stanza.raw)
        raise AssertionError(f"no answer to {payload}: {self.wire.sent}")

    async def get(self, payload: str, to: str) -> Element:
        """The result's payload, or the result itself if it has none."""
        return result(await self.ask("get", payload, to))

    async def set(self, payload: str, to: str) -> Element:
        """The same of a set."""
        return result(await self.ask("set", payload, to))

    async def refused(self, type_: str, payload: str, to: str) -> str:
        """The condition of the error."""
        return condition(await self.ask(type_, payload, to))

    async def configure(self, room: str, **fields: str) -> None:
        """Set fields of muc#roomconfig; none: an instant room."""
        written = "".join(
            f"<field var='muc#roomconfig_{name}'><value>{value}</value></field>"
            for name, value in fields.items()
        )
        await self.set(
            "<query xmlns='http://jabber.org/protocol/muc#owner'>"
            f"<x xmlns='jabber:x:data' type='submit'>{written}</x></query>",
            f"{room}@{ROOMS}",
        )
        await self.take()

    async def admin(self, room: str, *items: str) -> Element:
        """muc#admin set; the answer."""
        inner = "".join(items)
        query = f"<query xmlns='http://jabber.org/protocol/muc#admin'>{inner}</query>"
        return await self.ask("set", query, f"{room}@{ROOMS}")


class _Reach:
    """The sessions, as devices."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def present(self, account: Address) -> list[Device]:
        found = self._sessions.of(account.bare).values()
        return [one.features[SessionDevice] for one in found]

    async def devices(self, caller: Caller, callee: Address) -> list[Device]:
        return []


class _Accounts:
    """Tells of each account its address."""

    def answer_for(self, session: Session, asked: Stanza, account: Address) -> None:
        session.send(answer(asked, session.jid, f"<about>{account}</about>".encode()))


class _Mailbox(Mailbox):
    """Tells whether something is being written."""

    writing = 0

    def post(self, letter: Letter) -> None:
        self.writing += 1
        done, failed = letter.done, letter.failed

        def stored(message: Message, new: bool) -> None:
            self.writing -= 1
            done(message, new)

        def refused(reason: Refused) -> None:
            self.writing -= 1
            failed(reason)

        letter.done, letter.failed = stored, refused
        super().post(letter)


class Hall:
    """See the module."""

    def __init__(self, database: Database, config: MucConfig) -> None:
        self.addresses = Addresses(DOMAIN, PrecisNormalizer())
        self.jids = Jids(self.addresses)
        self.sessions = Sessions()
        # Sessions have no streams here, so that nothing is sent to groups.
        self.fan = Fan(cast("Streams", None), self.sessions)
        self.mailbox = _Mailbox(database)
        self.rooms = StoredRooms(database)
        self.directory = FakeDirectory()
        self.contacts = MemoryContacts()
        self.switchboard = Switchboard(
            rooms=self.rooms,
            messages=self.mailbox,
            media=FakeMedia(),
            addresses=self.addresses,
            policy=Policy(guests=True),
            directory=self.directory,
        )
        self.muc = create_muc(
            switchboard=self.switchboard,
            messages=self.mailbox,
            rooms=self.rooms,
            jids=self.jids,
            fan=self.fan,
            blocks=self.contacts,
            secret=b"s" * 32,
            config=config,
            accounts=_Accounts(),
        )
        self.news = {
            event: [tell] for one in self.muc.features for event, tell in one.news().items()
        }
        self.switchboard.add_reach(_Reach(self.sessions))
        self.contacts.tell = self.switchboard.tell
        self._home = _Home(self)

    def login(self, name: str, *, admin: bool = False) -> Client:
        """A bound session of `account/device`."""
        address = self.addresses.parse(name if "/" in name else f"{name}/pda")
        caller = Caller(
            address=address.bare, name=address.local.title(), grants=Grants(admin=admin)
        )
        wire = FakeWire(None, keeps=False)
        session = Session(self._home, wire, caller, address)
        self.sessions.add(session)
        self._home.bound(session)
        return Client(self, session, wire)

    def caller(self, name: str) -> Caller:
        """Somebody with an account, by another protocol."""
        return Caller(address=Address(name, DOMAIN), name=name.title())

    async def enter(self, name: str, room: str, shown: str = "") -> tuple[Member, Recorder]:
        """Somebody comes into a room by another protocol."""
        outlet = Recorder()
        caller = self.caller(name)
        joined = await self.switchboard.join(caller, room, outlet, name=shown or caller.name)
        return joined.member, outlet

    async def settle(self) -> None:
        """Wait until all is done that was asked for."""
        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                await self.muc.close()
                await self.switchboard._post.lanes.close()
                while self.mailbox.writing:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.002)

    async def close(self) -> None:
        """End everything."""
        await self.muc.close()
        await self.switchboard.close()
        await self.mailbox.close()


@asynccontextmanager
async def opened(folder: Path, config: MucConfig | None = None) -> AsyncIterator[Hall]:
    """A hall with a database of its own."""
    async with Database(f"sqlite:///{folder / 'hall.db'}") as database:
        hall = Hall(database, config or MucConfig())
        try:
            yield hall
        finally:
            await hall.close()


async def room_of(hall: Hall, *names: str, settings: RoomSettings | None = None) -> list[Client]:
    """Clients in the room `den`, which lasts and is Ann's."""
    await hall.switchboard.set(hall.caller("ann"), settings or RoomSettings(name="den"))
    clients = [hall.login(name) for name in names]
    for client in clients:
        await client.join("den")
    for client in clients:
        await client.take()
    return clients


def codes(stanza: Element) -> list[int]:
    """Status codes."""
    return sorted(int(one.get("code", "0")) for one in stanza.iter(f"{USER}status"))


def item(stanza: Element) -> dict[str, str]:
    """What is said of an occupant."""
    found = stanza.find(f"{USER}x/{USER}item")
    assert found is not None, as_text(stanza)
    return dict(found.attrib)


def from_of(stanza: Element) -> str:
    """The nick that it is from; of the room itself, nothing."""
    return (stanza.get("from") or "").partition("/")[2]


def subject(stanza: Element) -> str | None:
    """Of a message."""
    return stanza.findtext(f"{CLIENT}subject")
