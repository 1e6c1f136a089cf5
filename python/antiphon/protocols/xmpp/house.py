"""Instant messaging of one server, put together of its parts: the router, the features, and what
they share. It decides nothing that they do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.people import Contacts, Messages
from antiphon.core.ports import Files, IceServers, Presence, Profiles
from antiphon.core.publishing import Nodes, PrivateData

from .audiences import Audiences
from .delivery import Delivery
from .device import XmppReach
from .errands import Errands
from .feature import Feature
from .features.administration import AccountCare, commands
from .features.archive import Archive
from .features.avatar import AvatarData, AvatarMetadata, Avatars
from .features.blocking import Blocking
from .features.bookmarks import BOOKMARKS, Bookmarks, OldBookmarkNews, OldBookmarks
from .features.caps import Caps
from .features.carbons import Carbons
from .features.client_state import ClientState
from .features.commands import Commands
from .features.disco import Disco, Form
from .features.external_services import ExternalServices
from .features.last_activity import LastActivity
from .features.legacy_session import LegacySession
from .features.marks import ChatMarks
from .features.offline import Offline
from .features.pep import Pep
from .features.pep_events import PepEvents, Readers
from .features.pep_news import PepNews
from .features.pep_owner import PepOwner
from .features.ping import Ping
from .features.presence import Arrivals, PresenceFeature
from .features.private import PrivateStorage
from .features.roster import Roster
from .features.subscriptions import Subscriptions
from .features.uploads import Uploads
from .features.vcard import VCard, VCard4Shelf
from .features.version import EntityTime, Version
from .jid import Jids
from .marks import Marking, Marks
from .messaging import Messaging, Post
from .questions import Questions
from .router import Router
from .session import Session
from .sessions import Fan, Sessions

CONTACT_FORM = "http://jabber.org/network/serverinfo"  # XEP-0157


class Exchange(Post, Marking, Arrivals, Protocol):
    """What is asked of the switchboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What instant messaging stands on. `care`: for administrators, if they may do something by
    XMPP. `contact`: XEP-0157, field (`abuse-addresses` …) → URIs.
    """

    exchange: Exchange
    presence: Presence
    contacts: Contacts
    messages: Messages
    nodes: Nodes
    private: PrivateData
    profiles: Profiles
    files: Files
    ice_servers: IceServers
    care: AccountCare | None = None
    name: str = "Antiphon"
    version: str = ""
    contact: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


class House:
    """`router` is what sessions talk to, `reach` what the switchboard asks for devices."""

    def __init__(
        self, jids: Jids, fan: Fan, services: Services, features: Iterable[Feature] = ()
    ) -> None:
        self._jids = jids
        self._fan = fan
        self._services = services
        self.errands = Errands()
        self.reach = XmppReach()
        self.marks = Marks(services.exchange)
        self._questions = Questions(jids.domain)
        self._audiences = Audiences(fan, services.presence, services.contacts)
        self._delivery = Delivery(fan.sessions, services.presence, services.messages, self.errands)
        self._readers = Readers(services.contacts)
        self.disco = self._create_disco()
        self.commands = Commands()
        self._subscriptions = Subscriptions(services.contacts, self.errands)
        self._caps = Caps(self._questions)
        self._data = AvatarData(services.profiles)
        self._metadata = AvatarMetadata(services.profiles, self._data)
        self._avatars = Avatars(services.profiles, self._metadata, self.errands)
        self._last = LastActivity(services.presence, self.sees)
        self._presence = self._create_presence()
        self.router = Router(
            jids=jids,
            sessions=fan.sessions,
            blocks=services.contacts,
            messaging=self._create_messaging(),
            presences=self._presence,
            delivery=self._delivery,
            errands=self.errands,
            questions=self._questions,
            reach=self.reach,
        )
        self.router.add(*self._create_features(), *features)

    @property
    def domain(self) -> str:
        """The server's own."""
        return self._jids.domain

    @property
    def contacts(self) -> Contacts:
        """Who sees and blocks whom."""
        return self._services.contacts

    @property
    def sessions(self) -> Sessions:
        """Those that are bound now."""
        return self._fan.sessions

    async def close(self) -> None:
        """Wait for what is being done."""
        await self.errands.close()
        await self.marks.close()
        self._audiences.close()

    async def sees(self, account: Address, other: Address) -> bool:
        """Whether one account may know of another: its own, or one whose presence it sees."""
        return account == other or await self._readers.sees(account, other)

    def sight_changed(self, watcher: Address, account: Address) -> None:
        """What the one may see of the other may be otherwise now."""
        self._presence.sight_changed(watcher, account)

    # features.presence.Observer

    async def come(self, session: Session) -> None:
        """Before a session's first presence."""
        await self._avatars.come(session)

    def stamp(self, session: Session, sent: Stanza) -> bytes:
        """An available presence as others shall see it."""
        return self._avatars.stamp(session, sent)

    def seen(self, session: Session, sent: Stanza) -> None:
        """An available presence was taken."""
        self._caps.present(session, sent)

    def left(self, session: Session, sent: Stanza | None) -> None:
        """A session is not available any more."""
        account = session.account
        if not self._services.presence.of(account):
            words = "" if sent is None else sent.text(Kid.STATUS) or ""
            self._last.left(account, words)
        if sent is not None:
            for host in list(self.router.hosts.values()):
                host.left(session)

    # within

    def _create_presence(self) -> PresenceFeature:
        made = PresenceFeature(
            sessions=self._fan.sessions,
            presence=self._services.presence,
            contacts=self._services.contacts,
            audiences=self._audiences,
            subscriptions=self._subscriptions,
            arrivals=self._services.exchange,
            errands=self.errands,
            observer=self,
        )
        self._avatars.changed.append(made.again)
        return made

    def _create_messaging(self) -> Messaging:
        return Messaging(
            post=self._services.exchange,
            delivery=self._delivery,
            blocks=self._services.contacts,
            marks=self.marks,
        )

    def _create_disco(self) -> Disco:
        forms = [Form(CONTACT_FORM, self._services.contact)] if self._services.contact else []
        return Disco(
            name=self._services.name,
            features=lambda: self.router.features_served,
            hosts=lambda: [(name, host.title) for name, host in self.router.hosts.items()],
            sees=self.sees,
            shown=[*forms, Uploads(self._services.files).form()],
        )

    def _create_features(self) -> Iterable[Feature]:
        services, jids = self._services, self._jids
        # News of contacts: the list first, then whom one sees of it (RFC 6121 §3.1.6).
        yield Roster(services.contacts, jids)
        yield self._subscriptions
        yield self._presence
        yield self.disco
        yield self._caps
        yield LegacySession()
        yield Ping()
        yield Carbons()
        yield Archive(services.messages, jids)
        yield Offline(services.messages, self._fan.sessions, self.errands)
        yield ChatMarks()
        yield Blocking(services.contacts, jids)
        yield ClientState(self._fan.sessions)
        yield Version(services.name, services.version)
        yield EntityTime()
        yield self._last
        yield ExternalServices(services.ice_servers)
        yield Uploads(services.files)
        yield from self._create_publishing()
        yield self._create_commands()

    def _create_publishing(self) -> Iterable[Feature]:
        services = self._services
        events = PepEvents(
            fan=self._fan,
            nodes=services.nodes,
            audiences=self._audiences,
            readers=self._readers,
            errands=self.errands,
        )
        self._caps.changed.append(events.coming)
        pep = Pep(services.nodes, events, self._readers)
        old = OldBookmarks(services.nodes, pep, self._jids)
        pep.add(self._data, self._metadata, VCard4Shelf(services.profiles, events), old)
        pep.watch(BOOKMARKS, OldBookmarkNews(events, old).changed)
        self.disco.add(pep)
        yield pep
        yield PepOwner(services.nodes, events, self._jids, pep.changed)
        yield PepNews(events)
        yield PrivateStorage(services.private, [old])
        yield Bookmarks()
        yield self._avatars
        yield VCard(services.profiles)

    def _create_commands(self) -> Commands:
        if self._services.care is not None:
            for command in commands(self._jids, self._fan, self._services.care):
                self.commands.add(command)
        self.disco.add(self.commands)
        return self.commands
