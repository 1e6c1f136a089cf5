"""What resources of accounts need: small interfaces that services satisfy without knowing them.

Refusals are `Refused`, with the reasons that the services name.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from antiphon.core.address import Address
from antiphon.core.ports import Caller, Profiles
from antiphon.core.profile import Avatar, Slot
from antiphon.stores.files import FileRecord, Usage
from antiphon.stores.push import Subscription
from antiphon.stores.records import Account, Invitation, Role


class OneTime(Protocol):
    """A one-time token."""

    @property
    def token(self) -> str:
        """As it is handed out; nobody can show it again."""

    @property
    def expires_at(self) -> float:
        """Seconds since 1970."""


class Invitations(Protocol):
    """Who may make an account (`services/invitations`)."""

    async def invite(
        self,
        made_by: str,
        *,
        role: Role = Role.USER,
        room: str | None = None,
        ttl: float | None = None,
    ) -> tuple[Invitation, OneTime]:
        """A new one, and its token."""

    async def all(self) -> Sequence[Invitation]:
        """Those that can be used."""

    async def find(self, token: str) -> Invitation:
        """What a token invites to."""

    async def withdraw(self, id: str) -> bool:
        """Let nobody use it any more."""

    async def redeem(
        self, token: str, address: Address, password: str, *, name: str = ""
    ) -> tuple[Account, Invitation]:
        """Make the account."""


class Resets(Protocol):
    """Another password for whoever forgot theirs (`services/resets`)."""

    async def begin(self, address: Address) -> OneTime:
        """A token for an account."""

    async def finish(self, token: str, password: str) -> Account:
        """Use it."""


class ShownProfiles(Profiles, Protocol):
    """Profiles, and what only pages ask (`services/profiles`)."""

    async def rename(self, account: Address, name: str) -> Account:
        """Give an account another name to be shown."""

    async def picture(self, id: str, *, small: bool = False) -> Avatar | None:
        """A picture by its id."""


class Upload(Protocol):
    """A file on its way in: give it all bytes and `store` it; `drop` it in any case."""

    @property
    def record(self) -> FileRecord:
        """The slot that it is for."""

    async def write(self, data: bytes) -> None:
        """Take some bytes."""

    async def store(self) -> FileRecord:
        """Keep what was received; returns when it lasts."""

    async def drop(self) -> None:
        """Forget what is not stored."""


class Uploads(Protocol):
    """Files that people upload (`services/files`)."""

    @property
    def max_size(self) -> int:
        """Bytes of the largest."""

    async def slot(self, caller: Caller, name: str, size: int, media_type: str = "") -> Slot:
        """A place for a file."""

    async def receive(self, id: str, token: str) -> Upload:
        """Begin to fill it."""

    async def find(self, id: str) -> FileRecord | None:
        """A file or slot."""

    async def read(self, record: FileRecord, start: int, length: int) -> AsyncIterator[bytes]:
        """Bytes of a stored file."""

    async def read_small(self, record: FileRecord) -> bytes:
        """Its thumbnail, a JPEG or PNG file."""

    def url(self, record: FileRecord) -> str:
        """Where it is read."""

    async def page(
        self, account: Address, before: tuple[float, str] | None = None, limit: int = 50
    ) -> Sequence[FileRecord]:
        """Stored files of an account, the latest first."""

    async def usage(self, account: Address) -> tuple[Usage, int]:
        """What they take, and how many bytes they may."""

    async def discard(self, caller: Caller, id: str) -> None:
        """Delete one's own file; any for administrators."""


class Exports(Protocol):
    """All that is kept of an account (`services/exports`)."""

    async def begin(self, address: Address) -> AsyncIterator[bytes]:
        """A ZIP archive, piece by piece."""


class PushSubscriptions(Protocol):
    """Browsers that take push messages (`services/push`)."""

    async def subscribe(
        self, account: Address, endpoint: str, key: str, auth: str, device: str = ""
    ) -> Subscription:
        """Push there from now on."""

    async def unsubscribe(self, account: Address, id: str) -> bool:
        """Push there no more."""

    async def unsubscribe_endpoint(self, account: Address, endpoint: str) -> bool:
        """The same for who does not know the id."""

    async def of(self, account: Address) -> Sequence[Subscription]:
        """Where an account is pushed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The services of accounts. `push_key`: what browsers subscribe with. `base`: gives the web
    address of this node, with a slash at its end, for links.
    """

    invitations: Invitations
    resets: Resets
    profiles: ShownProfiles
    files: Uploads
    exports: Exports
    push: PushSubscriptions
    push_key: str
    avatar_size: int
    base: Callable[[], str]
