"""Another password for whoever forgot theirs: a one-time token that an administrator hands out."""

import time
from collections.abc import Callable

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.stores import one_time as statements
from antiphon.stores.database import Database
from antiphon.stores.records import Account

from .accounts import Accounts
from .config import PeopleConfig
from .one_time import OneTime, hash_of, new_token


class Resets:
    """Tokens with which the password of one account can be changed once."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        config: PeopleConfig | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._config = config or PeopleConfig()
        self._clock = clock

    async def begin(self, address: Address) -> OneTime:
        """A token for an account; an earlier one ends. Raises `Refused(NOT_FOUND)`."""
        account = await self._accounts.find(address)
        if account is None:
            raise Refused(Reason.NOT_FOUND, f"There is no account {address.bare}.")
        now = self._clock()
        made = OneTime(new_token(), now + self._config.reset_ttl)

        def store(connection: Connection) -> None:
            statements.forget_outdated(connection, now)
            statements.set_reset(connection, account.id, hash_of(made.token), made.expires_at)

        await self._database.write(store)
        return made

    async def finish(self, token: str, password: str) -> Account:
        """Give the token's account this password, and void its log-ins so far.

        Raises `Refused`: FORBIDDEN for a bad token, BAD_REQUEST for a bad password, after which the
        token can still be used.
        """
        hashed = hash_of(token)
        wrong = Refused(Reason.FORBIDDEN, "This token is not valid, or was used already.")
        address = await self._database.read(
            lambda c: statements.find_reset(c, hashed, self._clock())
        )
        if address is None:
            raise wrong

        def use(connection: Connection, _: Account) -> None:
            if not statements.use_reset(connection, hashed, self._clock()):
                raise wrong

        return await self._accounts.set_password(address, password, within=use)
