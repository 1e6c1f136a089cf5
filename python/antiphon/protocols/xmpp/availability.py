"""Whether a session's user is there, as its client said last (RFC 6121 §4)."""

from collections.abc import Collection

from antiphon._native import Stanza
from antiphon.core.address import Address

from .session import Session
from .sessions import Sessions


class Available:
    """Kept of a session that sent its presence: `sent` is the last one, which is parsed anew each
    time that it is asked for.
    """

    __slots__ = ("_raw", "priority")

    def __init__(self, sent: Stanza, priority: int) -> None:
        self._raw = sent.raw
        self.priority = priority

    @property
    def sent(self) -> Stanza:
        """Its presence as it came."""
        return Stanza(self._raw)

    @sent.setter
    def sent(self, sent: Stanza) -> None:
        self._raw = sent.raw


def is_available(session: Session) -> bool:
    """Whether it sent initial presence and is not gone since."""
    return Available in session.features


def listens(session: Session) -> bool:
    """Whether messages for its account go to it (RFC 6121 §8.5.2.1.1)."""
    found = session.features.get(Available)
    return found is not None and found.priority >= 0


def listening(sessions: Sessions, account: Address) -> Collection[Session]:
    """Those of an account's sessions that get its messages."""
    return [session for session in sessions.of(account).values() if listens(session)]
