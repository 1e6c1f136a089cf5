"""Who can log in, and with what keys; knows no protocol, and forgets every password at once.

What else is kept of an account it does not know either: whoever keeps it says how it is erased
(`on_remove`).
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from antiphon.core.address import Address, Addresses
from antiphon.core.reason import Reason, Refused
from antiphon.stores import accounts as statements
from antiphon.stores.account_changes import AccountChange, What
from antiphon.stores.database import Database
from antiphon.stores.records import Account, AccountLimits, Key, KeyKind, Role

from . import keys as derivation
from .account_changes import AccountChanges, Listener, Voided
from .config import AccountsConfig
from .erasing import Eraser, Erasing
from .hashing import HashThreads
from .normalize import PrecisNormalizer
from .tokens import Claims

log = logging.getLogger(__name__)

MAX_PAGE = 500
# How often it is looked what other processes did to accounts (s).
HEAR_TIME = 2.0

Within = Callable[[Connection, Account], None]


class Accounts:
    """The accounts of one domain. Addresses are taken bare."""

    def __init__(
        self,
        database: Database,
        addresses: Addresses,
        config: AccountsConfig | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._addresses = addresses
        self._config = config or AccountsConfig()
        self._clock = clock
        self._normalizer = PrecisNormalizer()
        self._threads = HashThreads(self._config.hash_threads, self._config.max_waiting)
        self._kinds = tuple(
            kind for kind in derivation.BY_STRENGTH if kind in self._config.password_hash
        )
        self._decoy: Key | None = None
        self._changes = AccountChanges(database, clock=clock)
        self._erasing = Erasing(self._exists)

    @property
    def config(self) -> AccountsConfig:
        """What can be set of passwords and keys."""
        return self._config

    async def close(self) -> None:
        """Stop the threads that derive keys."""
        await self._threads.close()

    async def create(
        self,
        address: Address,
        password: str,
        *,
        name: str = "",
        role: Role = Role.USER,
        within: Within | None = None,
    ) -> Account:
        """Add an account. Raises `Refused`: CONFLICT if there is one, BAD_REQUEST, TOO_LARGE.

        `within` runs in the same transaction; what it raises undoes it.
        """
        address = self._own(address)
        account = Account(
            id=secrets.token_hex(8),
            address=address,
            name=self._addresses.nickname(name or address.local),
            role=role,
            created_at=self._clock(),
            stamp=_stamp(),
        )
        keys = await self._derive(address, self._prepare(password))
        await self._erasing.make_room(address)

        def create(connection: Connection) -> None:
            if not statements.create(connection, account, keys):
                raise Refused(Reason.CONFLICT, f"There is an account {address} already.")
            if within is not None:
                within(connection, account)

        await self._database.write(create)
        log.info("account %s created", address, extra={"account": str(address)})
        self._changes.tell(address)
        return account

    async def set_password(
        self, address: Address, password: str, *, within: Within | None = None
    ) -> Account:
        """Derive all keys anew, and void the tokens issued so far. Raises `Refused`.

        `within` runs in the same transaction; what it raises undoes it.
        """
        address = self._own(address)
        keys = await self._derive(address, self._prepare(password))
        return await self._change(address, {"stamp": _stamp()}, keys, within)

    async def update(
        self,
        address: Address,
        *,
        name: str | None = None,
        role: Role | None = None,
        disabled: bool | None = None,
        limits: AccountLimits | None = None,
    ) -> Account:
        """Change what is given. Another `role` or `disabled` voids the tokens issued so far."""
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role.value
        if disabled is not None:
            values["disabled"] = disabled
        if values:
            values["stamp"] = _stamp()
        if name is not None:
            values["name"] = self._addresses.nickname(name)
        if limits is not None:
            values |= _columns(limits)
        return await self._change(self._own(address), values)

    async def disable(self, address: Address) -> Account:
        """Let nobody log in with it, and void its tokens; `update(disabled=False)` undoes it."""
        return await self.update(address, disabled=True)

    def on_remove(self, eraser: Eraser) -> None:
        """Let `eraser` delete what is kept of an account elsewhere, before the account itself."""
        self._erasing.add(eraser)

    async def remove(self, address: Address) -> bool:
        """Delete the account with all that is kept of it; False if there was none.

        It is locked first, so that nothing is added meanwhile. If something cannot be deleted, it
        stays locked and can be removed again. Raises `Refused`.
        """
        bare = address.bare
        account = await self.find(bare)
        if account is None:
            return False
        if not account.disabled:
            account = await self.disable(bare)
        await self._erasing.erase(account)
        gone = account

        def remove(connection: Connection) -> bool:
            if not statements.remove(connection, bare):
                return False
            self._changes.note(connection, gone, What.REMOVED)
            return True

        if not await self._database.write(remove):
            return False
        log.info("account %s removed", bare, extra={"account": str(bare)})
        self._changes.tell_void(bare, None)
        self._erasing.removed(account)
        try:
            await self._erasing.finish()
        except Refused as refused:  # `run` tries again, also that of a node that is started later
            log.warning("of %s, what came last is not erased yet: %s", bare, refused)
        return True

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Tell of each account that is made, changed or removed; the result ends that.

        What other processes do is told a little later, by `run`.
        """
        return self._changes.watch(listener)

    def watch_voided(self, listener: Voided) -> Callable[[], None]:
        """Tell of each account whose log-ins are void, because it was locked or removed or has
        another password or role: sessions that were begun before should end. The result ends that.

        The listener is given the account's stamp of now: log-ins with that one stand; None: none
        does. What other processes do is told a little later, by `run`.
        """
        return self._changes.watch_voided(listener)

    async def run(self) -> None:
        """Hear of what other processes do to accounts, for ever."""
        while True:
            try:
                await self.hear()
                await self._changes.prune()
            except Refused as refused:
                log.warning("changes of accounts could not be read: %s", refused)
            await asyncio.sleep(HEAR_TIME)

    async def hear(self) -> None:
        """Tell what other processes did since it was called last, and erase what is left of the
        accounts that they removed: this one may have been writing to them. Raises `Refused`.
        """
        for change in await self._changes.hear():
            if change.what is What.REMOVED:
                self._erasing.removed(_former(change))
        await self._erasing.finish()

    async def find(self, address: Address) -> Account | None:
        """The account of an address, None if there is none."""
        return await self._database.read(lambda c: statements.find(c, address.bare))

    async def page(self, after: Address | None = None, limit: int = 100) -> Sequence[Account]:
        """Up to `limit` accounts by domain and local part, behind `after`."""
        limit = max(1, min(limit, MAX_PAGE))
        return await self._database.read(lambda c: statements.page(c, after, limit))

    async def keys(self, address: Address) -> Mapping[KeyKind, Key]:
        """Keys of the kinds that are switched on; none of an unknown or disabled account."""
        account, keys = await self._look_up(address.bare)
        return keys if account is not None and not account.disabled else {}

    async def find_with_keys(
        self, addresses: Sequence[Address]
    ) -> Mapping[Address, tuple[Account, Mapping[KeyKind, Key]]]:
        """Those accounts, of up to `MAX_PAGE`, that there are and that may log in, and their keys
        of the kinds that are switched on; by bare address.
        """
        wanted = [address.bare for address in addresses[:MAX_PAGE]]
        found = await self._database.read(lambda c: statements.find_all_with_keys(c, wanted))
        return {
            address: (account, self._switched_on(keys))
            for address, (account, keys) in found.items()
            if not account.disabled
        }

    async def stamps(self, addresses: Sequence[Address]) -> Mapping[Address, str]:
        """The stamps of those accounts, of up to `MAX_PAGE`, that there are and that may log in."""
        wanted = [address.bare for address in addresses[:MAX_PAGE]]
        return await self._database.read(lambda c: statements.stamps(c, wanted))

    async def authenticate(self, address: Address, password: str) -> Account:
        """The account whose password this is.

        Raises `Refused(UNAUTHORIZED)` with the same words, after the same work, whether there is
        no such account, it is disabled, or the password is wrong.
        """
        address = address.bare
        wrong = Refused(Reason.UNAUTHORIZED, "The address or the password is wrong.")
        try:
            prepared = self._prepare(password)
        except Refused:
            raise wrong from None
        decoy = await self._get_decoy()
        account, keys = await self._look_up(address)
        key = next((keys[kind] for kind in self._kinds if kind in keys), decoy)
        proved = await self._threads.run(derivation.proves, key, address, prepared)
        if account is None or account.disabled or key is decoy or not proved:
            raise wrong
        await self._refresh(account, keys, prepared)
        return account

    async def check(self, claims: Claims) -> None:
        """Raise `Refused(UNAUTHORIZED)` if a token's account is gone, disabled or changed since.

        Guests, and names that tokens were signed for without an account, pass.
        """
        if claims.caller.address.is_guest:
            return
        account = await self.find(claims.caller.address)
        if account is None:
            void = claims.stamp is not None
        else:
            void = account.disabled or claims.stamp not in (None, account.stamp)
        if void:
            raise Refused(Reason.UNAUTHORIZED, "This token is no longer valid. Please log in.")

    def _own(self, address: Address) -> Address:
        if address.domain != self._addresses.domain or not address.local:
            raise Refused(
                Reason.BAD_REQUEST,
                f"Accounts of this server are written name@{self._addresses.domain}.",
            )
        return address.bare

    def _prepare(self, password: str) -> str:
        low, high = self._config.min_password, self._config.max_password
        if len(password) > high:
            raise Refused(Reason.BAD_REQUEST, f"A password has at most {high} bytes.")
        try:
            prepared = self._normalizer.opaque(password)
        except ValueError:
            text = "A password must not be empty or contain control characters."
            raise Refused(Reason.BAD_REQUEST, text) from None
        if not low <= len(prepared.encode()) <= high:
            raise Refused(Reason.BAD_REQUEST, f"A password has {low} to {high} bytes.")
        return prepared

    async def _derive(
        self, address: Address, password: str, kinds: Sequence[KeyKind] | None = None
    ) -> list[Key]:
        wanted = self._kinds if kinds is None else kinds

        def derive() -> list[Key]:
            return [derivation.derive(kind, address, password, self._config) for kind in wanted]

        return await self._threads.run(derive)

    async def _get_decoy(self) -> Key:
        """A key that nobody has the password of, proved against where there is no account."""
        if self._decoy is None:
            nobody = Address("nobody", self._addresses.domain)
            (self._decoy,) = await self._derive(nobody, secrets.token_hex(16), self._kinds[:1])
        return self._decoy

    async def _look_up(self, address: Address) -> tuple[Account | None, dict[KeyKind, Key]]:
        account, keys = await self._database.read(lambda c: statements.find_with_keys(c, address))
        return account, self._switched_on(keys)

    def _switched_on(self, keys: Mapping[KeyKind, Key]) -> dict[KeyKind, Key]:
        return {kind: key for kind, key in keys.items() if kind in self._kinds}

    async def _change(
        self,
        address: Address,
        values: dict[str, Any],
        keys: list[Key] | None = None,
        within: Within | None = None,
    ) -> Account:
        def change(connection: Connection) -> Account | None:
            if values:
                account = statements.change(connection, address, values)
            else:
                account = statements.find(connection, address)
            if account is not None and keys is not None:
                statements.replace_keys(connection, account, keys)
            if account is not None and within is not None:
                within(connection, account)
            if account is not None:
                self._changes.note(connection, account, What.VOIDED if void else What.CHANGED)
            return account

        void = "stamp" in values
        account = await self._database.write(change)
        if account is None:
            raise Refused(Reason.NOT_FOUND, f"There is no account {address}.")
        if void:
            self._changes.tell_void(account.address, None if account.disabled else account.stamp)
        else:
            self._changes.tell(account.address)
        return account

    async def _exists(self, address: Address) -> bool:
        return await self.find(address) is not None

    async def _refresh(self, account: Account, keys: Mapping[KeyKind, Key], password: str) -> None:
        """Derive what is missing or outdated by the configuration, while the password is here."""
        current = {k: v for k, v in keys.items() if not derivation.is_outdated(v, self._config)}
        missing = [kind for kind in self._kinds if kind not in current]
        if not missing:
            return

        def replace(connection: Connection) -> None:
            now = statements.find(connection, account.address)
            if now is not None and now.stamp == account.stamp:  # no other password meanwhile
                statements.replace_keys(connection, account, [*current.values(), *derived])

        try:
            derived = await self._derive(account.address, password, missing)
            await self._database.write(replace)
            self._changes.tell(account.address)
        except Refused as refused:  # the log-in itself succeeded; the next one tries again
            log.warning("keys of %s were not brought up to date: %s", account.address, refused)


def _former(change: AccountChange) -> Account:
    """What is known of an account that another process removed."""
    address, id = change.address, change.account
    return Account(id=id, address=address, name="", disabled=True, created_at=0.0, stamp="")


def _columns(limits: AccountLimits) -> dict[str, Any]:
    if min(limits.storage or 0, limits.message_rate or 0, limits.sessions or 0) < 0:
        raise Refused(Reason.BAD_REQUEST, "A limit must not be negative.")
    return {
        "storage": limits.storage,
        "message_rate": limits.message_rate,
        "sessions": limits.sessions,
    }


def _stamp() -> str:
    return secrets.token_urlsafe(9)
