"""A house of instant messaging without sockets: sessions are fed stanzas as text, and what they are
sent is read as elements. Archives and published nodes are real ones.
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
from antiphon.core.ports import Caller, Grants, IceServer
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.features.administration import AccountCare
from antiphon.protocols.xmpp.house import House, Services
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.management import Management
from antiphon.protocols.xmpp.session import Home, Router, Session
from antiphon.protocols.xmpp.sessions import Fan, Sessions
from antiphon.services.last_seen import LastSeen
from antiphon.services.mailbox import Mailbox
from antiphon.services.nodes import PublishedNodes
from antiphon.services.normalize import PrecisNormalizer
from antiphon.services.presence import PresenceBook
from antiphon.stores.database import Database
from tests.support.xmpp_people import FakeContacts, FakeExchange, FakeFiles, FakeProfiles
from tests.support.xmpp_wire import FakeWire

DOMAIN = "example.org"
CLIENT = "{jabber:client}"
ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
NAMES = ("alice", "bob", "carol", "root")
# How long a test waits for what must come (s).
PATIENCE = 20.0


class _IceServers:
    def for_caller(self, caller: Caller) -> Sequence[IceServer]:
        return (
            IceServer(("stun:stun.example:3479",)),
            IceServer(("turn:turn.example?transport=tcp",), "u", "p"),
        )


class _Home:
    """Where the sessions live."""

    def __init__(self, sessions: Sessions, router: Router) -> None:
        self.router = router
        self._sessions = sessions

    def regroup(self) -> None:
        self._sessions.moves += 1

    def ended(self, session: Session) -> None:
        self._sessions.remove(session)

    def expire(self, session: Session, after: float) -> None:
        raise AssertionError("nobody hibernates here")

    def manage(self, session: Session, resumable: bool, wanted: str | None) -> Management:
        raise AssertionError("no stream management here")


class Client:
    """One session's client."""

    def __init__(self, house: "TestHouse", session: Session, wire: FakeWire) -> None:
        self.session = session
        self.jid = session.jid
        self.bare = session.bare
        self.wire = wire
        self._house = house
        self._numbers = itertools.count(1)

    def send(self, text: str) -> None:
        """A stanza, as the client writes it."""
        self.session.received(Stanza(text.encode()))

    async def take(self) -> list[Element]:
        """What came, when all is done that was asked for."""
        await self._house.settle()
        found = [fromstring(Stanza(data).raw) for data in self.wire.sent]
        self.wire.sent.clear()
        return found

    async def only(self) -> Element:
        """The one stanza that came."""
        found = await self.take()
        assert len(found) == 1, [as_text(one) for one in found]
        return found[0]

    async def ask(self, type_: str, payload: str, to: str | None = None) -> Element:
        """An IQ and its answer; other stanzas that came stay."""
        id = f"q{next(self._numbers)}"
        there = f" to='{to}'" if to else ""
        self.send(f"<iq type='{type_}' id='{id}'{there}>{payload}</iq>")
        await self._house.settle()
        for position, data in enumerate(self.wire.sent):
            stanza = Stanza(data)
            if stanza.kind == Stanza.IQ and stanza.id == id and stanza.type != "get":
                del self.wire.sent[position]
                return fromstring(stanza.raw)
        raise AssertionError(f"no answer to {payload}: {self.wire.sent}")

    async def get(self, payload: str, to: str | None = None) -> Element:
        """The result's payload, or the result itself if it has none."""
        return result(await self.ask("get", payload, to))

    async def set(self, payload: str, to: str | None = None) -> Element:
        """The same of a set."""
        return result(await self.ask("set", payload, to))

    async def refused(self, type_: str, payload: str, to: str | None = None) -> str:
        """The condition of the error."""
        return condition(await self.ask(type_, payload, to))

    async def come(self, inner: str = "") -> list[Element]:
        """Initial presence, with what it brings."""
        self.send(f"<presence>{inner}</presence>")
        return await self.take()


class TestHouse:
    """See the module. `accounts`: those that there are."""

    __test__ = False

    def __init__(
        self,
        database: Database,
        *,
        features: Sequence[Feature] = (),
        care: AccountCare | None = None,
    ) -> None:
        self.addresses = Addresses(DOMAIN, PrecisNormalizer())
        self.jids = Jids(self.addresses)
        self.sessions = Sessions()
        self.touched = 0
        # Sessions have no streams here, so that nothing is sent to groups.
        self.fan = Fan(cast("Streams", None), self.sessions, self._touch)
        self.accounts = {Address(name, DOMAIN) for name in NAMES}
        self.mailbox = Mailbox(database)
        self.exchange = FakeExchange(self.mailbox, self.accounts)
        self.contacts = FakeContacts(self.accounts, self.exchange.tell)
        self.exchange.blocks = self.contacts.blocks
        self.last_seen = LastSeen(database)
        self.presence = PresenceBook(seen=self.last_seen)
        self.nodes = PublishedNodes(database)
        self.profiles = FakeProfiles(self.accounts, self._tell_seers)
        self.house = House(
            self.jids,
            self.fan,
            Services(
                exchange=self.exchange,
                presence=self.presence,
                contacts=self.contacts,
                messages=self.mailbox,
                nodes=self.nodes,
                private=self.nodes,
                profiles=self.profiles,
                files=FakeFiles(),
                ice_servers=_IceServers(),
                care=care,
                version="1.0",
                contact={"abuse-addresses": ("mailto:abuse@example.org",)},
            ),
            features,
        )
        self.exchange.add_reach(self.house.reach)
        self.contacts.rights = self.house.sight_changed
        self.home: Home = _Home(self.sessions, self.house.router)

    def login(self, name: str, *, admin: bool = False) -> Client:
        """A bound session of `account/device`; it has said nothing yet."""
        address = self.addresses.parse(name)
        caller = Caller(
            address=address.bare, name=address.local.title(), grants=Grants(admin=admin)
        )
        wire = FakeWire(None, keeps=False)
        session = Session(self.home, wire, caller, address)
        self.sessions.add(session)
        self.house.router.bound(session)
        return Client(self, session, wire)

    def befriend(self, one: str, other: str) -> None:
        """They see each other's presence."""
        self.contacts.befriend(self.addresses.parse(one), self.addresses.parse(other))

    async def settle(self) -> None:
        """Wait until all is done that was asked for."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.house.errands.close()
                await self.house.marks.close()
                await asyncio.sleep(0)
                if not self.exchange.waiting and not self.house.errands.busy:
                    return
                await asyncio.sleep(0.001)

    def _touch(self) -> None:
        self.touched += 1

    def _tell_seers(self, account: Address, event: object) -> None:
        for one in self.accounts:
            if one == account or self.contacts.sees(one, account):
                self.exchange.tell(one, event)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(
    folder: Path, *, features: Sequence[Feature] = (), care: AccountCare | None = None
) -> AsyncIterator[TestHouse]:
    """A house with a database of its own."""
    async with Database(f"sqlite:///{folder / 'house.db'}") as database:
        house = TestHouse(database, features=features, care=care)
        try:
            yield house
        finally:
            await house.house.close()
            await house.mailbox.close()
            await house.last_seen.close()


def result(answer: Element) -> Element:
    """Its payload, or itself."""
    assert answer.get("type") == "result", as_text(answer)
    return answer[0] if len(answer) else answer


def condition(stanza: Element) -> str:
    """The condition of an error."""
    assert stanza.get("type") == "error", as_text(stanza)
    error = stanza.find(f"{CLIENT}error")
    assert error is not None
    return next(one.tag.removeprefix(ERRORS) for one in error if one.tag.startswith(ERRORS))


def body(stanza: Element) -> str | None:
    """The text of a message."""
    return stanza.findtext(f"{CLIENT}body")


def as_text(element: Element) -> str:
    """For the words of failures."""
    from xml.etree.ElementTree import tostring

    return tostring(element, encoding="unicode")
