"""Who calls, for every protocol: a token is signed by us or an API key, and its account is still as
it was.
"""

from collections.abc import Sequence

from antiphon.core.address import Address
from antiphon.core.ports import Authenticator, Caller, Directory, IceServer, IceServers
from antiphon.services.accounts import Accounts
from antiphon.services.tokens import Tokens

from .sections import IceServerConfig


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
    """Knows the accounts of this node."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def knows(self, account: Address) -> bool:
        """Whether there is such an account."""
        return await self._accounts.find(account) is not None


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
