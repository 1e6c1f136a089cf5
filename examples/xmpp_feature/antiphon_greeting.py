"""An Antiphon plug-in that serves an XMPP extension: the server greets whoever asks it to, and each
message in which somebody says good night is answered.

A feature says what it supports (it is then found by service discovery), which requests it answers,
and which messages it wants to look at.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from antiphon._native import Kid, Stanza
from antiphon.app.plugin import Plugin
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.house import House
from antiphon.protocols.xmpp.message import element, stanza
from antiphon.protocols.xmpp.session import Session

GREETING = "urn:example:greeting:1"
LANGUAGES = {"en": "Hello, {}!", "de": "Guten Tag, {}!", "ja": "{}さん、こんにちは。"}


class Greeting(Feature):
    """`<greeting xmlns='urn:example:greeting:1' language='de'/>` to the server."""

    xep = "https://example.org/greeting"
    namespaces = (GREETING,)
    message_kids = Kid.BODY

    def __init__(self, house: House) -> None:
        self.domain = house.domain

    def requests(self) -> Iterable[Serve]:
        """Greet me."""
        yield Serve("get", "greeting", GREETING, self.greet, Scope.SERVER)

    def greet(self, request: Request) -> Element:
        """In the language that is asked for."""
        language = request.payload().get("language", "en")
        if language not in LANGUAGES:
            raise StanzaError("item-not-found", "I do not speak that language.")
        name = request.session.caller.name
        return element("greeting", GREETING, LANGUAGES[language].format(name))

    def message_in(self, session: Session, sent: Stanza) -> bool:
        """A message to the server itself; others go their way."""
        if sent.to != self.domain or (sent.body or "").strip().lower() != "good night":
            return False
        body = element("body", "jabber:client", "Sleep well.")
        session.send(stanza("message", body, to=session.jid, from_=self.domain, kind="chat"))
        return True


def setup(plugin: Plugin) -> None:
    """Called once, before the node opens."""
    plugin.add_xmpp_feature(Greeting)
