"""Since when somebody has been away, and how long the server runs (XEP-0012)."""

import time
from collections.abc import Awaitable, Callable, Iterable
from xml.etree.ElementTree import Element

from antiphon.core.address import Address
from antiphon.core.ports import Presence
from antiphon.protocols.xmpp.feature import Feature, Request, Scope, Serve, StanzaError
from antiphon.protocols.xmpp.message import element

LAST = "jabber:iq:last"
# Accounts of which it is remembered what they said when they left.
REMEMBERED = 10_000
MAX_WORDS = 256  # characters


class LastActivity(Feature):
    """`sees`: whether one account sees the presence of another."""

    xep = "XEP-0012"
    namespaces = (LAST,)
    account_namespaces = (LAST,)

    def __init__(
        self,
        presence: Presence,
        sees: Callable[[Address, Address], Awaitable[bool]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._presence = presence
        self._sees = sees
        self._now = now
        self._started = now()
        self._words: dict[Address, str] = {}

    def requests(self) -> Iterable[Serve]:
        """Of the server and of accounts."""
        yield Serve("get", "query", LAST, self._server, Scope.SERVER)
        yield Serve("get", "query", LAST, self._account, Scope.OWN | Scope.OTHER)

    def left(self, account: Address, words: str) -> None:
        """The last device of an account said that it goes, and this."""
        self._words.pop(account, None)
        if len(self._words) >= REMEMBERED:
            del self._words[next(iter(self._words))]
        self._words[account] = words[:MAX_WORDS]

    def _server(self, _: Request) -> Element:
        return self._spelled(self._started)

    async def _account(self, request: Request) -> Element:
        """XEP-0012 §4: only for those who see the account's presence."""
        account = request.account
        if account is None or not await self._sees(request.own, account):
            raise StanzaError("forbidden", kind="auth")
        if self._presence.of(account):
            return self._spelled(self._now())
        if (since := await self._presence.last_seen(account)) is None:
            raise StanzaError("item-not-found", "They were never there.")
        return self._spelled(since, self._words.get(account, ""))

    def _spelled(self, since: float, words: str = "") -> Element:
        seconds = str(max(0, int(self._now() - since)))
        return element("query", LAST, words, attributes={"seconds": seconds})
