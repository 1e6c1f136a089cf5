"""Receipts (XEP-0184), markers (XEP-0333) and chat states (XEP-0085) of those who use something
else than XMPP; those of XMPP clients are passed on as they came.
"""

from collections.abc import Callable, Mapping
from typing import Any

from antiphon.core.event import Event, Marked, Typed
from antiphon.protocols.xmpp import adapter
from antiphon.protocols.xmpp.availability import listens
from antiphon.protocols.xmpp.deferred import Deferred
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.session import Session

from .carbons import copy, wants


class ChatMarks(Feature):
    """Spells them."""

    xep = "XEP-0184, XEP-0333, XEP-0085"

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """Marks and typing."""
        return {Marked: self._marked, Typed: self._typed}

    def _marked(self, session: Session, event: Marked) -> None:
        if _came_by_xmpp(event) or event.to.is_room or not listens(session):
            return
        if event.to.bare == session.account:
            session.send(adapter.mark_stanza(event))
        elif wants(session):
            # Another device of one's own: this one need not show it as unread any more.
            session.send(copy(session, "sent", adapter.mark_stanza(event)))

    def _typed(self, session: Session, event: Typed) -> None:
        if _came_by_xmpp(event) or event.to.is_room or not listens(session):
            return
        if event.to.bare == session.account:
            data = adapter.typing_stanza(event)
            deferred = session.features.get(Deferred)
            if deferred is None or not deferred.keep(f"typing {event.sender.bare}", data):
                session.send(data)


def _came_by_xmpp(event: Marked | Typed) -> bool:
    return event.original is not None and event.original.form == adapter.FORM
