"""Keys for log-ins that prove a password without sending it (SCRAM, RFC 5802): fast, and with
nothing that tells strangers whether an account exists.

A name without an account gets keys as well: a salt that is always the same for that name (made of
the node's secret) and keys that nobody has the password of.
"""

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from antiphon.core.address import Address
from antiphon.stores.records import Account, Key, KeyKind

from . import keys as derivation
from .accounts import Accounts

# Commands of the shell are heard of a little later only: what is remembered ends soon.
LIFETIME = 5.0
CAPACITY = 4096


@dataclass(frozen=True, slots=True)
class Login:
    """What a log-in is proved against. `account` is None for a name that may not log in: let the
    exchange go its way and fail at its end.
    """

    account: Account | None
    keys: Mapping[KeyKind, Key] = field(repr=False)


class LoginKeys:
    """SCRAM keys of accounts, remembered for some seconds or until the account changes."""

    def __init__(
        self, accounts: Accounts, secret: bytes, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._secret = hmac.digest(secret, b"salts of names without an account", "sha256")
        self._clock = clock
        self._known: OrderedDict[Address, tuple[float, Login]] = OrderedDict()
        self._version = 0
        self._sweeping: asyncio.TimerHandle | None = None
        self._unwatch = accounts.watch(self._changed)
        self._kinds = tuple(
            kind for kind in derivation.SCRAM_HASHES if kind in accounts.config.password_hash
        )

    def close(self) -> None:
        """Forget all of them."""
        self._unwatch()
        self._known.clear()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    @property
    def kinds(self) -> tuple[KeyKind, ...]:
        """The kinds of SCRAM keys that are switched on: which mechanisms to offer."""
        return self._kinds

    async def of(self, address: Address) -> Login:
        """Keys of each of `kinds`, whether there is such an account or not. Raises `Refused` when
        the database fails.
        """
        bare = address.bare
        known = self._known.get(bare)
        if known is not None and known[0] > self._clock():
            return known[1]
        version = self._version
        found = (await self._accounts.find_with_keys([bare])).get(bare)
        account, keys = (None, dict[KeyKind, Key]()) if found is None else found
        mine = {kind: keys.get(kind) or self._decoy(bare, kind) for kind in self._kinds}
        login = Login(account, mine)  # remembered in both cases: they take the same time
        if version == self._version:  # nothing changed while the database was asked
            self._keep(bare, login)
        return login

    def _keep(self, address: Address, login: Login) -> None:
        self._known[address] = (self._clock() + LIFETIME, login)
        self._known.move_to_end(address)  # those that end first stand first
        if len(self._known) > CAPACITY:
            self._known.popitem(last=False)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(LIFETIME, self._sweep)

    def _sweep(self) -> None:
        """Nobody pays for log-ins of long ago."""
        now = self._clock()
        while self._known and next(iter(self._known.values()))[0] <= now:
            self._known.popitem(last=False)
        self._sweeping = None
        if self._known:
            self._sweeping = asyncio.get_running_loop().call_later(LIFETIME, self._sweep)

    def _changed(self, address: Address) -> None:
        self._version += 1
        self._known.pop(address, None)

    def _decoy(self, address: Address, kind: KeyKind) -> Key:
        size = hashlib.new(derivation.SCRAM_HASHES[kind]).digest_size
        base = f"{kind.value} {address}".encode()
        made = [hmac.digest(self._secret, part + base, "sha512") for part in (b"s", b"1", b"2")]
        return Key(
            kind=kind,
            version=derivation.VERSION,
            iterations=self._accounts.config.scram_iterations,
            salt=made[0][: derivation.SALT_BYTES],
            data=made[1][:size] + made[2][:size],
        )
