"""What belongs to accounts, made and joined: invitations, resets, log-in keys, profiles.

A node opens it, and so do commands of the shell that need no node. It decides nothing.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack

from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.services.accounts import Accounts
from antiphon.services.invitations import Invitations
from antiphon.services.login_keys import LoginKeys
from antiphon.services.profiles import Profiles
from antiphon.services.resets import Resets
from antiphon.stores.database import Database

from .config import Config


class People:
    """The services of accounts beside `accounts` itself, which they belong to."""

    def __init__(
        self,
        config: Config,
        *,
        secret: bytes,
        database: Database,
        accounts: Accounts,
    ) -> None:
        self._listeners: list[Callable[[Address, Event], None]] = []
        self.accounts = accounts
        self.invitations = Invitations(database, accounts, config.people)
        self.resets = Resets(database, accounts, config.people)
        self.login_keys = LoginKeys(accounts, secret)
        self.profiles = Profiles(database, accounts, config.people, tell=self._tell)

    async def open(self, stack: AsyncExitStack) -> None:
        """Begin; what must be closed is left to `stack`."""
        stack.callback(self.login_keys.close)
        stack.push_async_callback(self.profiles.close)

    def watch(self, listener: Callable[[Address, Event], None]) -> Callable[[], None]:
        """Tell of each account that shows itself otherwise (`ProfileChanged`); the result ends
        that.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, account: Address, event: Event) -> None:
        for listener in list(self._listeners):
            listener(account, event)
