"""Who blocks whom: accounts and domains, and single devices of either, among which are those in
rooms (XEP-0191 is one spelling of it).

All of it is in memory: it is asked for each message and each look at somebody's presence, also of
accounts that are not there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from antiphon.core.address import Address, Addresses
from antiphon.core.event import BlockingChanged, Event
from antiphon.core.reason import Reason, Refused
from antiphon.stores import contacts as statements
from antiphon.stores.addresses import read_address
from antiphon.stores.database import Database

from .config import ContactsConfig

NOBODY: frozenset[str] = frozenset()
AT_ONCE = 500  # that one statement deletes


class Blocks:
    """See the module; `tell` and `rights` as for `ContactLists`."""

    def __init__(
        self,
        database: Database,
        addresses: Addresses,
        *,
        tell: Callable[[Address, Event], None],
        rights: Callable[[Address, Address], None],
        config: ContactsConfig,
    ) -> None:
        self._database = database
        self._addresses = addresses
        self._tell = tell
        self._rights = rights
        self._config = config
        self._blocked: dict[Address, frozenset[str]] = {}
        # What of it are devices → how many block them; and the accounts that block some.
        self._devices: Counter[str] = Counter()
        self._choosy: set[Address] = set()

    async def open(self) -> None:
        """Read all."""
        found = await self._database.read(statements.all_blocks)
        for who, whom in found.items():
            self._keep(read_address(who), frozenset(whom))

    def blocks(self, account: Address, other: Address) -> bool:
        """Whether `account` blocks `other`: it, its account, or its domain (XEP-0191 §5)."""
        blocked = self._blocked.get(account.bare)
        if blocked is None:
            return False
        if str(other.bare) in blocked or other.domain in blocked:
            return True
        alone = f"{other.domain}/{other.device}"
        return bool(other.device) and (str(other) in blocked or alone in blocked)

    def blocks_devices(self, device: Address) -> bool:
        """Whether anybody blocks just this device, or its account just some of others."""
        if not self._choosy:
            return False
        alone = f"{device.domain}/{device.device}"
        known = str(device) in self._devices or alone in self._devices
        return known or device.bare in self._choosy

    def of(self, account: Address) -> Sequence[str]:
        """Whom an account blocks, in order."""
        return sorted(self._blocked.get(account.bare, NOBODY))

    async def block(self, account: Address, others: Sequence[str]) -> None:
        """Block them. Raises `Refused`."""
        account = account.bare
        if account.is_guest:
            raise Refused(Reason.FORBIDDEN, "Guests block nobody. Please log in.")
        before = self._blocked.get(account, NOBODY)
        fresh = [one for one in dict.fromkeys(map(self._canonical, others)) if one not in before]
        if len(before) + len(fresh) > self._config.blocks:
            raise Refused(Reason.TOO_MANY, f"One may block at most {self._config.blocks}.")
        if not fresh:
            return
        await self._database.write(lambda c: statements.block(c, str(account), fresh))
        self._keep(account, before | set(fresh))
        self._changed(account, fresh, ())

    async def unblock(self, account: Address, others: Sequence[str] | None) -> None:
        """Block them no more; None: nobody. Raises `Refused`."""
        account = account.bare
        before = self._blocked.get(account, NOBODY)
        wanted = before if others is None else set(map(self._canonical, others))
        gone = sorted(before & wanted)
        if not gone:
            return

        def unblock(connection: Connection) -> None:
            for first in range(0, len(gone), AT_ONCE):
                statements.unblock(connection, str(account), gone[first : first + AT_ONCE])

        await self._database.write(unblock)
        self._keep(account, before - set(gone))
        self._changed(account, (), gone)

    def forget(self, account: Address) -> None:
        """The account is gone: it blocks nobody, and nobody blocks it."""
        self._keep(account, NOBODY)
        for who, whom in list(self._blocked.items()):
            if gone := {one for one in whom if read_address(one).bare == account}:
                self._keep(who, whom - gone)

    def _keep(self, account: Address, blocked: frozenset[str]) -> None:
        before = self._blocked.pop(account, NOBODY)
        if blocked:
            self._blocked[account] = blocked
        self._devices.subtract(one for one in before if "/" in one)
        self._devices.update(one for one in blocked if "/" in one)
        for one in before - blocked:
            if "/" in one and not self._devices[one]:
                del self._devices[one]
        if any("/" in one for one in blocked):
            self._choosy.add(account)
        else:
            self._choosy.discard(account)

    def _canonical(self, text: str) -> str:
        """An account as `name@domain`, a domain as `domain`, either perhaps with `/device`."""
        if "@" in text.partition("/")[0]:
            return str(self._addresses.parse(text))
        return str(self._addresses.parse(f"x@{text}")).removeprefix("x@")

    def _changed(self, account: Address, blocked: Iterable[str], unblocked: Iterable[str]) -> None:
        event = BlockingChanged("", account, tuple(blocked), tuple(unblocked))
        self._tell(account, event)
        for other in (*event.blocked, *event.unblocked):
            whom = read_address(other).bare
            self._rights(whom, account)
            self._rights(account, whom)
