"""Sessions that get the same stanzas: built once, handed to the stream engine once. Those whose
clients are not looked at (XEP-0352) are served one by one, perhaps later.
"""

from collections.abc import Iterator

from antiphon._native import Stanza

from .deferred import Deferred
from .session import Session
from .sessions import Audience, Fan


class Crowd:
    """A set of sessions that comes and goes."""

    __slots__ = ("_audience", "_deferring", "_fan", "_members", "_moves")

    def __init__(self, fan: Fan) -> None:
        self._fan = fan
        self._members: dict[Session, None] = {}
        self._audience: Audience | None = None
        self._deferring: list[Session] = []
        self._moves = 0

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._members)

    def __contains__(self, session: Session) -> bool:
        return session in self._members

    def add(self, session: Session) -> None:
        """It gets what is sent from now on. Idempotent."""
        self._members[session] = None
        self._audience = None

    def discard(self, session: Session) -> None:
        """It gets nothing more. Idempotent."""
        if session in self._members:
            del self._members[session]
            self._audience = None

    def send(self, data: bytes, key: str | None = None) -> None:
        """Send a stanza that has no `to`. `key`: whoever does not look may get it later, and only
        the last one of the same key.
        """
        audience = self._audience
        if audience is None or self._moves != self._fan.sessions.moves:
            audience = self._divide()
        if len(audience):
            audience.send(data)
        for session in self._deferring:
            send_alone(session, data, key)

    def _divide(self) -> Audience:
        looking: list[Session] = []
        self._deferring = []
        for session in self._members:
            deferred = session.features.get(Deferred)
            inactive = deferred is not None and deferred.inactive
            (self._deferring if inactive else looking).append(session)
        self._moves = self._fan.sessions.moves
        self._audience = Audience(self._fan, looking)
        return self._audience


def send_alone(session: Session, data: bytes, key: str | None = None) -> None:
    """Send one session a stanza that has no `to`, or keep it while its client is not looked at."""
    whole = Stanza(data).stamp(to=session.jid)
    deferred = session.features.get(Deferred)
    if key is None or deferred is None or not deferred.keep(key, whole):
        session.send(whole)
