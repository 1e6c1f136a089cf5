"""Who sends a request: digest keys of accounts for the machine, and the callers that they prove.

Look-ups wait for the database while the machine holds the requests back. What is remembered is
dropped when an account changes here, and compared with the database every minute, since others may
change accounts too.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from antiphon._native import SipAccountNeeded, SipMachine
from antiphon.core.address import Address, Addresses
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Refused
from antiphon.stores.records import Account, Key, KeyKind

log = logging.getLogger(__name__)

ALGORITHMS = {KeyKind.DIGEST_MD5: "MD5", KeyKind.DIGEST_SHA_256: "SHA-256"}
# Accounts of one look-up: after a power cut whole regions come back at once. More of them wait.
LOOKUPS = 200
GATHER_TIME = 0.01
MAX_WAITING = 10_000
# Longer names are nobody's, and are not looked up.
MAX_USER = 512
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
        self, addresses: Sequence[Address]
    ) -> Mapping[Address, tuple[Account, Mapping[KeyKind, Key]]]:
        """Those that may log in, and their keys."""

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
        self._needed: set[str] = set()
        self._outdated: set[str] = set()  # have changed since somebody began to need them
        self._waiting: deque[str] = deque()
        self._looking: asyncio.Task[None] | None = None
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
        if realm != self._realm or len(user) > MAX_USER or self._is_unknown(user):
            self._machine.account(user, realm, None)
            return
        if user in self._needed:
            return
        if len(self._needed) >= MAX_WAITING:
            if not self.sick:
                log.error("too many accounts of telephones wait to be looked up")
            # Nobody looked whether the password is right: that is no failed log-in.
            self._fail()
            self._machine.account(user, realm, None)
            return
        self._needed.add(user)
        self._waiting.append(user)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_up(), name="sip accounts")

    def forget(self, account: Address) -> None:
        """The account has changed, or is gone, or is new."""
        self._unknown.pop(account.local, None)
        if account.local in self._needed:
            self._outdated.add(account.local)
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
        tasks = [*self._checking]
        if self._looking is not None:
            tasks.append(self._looking)
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

    async def _look_up(self) -> None:
        """Look up whoever is waited for, all who have gathered at a time."""
        try:
            while self._waiting:
                count = min(len(self._waiting), LOOKUPS)
                await self._look_up_some([self._waiting.popleft() for _ in range(count)])
                if self._waiting:
                    # More of them come now: a look-up for a few costs as much as for all.
                    await asyncio.sleep(GATHER_TIME)
        finally:
            self._looking = None

    async def _look_up_some(self, users: Sequence[str]) -> None:
        found: dict[str, dict[str, str]] = {}
        self._outdated.difference_update(users)
        try:
            found = await self._keys(users)
        except Refused as refused:
            self._fail()
            log.error("the keys of telephones' accounts are not available: %s", refused)
        except Exception:
            self._fail()
            log.exception("the keys of telephones' accounts are not available")
        finally:
            # Whatever happens, the requests that wait must go on.
            for user in users:
                if user in self._outdated:
                    self._look_again(user)
                    continue
                self._needed.discard(user)
                self._machine.account(user, self._realm, found.get(user))
            self.changed()

    def _look_again(self, user: str) -> None:
        """It has changed while it was looked up: what was found may be the old or the new."""
        self._known.pop(user, None)
        self._unknown.pop(user, None)
        self._waiting.append(user)

    def _fail(self) -> None:
        self.failures += 1
        self._sick_until = time.monotonic() + SICK_TIME

    async def _keys(self, users: Sequence[str]) -> dict[str, dict[str, str]]:
        """Digest keys of those of them that may log in by digest. Raises `Refused`."""
        addresses = {user: self._address(user) for user in users}
        wanted = [address for address in addresses.values() if address is not None]
        accounts = await self._accounts.find_with_keys(wanted) if wanted else {}
        result = {}
        for user, address in addresses.items():
            found = None if address is None else accounts.get(address)
            keys = {} if found is None else digest_keys(found[1])
            if found is None or not keys:
                self._note_unknown(user)
                continue
            account = found[0]
            self._known[user] = Known(account.name, account.admin, account.stamp)
            result[user] = keys
        return result

    def _note_unknown(self, user: str) -> None:
        self._unknown[user] = time.monotonic() + UNKNOWN_TIME
        if len(self._unknown) > MAX_UNKNOWN:
            self._unknown.popitem(last=False)

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
