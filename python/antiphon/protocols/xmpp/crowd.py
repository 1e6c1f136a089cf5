"""Sessions that get the same stanzas: built once, handed to the stream engine once. Those whose
clients are not looked at (XEP-0352) are served one by one, perhaps later.
"""

from collections.abc import Iterator, Sequence

from antiphon._native import Stanza

from .deferred import Deferred
from .few import Few, with_one, without
from .session import Session
from .sessions import Audience, Fan


class Crowd:
    """A set of sessions that comes and goes."""

    __slots__ = ("_audience", "_deferring", "_fan", "_members", "_moves")

    def __init__(self, fan: Fan) -> None:
        self._fan = fan
        self._members: Few[Session] = ()
        self._audience: Audience | None = None
        self._deferring: Sequence[Session] = ()
        self._moves = 0

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._members)

    def __contains__(self, session: Session) -> bool:
        return session in self._members

    def add(self, session: Session) -> None:
        """It gets what is sent from now on. Idempotent."""
        self._members = with_one(self._members, session)
        self._forget()

    def discard(self, session: Session) -> None:
        """It gets nothing more. Idempotent."""
        self._members = without(self._members, session)
        self._forget()

    def send(self, data: bytes, key: str | None = None) -> None:
        """Send a stanza that has no `to`. `key`: whoever does not look may get it later, and only
        the last one of the same key.
        """
        if len(self._members) == 1:  # as most who are alone: nothing is kept for what is so rare
            for session in self._members:
                self._send_one(session, data, key)
            return
        audience = self._audience
        if audience is None or self._moves != self._fan.sessions.moves:
            audience = self._divide()
        if len(audience):
            audience.send(data)
        for session in self._deferring:
            send_alone(session, data, key)

    def _send_one(self, session: Session, data: bytes, key: str | None) -> None:
        connection = session.connection
        if connection is None or _is_deferring(session):
            send_alone(session, data, key)
        else:
            self._fan.streams.send(connection, data, addressed=True)
            self._fan.touched()

    def _forget(self) -> None:
        self._audience = None
        self._deferring = ()

    def _divide(self) -> Audience:
        self._deferring = [one for one in self._members if _is_deferring(one)]
        self._moves = self._fan.sessions.moves
        self._audience = Audience(self._fan, [x for x in self._members if not _is_deferring(x)])
        return self._audience


def _is_deferring(session: Session) -> bool:
    deferred = session.features.get(Deferred)
    return deferred is not None and deferred.inactive


def send_alone(session: Session, data: bytes, key: str | None = None) -> None:
    """Send one session a stanza that has no `to`, or keep it while its client is not looked at."""
    whole = Stanza(data).stamp(to=session.jid)
    deferred = session.features.get(Deferred)
    if key is None or deferred is None or not deferred.keep(key, whole):
        session.send(whole)
