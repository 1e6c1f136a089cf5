"""Who calls, for every protocol: a token is signed by us or an API key, and its account is still as
it was.
"""

import time
from collections.abc import Callable, Sequence

from antiphon.core.address import Address
from antiphon.core.ports import Authenticator, Caller, Directory, IceServer, IceServers
from antiphon.services.accounts import Accounts
from antiphon.services.tokens import Tokens
from antiphon.stores.records import Account

from .sections import IceServerConfig

# How many accounts are remembered, and for how long (s); and that there is none of a name.
REMEMBERED = 100_000
ACCOUNT_KEPT = 60.0
NOBODY_KEPT = 1.0


class TokenAuthenticator(Authenticator):
    """Reads tokens and asks whether their accounts still stand."""

    def __init__(self, tokens: Tokens, accounts: Accounts) -> None:
        self._tokens = tokens
        self._accounts = accounts

    async def verify(self, token: str) -> Caller:
        """Who holds the token. Raises `Refused(UNAUTHORIZED)`."""
        claims = self._tokens.read(token)
        await self._accounts.check(claims)
        return claims.caller


class AccountDirectory(Directory):
    """Knows the accounts of this node. What was found is remembered for a while: this node's own
    changes count at once, those of the shell and of other nodes a little later.
    """

    def __init__(self, accounts: Accounts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._clock = clock
        self._found: dict[Address, tuple[float, Account | None]] = {}
        self._changes = 0
        accounts.watch(self._changed)

    async def knows(self, account: Address) -> bool:
        """Whether there is such an account."""
        bare, before = account.bare, self._changes
        found = await self._accounts.find(bare)
        if before == self._changes:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            keep = ACCOUNT_KEPT if found is not None else NOBODY_KEPT
            self._found[bare] = self._clock() + keep, found
        return found is not None

    def known(self, account: Address) -> bool | None:
        """The same from memory; None: not known."""
        found = self._found.get(account)
        if found is None or found[0] < self._clock():
            return None
        return found[1] is not None

    def message_rate(self, account: Address) -> float | None:
        """Messages a second, as far as the account has a limit of its own."""
        found = self._found.get(account)
        return None if found is None or found[1] is None else found[1].limits.message_rate

    async def sessions(self, account: Address) -> int | None:
        """Sessions at once, as far as the account has a limit of its own."""
        bare = account.bare
        if self.known(bare) is None:
            await self.knows(bare)
        found = self._found.get(bare)
        return None if found is None or found[1] is None else found[1].limits.sessions

    def _changed(self, account: Address) -> None:
        # A look-up that is on its way may have seen what was before.
        self._changes += 1
        self._found.pop(account, None)


class ConfiguredIceServers(IceServers):
    """The servers of `[webrtc] ice_servers`, the same for everybody."""

    def __init__(self, servers: Sequence[IceServerConfig]) -> None:
        self._servers = tuple(
            IceServer(server.urls, server.username or "", server.credential or "")
            for server in servers
        )

    def for_caller(self, caller: Caller) -> Sequence[IceServer]:
        """All of them."""
        return self._servers
