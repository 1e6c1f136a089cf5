"""Nodes whose items live elsewhere: a profile's picture, a list of bookmarks in its old form."""

from collections.abc import Sequence
from typing import Protocol

from antiphon.core.address import Address
from antiphon.core.publishing import Item, NodeSettings

from .feature import Request


class Shelf(Protocol):
    """One such node of every account. `node`: its name; `settings`: how it behaves."""

    @property
    def node(self) -> str:
        """Its name."""

    @property
    def settings(self) -> NodeSettings:
        """How it behaves."""

    async def items(self, account: Address) -> Sequence[Item]:
        """What is there now."""

    async def publish(self, request: Request, item: Item) -> None:
        """The owner publishes an item. Raises `StanzaError` or `Refused`."""

    async def retract(self, request: Request, id: str) -> None:
        """The owner takes one away."""
