"""What the archives of accounts keep, as their owners chose."""

import json
from collections import OrderedDict

from antiphon.core.address import Address
from antiphon.core.people import Keep, Keeping
from antiphon.core.reason import Reason, Refused
from antiphon.stores import keepings as statements
from antiphon.stores.addresses import read_address
from antiphon.stores.database import Database

REMEMBERED = 100_000
MAX_PEERS = 1000
DEFAULT = Keeping()


class Keepings:
    """Choices by account; what was read is remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[Address, Keeping] = OrderedDict()
        self._changes = 0

    def known(self, account: Address) -> Keeping | None:
        """From memory; None: `of` must be asked."""
        return self._known.get(account)

    async def of(self, account: Address) -> Keeping:
        """What the account's archive keeps."""
        bare = account.bare
        if (known := self._known.get(bare)) is not None:
            return known
        before = self._changes
        row = await self._database.read(lambda c: statements.find(c, str(bare)))
        found = DEFAULT if row is None else _read(*row)
        if before == self._changes:
            self._remember(bare, found)
        return found

    async def keep(self, account: Address, keeping: Keeping) -> None:
        """Change it. Raises `Refused(TOO_MANY)`."""
        if len(keeping.always) + len(keeping.never) > MAX_PEERS:
            raise Refused(Reason.TOO_MANY, f"An archive knows at most {MAX_PEERS} exceptions.")
        name, lists = str(account.bare), [_write(keeping.always), _write(keeping.never)]
        self._changes += 1
        await self._database.write(lambda c: statements.save(c, name, keeping.default, *lists))
        self._changes += 1
        self._remember(account.bare, keeping)

    async def forget(self, account: Address) -> None:
        """The account is removed."""
        self._changes += 1
        await self._database.write(lambda c: statements.remove(c, str(account.bare)))
        self._changes += 1
        self._known.pop(account.bare, None)

    def _remember(self, account: Address, keeping: Keeping) -> None:
        self._known[account] = keeping
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _write(peers: frozenset[Address]) -> str:
    return json.dumps(sorted(str(peer.bare) for peer in peers))


def _read(keep: str, always: str, never: str) -> Keeping:
    return Keeping(
        default=Keep(keep),
        always=frozenset(map(read_address, json.loads(always))),
        never=frozenset(map(read_address, json.loads(never))),
    )
