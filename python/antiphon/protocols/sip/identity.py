"""Who sends a request: digest keys of accounts for the machine, and the callers that they prove.

Look-ups wait for the database while the machine holds the requests back. What is remembered is
dropped when an account changes here, and compared with the database every minute, since others may
change accounts too.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from antiphon._native import SipAccountNeeded, SipMachine
from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Refused
from antiphon.stores.records import Account, Key, KeyKind

log = logging.getLogger(__name__)

ALGORITHMS = {KeyKind.DIGEST_MD5: "MD5", KeyKind.DIGEST_SHA_256: "SHA-256"}
# Look-ups at once; more requests with credentials wait behind them.
LOOKUPS = 64
MAX_WAITING = 10_000
CHECK_TIME = 60.0
CHECK_PAGE = 500
# Names without an account are remembered for a little while, lest each guess costs a look-up.
UNKNOWN_TIME = 5.0
MAX_UNKNOWN = 10_000
# After a failure of the database nobody is told that a password is wrong, for so long (s).
SICK_TIME = 5.0


class Accounts(Protocol):
    """The accounts of the node (`services/accounts`)."""

    async def find_with_keys(
        self, address: Address
    ) -> tuple[Account, Mapping[KeyKind, Key]] | None:
        """An account that may log in, and its keys."""

    async def stamps(self, addresses: Sequence[Address]) -> Mapping[Address, str]:
        """The stamps of those that may log in."""

    def watch(self, listener: Callable[[Address], None]) -> Callable[[], None]:
        """Tell of every change."""


class Known(NamedTuple):
    """What is remembered of an account whose keys the machine has."""

    name: str
    admin: bool
    stamp: str


class Identities:
    """Accounts by local part, as far as they have shown up.

    `changed` is called when the machine has learned of an account, `gone` when one may not log in
    any more.
    """

    def __init__(self, machine: SipMachine, accounts: Accounts, addresses: Addresses) -> None:
        self._machine = machine
        self._accounts = accounts
        self._addresses = addresses
        self._realm = addresses.domain
        self._known: dict[str, Known] = {}
        self._used: set[str] = set()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(LOOKUPS)
        self.changed: Callable[[], None] = lambda: None
        self.gone: Callable[[Address], None] = lambda _: None
        self._checking: set[asyncio.Task[None]] = set()
        self.failures = 0
        self._sick_until = 0.0

    @property
    def sick(self) -> bool:
        """Whether keys could not be looked up lately: credentials that fail may be right."""
        return self._sick_until > time.monotonic()

    @property
    def count(self) -> int:
        """Accounts whose keys are remembered."""
        return len(self._known)

    def caller(self, user: str) -> Caller | None:
        """The caller whose credentials the machine found right."""
        known = self._known.get(user)
        if known is None:
            return None
        self._used.add(user)
        address = Address(user, self._realm)
        return Caller(address=address, name=known.name, grants=Grants(admin=known.admin))

    def use(self, user: str) -> bool:
        """Note that a request of this account was proved; False if it has gone meanwhile."""
        if user not in self._known:
            return False
        self._used.add(user)
        return True

    def need(self, event: SipAccountNeeded) -> None:
        """Requests wait for the keys of an account."""
        user, realm = event.user, event.realm
        if realm != self._realm or self._is_unknown(user):
            self._machine.account(user, realm, None)
            return
        if user in self._running:
            return
        if len(self._running) >= MAX_WAITING:
            self.failures += 1
            self._machine.account(user, realm, None)
            return
        task = asyncio.create_task(self._look_up(user), name="sip account")
        self._running[user] = task
        task.add_done_callback(lambda _: self._running.pop(user, None))

    def forget(self, account: Address) -> None:
        """The account has changed, or is gone, or is new."""
        self._unknown.pop(account.local, None)
        if self._known.pop(account.local, None) is not None:
            self._machine.account(account.local, self._realm, None)
            self.changed()

    def account_changed(self, account: Address) -> None:
        """It has changed here: forget it now, and see whether it is gone."""
        self.forget(account)
        task = asyncio.create_task(self._see(account), name="sip account")
        self._checking.add(task)
        task.add_done_callback(self._checking.discard)

    async def close(self) -> None:
        """End look-ups."""
        tasks = [*self._running.values(), *self._checking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self) -> None:
        """Compare what is remembered of those who were here with the database, for ever."""
        while True:
            await asyncio.sleep(CHECK_TIME)
            used, self._used = list(self._used), set()
            for first in range(0, len(used), CHECK_PAGE):
                try:
                    await self.check(used[first : first + CHECK_PAGE])
                except Refused as refused:
                    log.warning("accounts of telephones could not be checked: %s", refused)

    async def check(self, users: Sequence[str]) -> None:
        """Forget those of whom the database says otherwise. Raises `Refused`."""
        wanted = [Address(user, self._realm) for user in users if user in self._known]
        before = {address: self._known[address.local].stamp for address in wanted}
        stamps = await self._accounts.stamps(wanted)
        for address, stamp in before.items():
            if stamps.get(address) != stamp:
                self.forget(address)
            if address not in stamps:
                self.gone(address)

    async def _see(self, account: Address) -> None:
        try:
            stamps = await self._accounts.stamps([account])
        except Refused as refused:
            log.warning("account %s could not be checked: %s", account, refused)
        else:
            if account.bare not in stamps:
                self.gone(account.bare)

    async def _look_up(self, user: str) -> None:
        keys = None
        try:
            async with self._places:
                keys = await self._keys(user)
        except Refused as refused:
            self.failures += 1
            self._sick_until = time.monotonic() + SICK_TIME
            log.error("the keys of a telephone's account are not available: %s", refused)
        finally:
            # Whatever happens, the requests that wait must go on.
            self._machine.account(user, self._realm, keys)
            self.changed()

    async def _keys(self, user: str) -> dict[str, str] | None:
        address = self._address(user)
        found = None if address is None else await self._accounts.find_with_keys(address)
        keys = {} if found is None else digest_keys(found[1])
        if found is None or not keys:
            self._unknown[user] = time.monotonic() + UNKNOWN_TIME
            if len(self._unknown) > MAX_UNKNOWN:
                self._unknown.popitem(last=False)
            return None
        account = found[0]
        self._known[user] = Known(account.name, account.admin, account.stamp)
        return keys

    def _address(self, user: str) -> Address | None:
        """The account that a user name means: HA1 covers it, so only the canonical form can."""
        try:
            address = self._addresses.parse(user)
        except Refused:
            return None
        canonical = address == Address(user, self._realm)
        return address if canonical else None

    def _is_unknown(self, user: str) -> bool:
        until = self._unknown.get(user)
        if until is None:
            return False
        if until > time.monotonic():
            return True
        del self._unknown[user]
        return False


def digest_keys(keys: Mapping[KeyKind, Key]) -> dict[str, str]:
    """HA1 by the name of its algorithm (RFC 8760)."""
    return {name: keys[kind].data.decode() for kind, name in ALGORITHMS.items() if kind in keys}
