"""The rooms' domain for XMPP sessions: gives presence, messages and requests to those who know what
to do.
"""

from collections.abc import Sequence

from antiphon._native import Stanza
from antiphon.core.address import Address
from antiphon.core.people import Messages
from antiphon.core.ports import Rooms
from antiphon.core.reason import Reason
from antiphon.core.switchboard import Switchboard
from antiphon.protocols.xmpp.blocks import BlockList
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.feature import Feature, StanzaError
from antiphon.protocols.xmpp.jid import Jids
from antiphon.protocols.xmpp.marks import Marks
from antiphon.protocols.xmpp.questions import Questions
from antiphon.protocols.xmpp.requests import ANSWERS, Requests
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Fan

from .admin import Admin
from .archive import RoomArchive
from .blocking import RoomBlocking, refused_by_own_block
from .disco import Disco
from .entrance import Entrance, Stamp
from .foyer import Foyer, MucConfig
from .history import History
from .invitations import Invitations
from .moderation import Moderation
from .owner import Owner
from .queries import Accounts, Queries
from .registration import Registration
from .talk import Talk
from .voice import Voice


class MucService:
    """See the module (`protocols.xmpp.router.Host`). `features` belong into the router's table."""

    title = "Rooms"

    def __init__(
        self,
        foyer: Foyer,
        entrance: Entrance,
        talk: Talk,
        queries: Queries,
        features: Sequence[Feature],
    ) -> None:
        self.features = features
        self._foyer = foyer
        self._entrance = entrance
        self._talk = talk
        self._queries = queries

    @property
    def occupants(self) -> int:
        """In all rooms, for the node's figures."""
        return self._foyer.occupants

    def received(self, session: Session, stanza: Stanza, to: Address) -> None:
        """A stanza for the domain, a room, or an occupant of one."""
        try:
            if refused_by_own_block(self._foyer.blocks, session, stanza, to):
                return
        except StanzaError as blocked:
            self._foyer.refuse(session, stanza, blocked)
            return
        if stanza.kind == Stanza.IQ:
            self._queries.received(session, stanza, to)
        elif not to.local:
            if stanza.kind == Stanza.MESSAGE and stanza.type not in ANSWERS:
                refused = StanzaError("service-unavailable", "This is no room.")
                self._foyer.refuse(session, stanza, refused)
        elif stanza.kind == Stanza.PRESENCE:
            self._entrance.received(session, stanza, to)
        else:
            self._talk.received(session, stanza, to)

    def moved(self, session: Session) -> None:
        """Its connection is another, or none: audiences see to it."""

    def left(self, session: Session) -> None:
        """Its user is not there any more (RFC 6121 §4.5.2): nor in any room."""
        self._entrance.leave_all(session, Reason.LEFT)

    def gone(self, session: Session) -> None:
        """It has ended."""
        self._queries.gone(session)
        self._entrance.leave_all(session, Reason.LOST)

    async def close(self) -> None:
        """Wait for what is being done."""
        await self._foyer.errands.close()
        await self._foyer.marks.close()


def create_muc(
    *,
    switchboard: Switchboard,
    messages: Messages,
    rooms: Rooms,
    jids: Jids,
    fan: Fan,
    blocks: BlockList,
    secret: bytes,
    config: MucConfig | None = None,
    stamp: Stamp | None = None,
    accounts: Accounts | None = None,
    title: str = "Rooms",
) -> MucService:
    """The service, of its parts. `secret`: of this node, the same over restarts. `stamp`: an
    available presence as others shall see it. `accounts`: answers for those of occupants.
    """
    errands, marks = Errands(), Marks(switchboard)
    foyer = Foyer(
        switchboard=switchboard,
        messages=messages,
        jids=jids,
        fan=fan,
        errands=errands,
        marks=marks,
        blocks=blocks,
        secret=secret,
        config=config or MucConfig(),
    )
    history = History(messages, foyer.ids)
    entrance = Entrance(foyer, history, stamp)
    invitations, voice = Invitations(foyer), Voice(foyer)
    archive = RoomArchive(messages, foyer, history)
    parts: tuple[Disco | Admin | Owner | Registration | Moderation | RoomArchive, ...] = (
        Disco(foyer, rooms, title, archive.account_namespaces),
        Admin(foyer),
        Owner(foyer),
        Registration(foyer),
        Moderation(foyer),
        archive,
    )
    requests = Requests(errands, Questions(jids.rooms))
    served = [one for part in parts for one in part.requests()]
    return MucService(
        foyer,
        entrance,
        Talk(foyer, entrance.broken, [invitations.special, voice.special]),
        Queries(foyer, requests, served, accounts),
        (invitations, RoomBlocking(foyer, entrance.leave)),
    )
