"""Whoever may be seen from now on is known by what they published, too (XEP-0163 §4.3.4)."""

from collections.abc import Callable, Mapping
from typing import Any

from antiphon.core.event import ContactChanged, Event
from antiphon.protocols.xmpp.feature import Feature
from antiphon.protocols.xmpp.session import Session

from .pep_events import PepEvents


class PepNews(Feature):
    """Hears of contacts."""

    xep = "XEP-0163 §4.3"

    def __init__(self, events: PepEvents) -> None:
        self._events = events

    def news(self) -> Mapping[type[Event], Callable[[Session, Any], None]]:
        """A contact is other than before."""
        return {ContactChanged: self._events.contact_changed}
