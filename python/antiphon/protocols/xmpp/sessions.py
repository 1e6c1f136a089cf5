"""All bound sessions of this node, by address, and what goes to many of them at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from antiphon._native import Group, Stanza
from antiphon.core.address import Address

from .session import Session

if TYPE_CHECKING:
    from antiphon._native import Streams

_NONE: Mapping[str, Session] = MappingProxyType({})


class Sessions:
    """Sessions by full address, and by account. `moves` counts how often one lost its connection
    or got another.
    """

    def __init__(self) -> None:
        self.moves = 0
        self._by_jid: dict[str, Session] = {}
        self._by_account: dict[Address, dict[str, Session]] = {}

    def __len__(self) -> int:
        return len(self._by_jid)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_jid.values())

    @property
    def accounts(self) -> int:
        """Accounts and guests that have a session."""
        return len(self._by_account)

    def find(self, jid: str) -> Session | None:
        """The session of a full address, written canonically (`str(Address)`)."""
        return self._by_jid.get(jid)

    def of(self, account: Address) -> Mapping[str, Session]:
        """Device → session of a bare address, the oldest first. It changes with them: copy it
        before something may end one.
        """
        return self._by_account.get(account, _NONE)

    def add(self, session: Session) -> None:
        """A session begins. Its address must be free."""
        self._by_jid[session.jid] = session
        self._by_account.setdefault(session.account, {})[session.address.device] = session

    def remove(self, session: Session) -> None:
        """It is over. Idempotent."""
        if self._by_jid.get(session.jid) is not session:
            return
        del self._by_jid[session.jid]
        mine = self._by_account[session.account]
        del mine[session.address.device]
        if not mine:
            del self._by_account[session.account]


class Audience:
    """Sessions that get the same. Frozen but for their connections: make a new one when they
    change. Sessions that have ended are left out.
    """

    __slots__ = ("_alone", "_group", "_hub", "_moves", "sessions")

    def __init__(self, hub: "Fan", sessions: Iterable[Session]) -> None:
        self.sessions = tuple(sessions)
        self._hub = hub
        self._divide()

    def __len__(self) -> int:
        return len(self.sessions)

    def send(self, data: bytes) -> None:
        """A stanza without `to`: each gets it with its own full address there."""
        if self._moves != self._hub.sessions.moves:
            self._divide()
        if len(self._group):
            self._hub.streams.send(self._group, data, addressed=True)
            self._hub.touched()
        if self._alone:
            stanza = Stanza(data)
            for session in self._alone:
                session.send(stanza.stamp(to=session.jid))

    def forward(
        self, stanza: Stanza, from_: str | None, *, extra: bytes = b"", drop: int = 0, by: str = ""
    ) -> None:
        """As `Session.forward`, each with its own full address as `to`."""
        if self._moves != self._hub.sessions.moves:
            self._divide()
        if len(self._group):
            self._hub.streams.forward(self._group, stanza, from_, extra=extra, drop=drop, by=by)
            self._hub.touched()
        for session in self._alone:
            session.forward(stanza, from_, address=session.jid, extra=extra, drop=drop, by=by)

    def _divide(self) -> None:
        """Those that the stream engine reaches, and those that it does not."""
        self._moves = self._hub.sessions.moves
        wired = [one.connection for one in self.sessions]
        self._group = Group([connection for connection in wired if connection is not None])
        self._alone = [one for one in self.sessions if one.connection is None and not one.ended]


@dataclass(frozen=True, slots=True)
class Fan:
    """What an audience needs: the engine, whom to tell that something was sent, the sessions."""

    streams: "Streams"
    sessions: Sessions
    touched: Callable[[], None] = lambda: None
