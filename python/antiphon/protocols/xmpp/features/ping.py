"""Is anybody there? (XEP-0199)"""

from collections.abc import Iterable

from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve
from antiphon.protocols.xmpp.namespaces import PING


class Ping(Feature):
    """Answers for the server and for accounts."""

    xep = "XEP-0199"
    namespaces = (PING,)
    account_namespaces = (PING,)

    def requests(self) -> Iterable[Serve]:
        """A ping."""
        yield Serve("get", "ping", PING, _here, Scope.OWN | Scope.SERVER)


def _here(_: Request) -> None:
    """Nothing more is said."""
