"""News of accounts within this process, and between those that share the database: commands of the
shell, other nodes. Each leaves a note of what it did; nodes read them every few seconds.

Knows not what follows from it.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.stores import account_changes as statements
from antiphon.stores import accounts
from antiphon.stores.account_changes import AccountChange, What
from antiphon.stores.database import Database
from antiphon.stores.records import Account

# A note may be committed later than another one with a later time, and clocks of machines differ:
# what is younger than this is read again and again (s).
OVERLAP = 120.0
# How long notes are kept, for a process that slept, or was away for a while; how often those that
# are older are deleted (s).
KEPT = 86_400.0
PRUNE_TIME = 3600.0
# Accounts that are looked up by one statement.
AT_ONCE = 500

Listener = Callable[[Address], None]
Voided = Callable[[Address, str | None], None]


class AccountChanges:
    """Notes left and read by one process, and who hears of them."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._author = secrets.token_hex(8)
        self._read_at: float | None = None
        self._pruned_at = float("-inf")
        self._seen: frozenset[str] = frozenset()
        self._listeners: list[Listener] = []
        self._voided: list[Voided] = []

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Tell of each account that is made, changed or removed; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def watch_voided(self, listener: Voided) -> Callable[[], None]:
        """Tell of each account whose log-ins are void, and its stamp now; the result ends that."""
        self._voided.append(listener)
        return lambda: self._voided.remove(listener)

    def tell(self, account: Address) -> None:
        """It is another than before; its log-ins stand."""
        for listener in list(self._listeners):
            listener(account)

    def tell_void(self, account: Address, stamp: str | None) -> None:
        """It is another than before, and log-ins with another stamp (None: all) are void."""
        self.tell(account)
        for listener in list(self._voided):
            listener(account, stamp)

    def note(self, connection: Connection, account: Account, what: What) -> None:
        """Leave a note for other processes, within the transaction of the change."""
        change = AccountChange(
            key=secrets.token_hex(8),
            account=account.id,
            address=account.address,
            what=what,
            author=self._author,
            at=self._clock(),
        )
        statements.add(connection, change)

    async def hear(self) -> Sequence[AccountChange]:
        """Read and tell what other processes did since it was called last, the earliest first.

        The first time: all that is known. Raises `Refused`; the next time tells all, then.
        """
        now = self._clock()
        since = now - KEPT if self._read_at is None else self._read_at - OVERLAP

        def read(connection: Connection) -> tuple[Sequence[AccountChange], Mapping[Address, str]]:
            found = statements.since(connection, since)
            others = [*{one.address for one in found if self._is_news(one)}]
            stamps: dict[Address, str] = {}
            for first in range(0, len(others), AT_ONCE):
                stamps |= accounts.stamps(connection, others[first : first + AT_ONCE])
            return found, stamps

        found, stamps = await self._database.read(read)
        news = [one for one in found if self._is_news(one)]
        self._read_at = now
        self._seen = frozenset(one.key for one in found)
        void = {one.address for one in news if one.what is not What.CHANGED}
        for address in {one.address: None for one in news}:
            if address in void:
                self.tell_void(address, stamps.get(address))
            else:
                self.tell(address)
        return news

    async def prune(self) -> None:
        """Delete old notes, now and then. Raises `Refused`."""
        now = self._clock()
        if now - self._pruned_at >= PRUNE_TIME:
            self._pruned_at = now
            await self._database.write(lambda c: statements.prune(c, now - KEPT))

    def _is_news(self, change: AccountChange) -> bool:
        return change.author != self._author and change.key not in self._seen
