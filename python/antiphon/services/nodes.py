"""What accounts publish, and what programs leave with them, stored and bounded (`core.publishing`).

Who may read what, and who is told of it, is not decided here.
"""

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from antiphon.core.address import Address
from antiphon.core.publishing import Item, NodeSettings, Telling
from antiphon.core.reason import Reason, Refused
from antiphon.stores import nodes as statements
from antiphon.stores.addresses import check_text
from antiphon.stores.database import Database
from antiphon.stores.records import Account

# Nodes whose settings are kept in mind.
REMEMBERED = 20_000
MAX_NAME = 1023  # bytes of a name or an id


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLimits:
    """What one account may keep."""

    nodes: int = 500
    items: int = 1000  # of one node
    payload: int = 256 * 1024  # bytes of one item
    octets: int = 32 * 1024 * 1024  # in all
    private: int = 200  # things that programs left


class PublishedNodes:
    """Implements `core.publishing.Nodes` and `.PrivateData`."""

    def __init__(self, database: Database, limits: NodeLimits | None = None) -> None:
        self._database = database
        self._limits = limits or NodeLimits()
        self._known: OrderedDict[tuple[Address, str], NodeSettings | None] = OrderedDict()
        self._changes = 0

    # core.publishing.Nodes

    async def settings(self, account: Address, node: str) -> NodeSettings | None:
        """How a node behaves; None if there is none."""
        key = account, node
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if "\0" in node or len(node.encode()) > MAX_NAME:
            return None
        before = self._changes
        found = await self._database.read(lambda c: statements.settings(c, str(account), node))
        if before == self._changes:
            self._remember(key, found)
        return found

    async def configure(self, account: Address, node: str, settings: NodeSettings) -> None:
        """Make a node, or change one; items beyond `max_items` go."""
        _check_name("A node's name", node)
        settings = self._within(settings)

        def work(connection: Connection) -> None:
            self._make_room(connection, str(account), node)
            statements.configure(connection, str(account), node, settings)
            statements.trim(connection, str(account), node, _most(settings))

        await self._change(account, node, work)

    async def remove(self, account: Address, node: str) -> None:
        """Delete a node with its items."""

        def work(connection: Connection) -> None:
            if not statements.remove(connection, str(account), node):
                raise Refused(Reason.NOT_FOUND, "There is no such node.")

        await self._change(account, node, work)

    async def nodes(self, account: Address) -> Sequence[tuple[str, NodeSettings]]:
        """An account's nodes by name."""
        return await self._database.read(lambda c: statements.of(c, str(account)))

    async def publish(
        self, account: Address, node: str, item: Item, settings: NodeSettings
    ) -> NodeSettings:
        """Publish an item, in place of one with its id; how the node behaves."""
        _check_name("A node's name", node)
        _check_name("An item's id", item.id)
        if len(item.payload) > self._limits.payload:
            text = f"An item has at most {self._limits.payload} bytes."
            raise Refused(Reason.TOO_LARGE, text)
        made = self._within(settings)

        def work(connection: Connection) -> NodeSettings:
            owner = str(account)
            found = statements.settings(connection, owner, node)
            if found is None:
                self._make_room(connection, owner, node)
                statements.configure(connection, owner, node, made)
                found = made
            statements.publish(connection, owner, node, item)
            statements.trim(connection, owner, node, _most(found))
            self._must_fit(connection, owner)
            return found

        known = self._known.get((account, node))
        found = await self._database.write(work)
        if known is None:
            self._forget(account, node)
        return found

    async def items(
        self, account: Address, node: str, ids: Sequence[str] = (), limit: int | None = None
    ) -> Sequence[Item]:
        """Items, oldest first."""
        most = self._limits.items if limit is None else max(1, min(limit, self._limits.items))
        wanted = [id for id in ids if "\0" not in id][: self._limits.items]
        if ids and not wanted:
            return ()
        return await self._database.read(
            lambda c: statements.items(c, str(account), node, wanted, most)
        )

    async def retract(self, account: Address, node: str, id: str) -> None:
        """Delete an item."""

        def work(connection: Connection) -> None:
            if not statements.retract(connection, str(account), node, id):
                raise Refused(Reason.NOT_FOUND, "There is no such item.")

        await self._database.write(work)

    async def purge(self, account: Address, node: str) -> None:
        """Delete all items of a node."""
        await self._database.write(lambda c: statements.purge(c, str(account), node))

    async def latest(
        self, accounts: Sequence[Address], nodes: Sequence[str]
    ) -> Sequence[tuple[Address, str, NodeSettings, Item]]:
        """The last item of each of these nodes that tells those who come."""
        if not accounts or not nodes:
            return ()
        owners = [str(account) for account in accounts]
        found = await self._database.read(lambda c: statements.latest(c, owners, nodes))
        return [one for one in found if one[2].told and one[2].last is Telling.COMING]

    # core.publishing.PrivateData

    async def private(self, account: Address, key: str) -> bytes | None:
        """What was left under a key."""
        if "\0" in key:
            return None
        return await self._database.read(lambda c: statements.private(c, str(account), key))

    async def set_private(self, account: Address, key: str, data: bytes) -> None:
        """Leave it there."""
        _check_name("A key", key)
        if len(data) > self._limits.payload:
            raise Refused(Reason.TOO_LARGE, f"No more than {self._limits.payload} bytes.")

        def work(connection: Connection) -> None:
            statements.set_private(connection, str(account), key, data)
            if statements.count_private(connection, str(account)) > self._limits.private:
                raise Refused(Reason.TOO_MANY, f"No more than {self._limits.private} of them.")
            self._must_fit(connection, str(account))

        await self._database.write(work)

    # the end of accounts, and their copies

    async def erase(self, account: Account) -> None:
        """Delete everything of an account."""
        await self._database.write(lambda c: statements.erase(c, str(account.address)))
        self._changes += 1
        for key in [key for key in self._known if key[0] == account.address]:
            del self._known[key]

    async def export(self, account: Account) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """What an account published and left, as JSON."""
        address = account.address
        made = []
        for node, settings in await self.nodes(address):
            items = await self.items(address, node)
            made.append(
                {
                    "node": node,
                    "settings": json.loads(statements.write_settings(settings)),
                    "items": [
                        {
                            "id": item.id,
                            "published_at": item.published_at,
                            "payload": item.payload.decode(errors="replace"),
                        }
                        for item in items
                    ],
                }
            )
        left = await self._database.read(lambda c: statements.all_private(c, str(address)))
        private = {name: data.decode(errors="replace") for name, data in left}
        yield "published.json", _json({"nodes": made, "private": private})

    # within

    async def _change(
        self, account: Address, node: str, work: Callable[[Connection], None]
    ) -> None:
        try:
            await self._database.write(work)
        finally:
            self._forget(account, node)

    def _make_room(self, connection: Connection, account: str, node: str) -> None:
        if statements.settings(connection, account, node) is not None:
            return
        if statements.count(connection, account) >= self._limits.nodes:
            raise Refused(Reason.TOO_MANY, f"No more than {self._limits.nodes} nodes.")

    def _must_fit(self, connection: Connection, account: str) -> None:
        if statements.octets(connection, account) > self._limits.octets:
            raise Refused(Reason.TOO_MANY, "This account has published too much.")

    def _within(self, settings: NodeSettings) -> NodeSettings:
        check_text("A title", settings.title, MAX_NAME)
        check_text("A kind", settings.kind, MAX_NAME)
        most = max(1, min(settings.max_items, self._limits.items))
        return replace(settings, max_items=most)

    def _remember(self, key: tuple[Address, str], found: NodeSettings | None) -> None:
        self._known[key] = found
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _forget(self, account: Address, node: str) -> None:
        # A look-up that is on its way may have seen what was before.
        self._changes += 1
        self._known.pop((account, node), None)


def _most(settings: NodeSettings) -> int:
    """Items to keep. The last one of a node that keeps none is kept for those who come."""
    return settings.max_items if settings.kept else 1


def _check_name(what: str, text: str) -> None:
    if not text:
        raise Refused(Reason.BAD_REQUEST, f"{what} must not be empty.")
    check_text(what, text, MAX_NAME)


async def _json(made: object) -> AsyncIterator[bytes]:
    yield json.dumps(made, ensure_ascii=False, indent=1).encode()
