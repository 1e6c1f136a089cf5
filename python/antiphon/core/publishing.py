"""What accounts publish for those who want to know, as values and as a port: nodes, which are named
lists of items. What an item says is known to those who publish and read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from .address import Address


class Access(StrEnum):
    """Who may read a node. Its owner always may."""

    EVERYBODY = "everybody"
    CONTACTS = "contacts"  # those who see the owner's presence
    GROUPS = "groups"  # those of the owner's contacts who are in certain groups
    LISTED = "listed"  # those who are named


class Telling(StrEnum):
    """When somebody is told of the last item, besides when it is published."""

    NEVER = "never"
    COMING = "coming"  # when they, or the owner, become available


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """How a node behaves. `kept`: whether items can be read later. `max_items`: the oldest beyond
    go. `groups`, `members`: for `Access.GROUPS` and `Access.LISTED`. `payloads`, `retractions`,
    `end`: whether those who are told get items whole, and are told that items, or the node, are
    gone. `kind`: what its items are, for people and programs.
    """

    access: Access = Access.CONTACTS
    groups: tuple[str, ...] = ()
    members: frozenset[Address] = frozenset()
    max_items: int = 1
    kept: bool = True
    told: bool = True
    last: Telling = Telling.COMING
    payloads: bool = True
    retractions: bool = True
    end: bool = True
    title: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that was published. `published_at`: seconds since 1970."""

    id: str
    payload: bytes = field(repr=False)
    publisher: Address
    published_at: float


class Nodes(Protocol):
    """What accounts published (`services/nodes`). Accounts are bare addresses. Whoever calls has
    seen to it that they may.

    Raises `Refused`: NOT_FOUND where there is no such node or item, TOO_LARGE, TOO_MANY beyond what
    an account may keep, BAD_REQUEST, BUSY, INTERNAL.
    """

    async def settings(self, account: Address, node: str) -> NodeSettings | None:
        """How a node behaves; None if there is none."""

    async def configure(self, account: Address, node: str, settings: NodeSettings) -> None:
        """Make a node, or change one; what is too much by its new settings goes."""

    async def remove(self, account: Address, node: str) -> None:
        """Delete a node with its items."""

    async def nodes(self, account: Address) -> Sequence[tuple[str, NodeSettings]]:
        """An account's nodes by name."""

    async def publish(
        self, account: Address, node: str, item: Item, settings: NodeSettings
    ) -> NodeSettings:
        """Publish an item, in place of one with its id; how the node behaves. `settings` are for a
        node that is not there yet.
        """

    async def items(
        self, account: Address, node: str, ids: Sequence[str] = (), limit: int | None = None
    ) -> Sequence[Item]:
        """Items, oldest first: those with these ids, or the last ones, or all."""

    async def retract(self, account: Address, node: str, id: str) -> None:
        """Delete an item."""

    async def purge(self, account: Address, node: str) -> None:
        """Delete all items of a node."""

    async def latest(
        self, accounts: Sequence[Address], nodes: Sequence[str]
    ) -> Sequence[tuple[Address, str, NodeSettings, Item]]:
        """The last item of each of these nodes that tells those who come."""


class PrivateData(Protocol):
    """What programs leave with an account for themselves (`services/nodes`), by a key of theirs."""

    async def private(self, account: Address, key: str) -> bytes | None:
        """What was left under a key."""

    async def set_private(self, account: Address, key: str, data: bytes) -> None:
        """Leave it there. Raises `Refused`: TOO_LARGE, TOO_MANY."""
