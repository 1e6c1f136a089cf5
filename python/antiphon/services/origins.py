"""Which messages came lately, by the ids that their senders gave them, so that one that is sent
again is known.

Whoever lost a connection sends again what was not acknowledged, soon: the last messages of an
archive are remembered, and read from it when it is met for the first time. An index of all of them
would cost as much as the archive itself.
"""

from collections import OrderedDict
from collections.abc import Iterable

from sqlalchemy import Connection

from antiphon.stores import archives as statements
from antiphon.stores.spelling import origin_of

# Of how many of an archive's last messages, when it is met and from then on; and of all together.
READ = 100
REMEMBERED = 500
REMEMBERED_IN_ALL = 200_000

Origin = tuple[str, str, str]  # sender and addressee (bare), the sender's id


class Origins:
    """Origins by archive; whoever uses it does so in one thread at a time."""

    def __init__(self) -> None:
        self._archives: OrderedDict[str, dict[Origin, str]] = OrderedDict()
        self._count = 0

    def meet(self, connection: Connection, archives: Iterable[str]) -> None:
        """Read those archives that are not remembered."""
        for archive in archives:
            if archive in self._archives:
                self._archives.move_to_end(archive)
                continue
            rows = statements.latest(connection, archive, READ)
            known = self._archives[archive] = {}
            for row in reversed(rows):
                if (origin := origin_of(row.more)) is not None:
                    known[row.sender, row.target, origin] = row.id
            self._count += len(known)

    def find(self, archive: str, origin: Origin) -> str | None:
        """The id of the message of that origin."""
        known = self._archives.get(archive)
        return None if known is None else known.get(origin)

    def remember(self, archive: str, origin: Origin, id: str) -> None:
        """A message of that origin was stored."""
        if (known := self._archives.get(archive)) is None:
            return  # it was not met, or dropped meanwhile: it is read when it is met again
        self._count += origin not in known
        known[origin] = id
        if len(known) > REMEMBERED:
            del known[next(iter(known))]
            self._count -= 1
        while self._count > REMEMBERED_IN_ALL and len(self._archives) > 1:
            _, dropped = self._archives.popitem(last=False)
            self._count -= len(dropped)

    def clear(self) -> None:
        """Read all again, as they are met."""
        self._archives.clear()
        self._count = 0

    def forget(self, archive: str) -> None:
        """The archive, or a part of it, was deleted."""
        if (dropped := self._archives.pop(archive, None)) is not None:
            self._count -= len(dropped)
