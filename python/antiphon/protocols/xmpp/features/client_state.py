"""Clients that nobody looks at are spared what can wait (XEP-0352): presence, and who is typing."""

from antiphon.protocols.xmpp.deferred import Deferred
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.namespaces import CLIENT_STATE
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Sessions


class ClientState(Feature):
    """Keeps what can wait, and sends it when somebody looks again."""

    xep = "XEP-0352"

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def offered(self) -> bytes:
        """XEP-0352 §4.1."""
        return f"<csi xmlns='{CLIENT_STATE}'/>".encode()

    def activity(self, session: Session) -> None:
        """A client is looked at again, or no more."""
        deferred = session.features.get(Deferred)
        if deferred is None:
            if session.active:
                return
            deferred = session.features[Deferred] = Deferred()
        deferred.inactive = not session.active
        self._sessions.moves += 1  # audiences are divided anew
        if session.active:
            for stanza in deferred.take():
                session.send(stanza)
