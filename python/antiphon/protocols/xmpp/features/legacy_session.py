"""The request that older clients begin a session with (RFC 3921 §3); it does nothing any more
(RFC 6121, appendix E), but they wait for its answer.
"""

from collections.abc import Iterable

from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve
from antiphon.protocols.xmpp.namespaces import SESSION


class LegacySession(Feature):
    """Always granted."""

    def requests(self) -> Iterable[Serve]:
        """Of the account, or as most ask it, of the server."""
        scope = Scope.OWN | Scope.SERVER
        yield Serve("set", "session", SESSION, _grant, scope, guests=True)


def _grant(_: Request) -> None:
    """Nothing is to be done."""
