"""Who blocks whom: accounts and domains (XEP-0191 is one spelling of it).

All of it is in memory: it is asked for each message and each look at somebody's presence, also of
accounts that are not there.
"""

from collections.abc import Callable, Iterable, Sequence

from antiphon.core.address import Address, Addresses
from antiphon.core.event import BlockingChanged, Event
from antiphon.core.reason import Reason, Refused
from antiphon.stores import contacts as statements
from antiphon.stores.addresses import read_address
from antiphon.stores.database import Database

from .config import ContactsConfig

NOBODY: frozenset[str] = frozenset()


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

    async def open(self) -> None:
        """Read all."""
        found = await self._database.read(statements.all_blocks)
        self._blocked = {read_address(who): frozenset(whom) for who, whom in found.items()}

    def blocks(self, account: Address, other: Address) -> bool:
        """Whether `account` blocks `other`."""
        blocked = self._blocked.get(account.bare)
        return blocked is not None and (str(other.bare) in blocked or other.domain in blocked)

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
        self._blocked[account] = before | set(fresh)
        self._changed(account, fresh, ())

    async def unblock(self, account: Address, others: Sequence[str] | None) -> None:
        """Block them no more; None: nobody. Raises `Refused`."""
        account = account.bare
        before = self._blocked.get(account, NOBODY)
        wanted = before if others is None else set(map(self._canonical, others))
        gone = sorted(before & wanted)
        if not gone:
            return
        for first in range(0, len(gone), 500):
            some = gone[first : first + 500]
            await self._database.write(
                lambda c, some=some: statements.unblock(c, str(account), some)  # type: ignore[misc]
            )
        self._keep(account, before - set(gone))
        self._changed(account, (), gone)

    def forget(self, account: Address) -> None:
        """The account is gone: it blocks nobody, and nobody blocks it."""
        self._keep(account, NOBODY)
        name = str(account)
        for who in [who for who, whom in self._blocked.items() if name in whom]:
            self._keep(who, self._blocked[who] - {name})

    def _keep(self, account: Address, blocked: frozenset[str]) -> None:
        if blocked:
            self._blocked[account] = blocked
        else:
            self._blocked.pop(account, None)

    def _canonical(self, text: str) -> str:
        """An account as `name@domain`, a domain as `domain`."""
        if "@" in text:
            return str(self._addresses.parse(text).bare)
        return self._addresses.parse(f"x@{text}").domain

    def _changed(self, account: Address, blocked: Iterable[str], unblocked: Iterable[str]) -> None:
        event = BlockingChanged("", account, tuple(blocked), tuple(unblocked))
        self._tell(account, event)
        for other in (*event.blocked, *event.unblocked):
            whom = read_address(other) if "@" in other else Address("", other)
            self._rights(whom, account)
            self._rights(account, whom)
