"""What belongs to accounts, made and joined: invitations, resets, log-in keys, profiles, files,
push messages, exports.

A node opens it, and so do commands of the shell that need no node. It decides nothing.
"""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.net.public import Outside
from antiphon.protocols.http.people import People as HttpPeople
from antiphon.services.accounts import Accounts
from antiphon.services.exports import Exports
from antiphon.services.files import Files
from antiphon.services.invitations import Invitations
from antiphon.services.login_keys import LoginKeys
from antiphon.services.nodes import PublishedNodes
from antiphon.services.profiles import Profiles
from antiphon.services.push import Push
from antiphon.services.push_delivery import WebPusher
from antiphon.services.resets import Resets
from antiphon.services.web_push import Vapid, read_key
from antiphon.stores.blobs import Blobs, FolderBlobs
from antiphon.stores.database import Database

from .config import Config


class People:
    """The services of accounts beside `accounts` itself, which they belong to."""

    def __init__(
        self,
        config: Config,
        *,
        secret: bytes,
        database: Database,
        accounts: Accounts,
        base: Callable[[], str],
    ) -> None:
        """`base` gives the node's web address, with a slash at its end. Raises ValueError for a
        storage of files that cannot be used.
        """
        self._listeners: list[Callable[[Address, Event], None]] = []
        self.accounts = accounts
        self.invitations = Invitations(database, accounts, config.people)
        self.resets = Resets(database, accounts, config.people)
        self.login_keys = LoginKeys(accounts, secret)
        self.profiles = Profiles(database, accounts, config.people, tell=self._tell)
        blobs = open_blobs(config)
        self.files = Files(database, blobs, secret, config.files, config.people, base=base)
        self.nodes = PublishedNodes(database)
        vapid = Vapid(read_key(config.node.data), config.push.contact or _contact(config))
        outside = Outside(patience=config.push.timeout, anywhere=config.dev)
        self.push = Push(database, WebPusher(outside, vapid), config.push, anywhere=config.dev)
        self.exports = Exports(accounts)
        accounts.on_remove(self.files.erase)
        accounts.on_remove(self.nodes.erase)
        self.exports.add(self.profiles.export)
        self.exports.add(self.files.export)
        self.exports.add(self.push.export)
        self.exports.add(self.nodes.export)
        self.http = HttpPeople(
            invitations=self.invitations,
            resets=self.resets,
            profiles=self.profiles,
            files=self.files,
            exports=self.exports,
            push=self.push,
            push_key=vapid.public_key,
            avatar_size=config.people.avatar_size,
            base=base,
        )

    async def open(self, stack: AsyncExitStack) -> None:
        """Let closing `stack` close what needs it."""
        stack.callback(self.login_keys.close)
        stack.push_async_callback(self.files.close)
        stack.push_async_callback(self.profiles.close)
        stack.callback(self.push.close)

    async def receive(self) -> None:
        """Begin to receive files and to push: only one process may. Raises OSError, `Refused`."""
        await self.files.open()
        await self.push.open()

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the node."""
        return [self.files.run(), self.push.run()]

    def watch(self, listener: Callable[[Address, Event], None]) -> Callable[[], None]:
        """Tell of each account that shows itself otherwise (`ProfileChanged`); the result ends
        that.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, account: Address, event: Event) -> None:
        for listener in list(self._listeners):
            listener(account, event)


def _contact(config: Config) -> str:
    """Who runs this node, as far as push services are told."""
    public = config.http.public_url
    return public if public.startswith("https://") else f"https://{config.node.domain}/"


def open_blobs(config: Config) -> Blobs:
    """Where the bytes of files are, as configured. Raises ValueError."""
    if not config.storage.has_bucket:
        return FolderBlobs(config.storage.folder(config.node.data))
    from antiphon.stores.object_blobs import ObjectBlobs

    return ObjectBlobs(config.storage, config.node.data / "incoming")
