"""Messages for those who are not there (XEP-0160): the core keeps them, and tells them to whoever
comes (with a delay, XEP-0203). Here: what a session was sent and never acknowledged waits again.
"""

from collections.abc import Sequence
from functools import partial

from antiphon._native import Kid, Stanza
from antiphon.core.address import Address
from antiphon.core.people import Messages
from antiphon.protocols.xmpp.availability import listening
from antiphon.protocols.xmpp.errands import Errands
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.message import Malformed, parse
from antiphon.protocols.xmpp.session import Session
from antiphon.protocols.xmpp.sessions import Sessions


class Offline(Feature):
    """Gives back what was not taken."""

    xep = "XEP-0160"
    namespaces = ("msgoffline",)

    def __init__(self, messages: Messages, sessions: Sessions, errands: Errands) -> None:
        self._messages = messages
        self._sessions = sessions
        self._errands = errands

    def undelivered(self, session: Session, unacked: Sequence[Stanza]) -> None:
        """A session ended without having acknowledged these (XEP-0198 §5)."""
        if listening(self._sessions, session.account):
            return  # others got them
        ids = [id for id in (archive_id(one, session.account) for one in unacked) if id]
        if ids:
            give_back = partial(self._messages.wait, session.account, ids)
            self._errands.add(session, give_back, always=True)


def archive_id(sent: Stanza, account: Address) -> str | None:
    """The id in the account's archive of a message that it was sent (XEP-0359)."""
    if sent.kind != Stanza.MESSAGE or sent.kids & (Kid.CARBON | Kid.MAM):
        return None
    for child in sent.children(Kid.STANZA_ID):
        try:
            found = parse(child)
        except Malformed:
            continue
        if found.get("by") == str(account):
            return found.get("id")
    return None
