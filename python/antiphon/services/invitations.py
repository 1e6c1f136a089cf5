"""Invitations: one-time tokens with which somebody may make an account."""

import secrets
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.reason import Reason, Refused
from antiphon.stores import one_time as statements
from antiphon.stores.database import Database
from antiphon.stores.records import Account, Invitation, Role

from .accounts import Accounts
from .config import PeopleConfig
from .one_time import OneTime, hash_of, new_token

LONGEST = 366 * 24 * 3600.0
MAX_PAGE = 1000


class Invitations:
    """The invitations of one node."""

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

    async def invite(
        self,
        made_by: str,
        *,
        role: Role = Role.USER,
        room: str | None = None,
        ttl: float | None = None,
    ) -> tuple[Invitation, OneTime]:
        """A new invitation and its token, which is not stored and cannot be shown again.

        `ttl` in seconds. Raises `Refused`: BAD_REQUEST, TOO_MANY.
        """
        lifetime = self._config.invitation_ttl if ttl is None else ttl
        if not 60 <= lifetime <= LONGEST:
            raise Refused(Reason.BAD_REQUEST, "An invitation is valid from a minute to 366 days.")
        token, now = new_token(), self._clock()
        invitation = Invitation(
            id=secrets.token_hex(8),
            role=role,
            room=room,
            made_by=made_by,
            created_at=now,
            expires_at=now + lifetime,
        )

        def add(connection: Connection) -> None:
            statements.forget_outdated(connection, now)
            if statements.count_invitations(connection) >= self._config.invitations:
                raise Refused(Reason.TOO_MANY, "Too many invitations wait to be used.")
            statements.add_invitation(connection, invitation, hash_of(token))

        await self._database.write(add)
        return invitation, OneTime(token, invitation.expires_at)

    async def all(self) -> Sequence[Invitation]:
        """Those that can be used, the latest first."""
        now = self._clock()
        return await self._database.read(lambda c: statements.all_invitations(c, now, MAX_PAGE))

    async def find(self, token: str) -> Invitation:
        """What a token invites to. Raises `Refused(FORBIDDEN)`."""
        hashed, now = hash_of(token), self._clock()
        found = await self._database.read(lambda c: statements.find_invitation(c, hashed, now))
        if found is None:
            raise Refused(Reason.FORBIDDEN, "This invitation is not valid, or was used already.")
        return found

    async def withdraw(self, id: str) -> bool:
        """Let nobody use it any more; False if there is none."""
        return await self._database.write(lambda c: statements.withdraw_invitation(c, id))

    async def redeem(
        self, token: str, address: Address, password: str, *, name: str = ""
    ) -> tuple[Account, Invitation]:
        """Make the account that the token stands for; it is used up then.

        Raises `Refused`: FORBIDDEN for a bad token, and what `Accounts.create` raises, after which
        the invitation can still be used.
        """
        invitation = await self.find(token)
        hashed = hash_of(token)

        def use(connection: Connection, _: Account) -> None:
            if not statements.use_invitation(connection, hashed, self._clock()):
                raise Refused(Reason.FORBIDDEN, "This invitation was used already.")

        account = await self._accounts.create(
            address, password, name=name, role=invitation.role, within=use
        )
        return account, invitation
