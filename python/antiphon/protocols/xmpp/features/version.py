"""What runs here (XEP-0092), and which time it is here (XEP-0202)."""

import time
from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element

from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve
from antiphon.protocols.xmpp.message import element
from antiphon.protocols.xmpp.stamps import timestamp

VERSION = "jabber:iq:version"
TIME = "urn:xmpp:time"


class Version(Feature):
    """The server's name and version."""

    xep = "XEP-0092"
    namespaces = (VERSION,)

    def __init__(self, name: str, version: str) -> None:
        self._name = name
        self._version = version

    def requests(self) -> Iterable[Serve]:
        """Of the server."""
        yield Serve("get", "query", VERSION, self._say, Scope.SERVER)

    def _say(self, _: Request) -> Element:
        return element(
            "query",
            VERSION,
            element("name", VERSION, self._name),
            element("version", VERSION, self._version),
        )


class EntityTime(Feature):
    """The server's clock."""

    xep = "XEP-0202"
    namespaces = (TIME,)

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def requests(self) -> Iterable[Serve]:
        """Of the server."""
        yield Serve("get", "time", TIME, self._say, Scope.SERVER)

    def _say(self, _: Request) -> Element:
        return element(
            "time",
            TIME,
            element("tzo", TIME, "+00:00"),
            element("utc", TIME, timestamp(self._now())),
        )
