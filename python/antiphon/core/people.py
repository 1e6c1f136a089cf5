"""What the core asks of those who keep messages and contacts: letters, archives, lists.

Implemented by services. What a message or a contact is, `message` and `contact` say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .address import Address
from .contact import Contact
from .message import Conversation, Draft, Mark, Message, Page, Span
from .reason import Refused


@dataclass(slots=True, kw_only=True, eq=False)
class Letter:
    """A draft on its way into archives.

    `archives`: bare addresses of the accounts that keep it, or of its room; at least one.
    `waiting`: nobody who listens is there, so it waits in the archive of `to`. One of `done` (the
    message, and whether it is new) and `failed` is called: `done` after the commit, for letters
    that came earlier before; `failed` perhaps while it is posted.
    """

    to: Address
    sender: Address
    name: str
    draft: Draft
    archives: tuple[Address, ...]
    waiting: bool = False
    done: Callable[[Message, bool], None]
    failed: Callable[[Refused], None]


class Keep(StrEnum):
    """Which messages an account's archive keeps, where it says nothing of their peer."""

    ALWAYS = "always"
    NEVER = "never"
    CONTACTS = "contacts"  # those with its contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What an account's archive keeps. `always` and `never` are peers' bare addresses."""

    default: Keep = Keep.ALWAYS
    always: frozenset[Address] = frozenset()
    never: frozenset[Address] = frozenset()


class Messages(Protocol):
    """The archives of rooms and accounts (`services/mailbox`). An archive is named by the bare
    address of its room or account. What fails raises `Refused`: BUSY, INTERNAL, BAD_REQUEST,
    TOO_LARGE.
    """

    def post(self, letter: Letter) -> None:
        """Store a letter; those posted earlier are stored before. Never blocks nor raises.

        The same `origin_id` of the same sender to the same addressee is the same message: the one
        stored first is given, as not new. A retraction empties the message that it is about.
        """

    async def append(
        self, room: Address, sender: Address, name: str, draft: Draft
    ) -> tuple[Message, bool]:
        """Store a message in the archive of its room; returns when it is committed, with whether it
        is new.
        """

    async def read(self, archive: Address, span: Span) -> Page:
        """Part of an archive."""

    async def find(
        self,
        archive: Address,
        reference: str,
        sender: Address | None = None,
        *,
        peer: Address | None = None,
    ) -> Message | None:
        """A message by its id, or the latest one by the id that its sender gave it; only one of
        `sender` (bare), and only one exchanged with `peer` (bare), if given.
        """

    async def about(self, archive: Address, ids: Sequence[str]) -> Sequence[Message]:
        """What changes these messages: corrections, retractions and reactions, oldest first."""

    async def who_waits(self, accounts: Sequence[Address]) -> Sequence[Address]:
        """Those of these accounts (bare; a few hundred at most) for whom messages wait."""

    async def waiting(self, account: Address) -> Sequence[Message]:
        """Those that came while no device listened, oldest first."""

    async def taken(
        self, account: Address, until: str | None = None, *, ids: Sequence[str] | None = None
    ) -> None:
        """They wait no more (those up to the id `until`; those of these ids)."""

    async def wait(self, account: Address, ids: Sequence[str]) -> None:
        """Let these wait (again): nobody took them after all."""

    async def conversations(
        self, account: Address, limit: int = 50, before: str | None = None
    ) -> Sequence[Conversation]:
        """With whom an account exchanged messages, the latest first; `before`: only those whose
        last message's id is less.
        """

    async def mark(self, account: Address, peer: Address, mark: Mark, id: str) -> bool:
        """Remember how far `account` is with what `peer` (an account or a room) wrote; False: it
        was as far as that already.
        """

    async def keeping(self, account: Address) -> Keeping:
        """What the account's archive keeps."""

    def known_keeping(self, account: Address) -> Keeping | None:
        """The same from memory; None: `keeping` must be asked."""

    async def keep(self, account: Address, keeping: Keeping) -> None:
        """Change it, for what comes from now on."""

    async def forget(
        self, archive: Address, peer: Address | None = None, id: str | None = None
    ) -> None:
        """Delete all messages of an archive, those with one peer, or one message."""


class Contacts(Protocol):
    """Lists of contacts, who sees whom, and who blocks whom (`services/contacts`). Addresses are
    taken bare, but for who is blocked. Changes are told to the devices of both accounts, after the
    commit.

    Raises `Refused`: NOT_FOUND, BAD_REQUEST, TOO_MANY, TOO_LARGE, BUSY, INTERNAL.
    """

    async def of(self, account: Address) -> Sequence[Contact]:
        """All contacts of an account, and those who ask to be, by address."""

    async def find(self, account: Address, address: Address) -> Contact | None:
        """One of them."""

    def sees(self, account: Address, other: Address) -> bool | None:
        """Whether `account` sees the presence of `other`, from memory; None: not known until `of`
        was asked.
        """

    def lists(self, account: Address, other: Address) -> bool | None:
        """Whether `other` stands in the list of `account`, from memory; see `sees`."""

    def version(self, account: Address) -> str:
        """Another one after each change of the list; empty until `of` was asked."""

    async def set(
        self,
        account: Address,
        address: Address,
        *,
        name: str | None = None,
        groups: Sequence[str] | None = None,
    ) -> Contact:
        """Put somebody into the list, or change name and groups (None: as they are)."""

    async def remove(self, account: Address, address: Address) -> None:
        """Take somebody out of the list; neither sees the other any more."""

    async def ask(self, account: Address, address: Address, text: str = "") -> None:
        """Ask somebody to let `account` see their presence (RFC 6121 §3.1)."""

    async def answer(self, account: Address, address: Address, granted: bool) -> None:
        """Let somebody see the presence of `account`, also before they ask; or refuse it, also when
        it was granted before (RFC 6121 §3.1.5, §3.2, §3.4).
        """

    async def withdraw(self, account: Address, address: Address) -> None:
        """See somebody's presence no more, or do not ask any more (RFC 6121 §3.3)."""

    def blocks(self, account: Address, other: Address) -> bool | None:
        """Whether `account` blocks `other` (a device: also whether it alone is blocked), from
        memory; None: not known until `blocked` was asked.
        """

    def blocks_devices(self, device: Address) -> bool:
        """Whether anybody blocks just this device, or its account just some of others: then
        `blocks` must be asked for each pair of devices.
        """

    async def blocked(self, account: Address) -> Sequence[str]:
        """Whom an account blocks: addresses, with a device where it alone is meant, and domains."""

    async def block(self, account: Address, others: Sequence[str]) -> None:
        """Block accounts, domains or single devices: neither messages nor presence pass."""

    async def unblock(self, account: Address, others: Sequence[str] | None = None) -> None:
        """Block them no more; None: nobody."""
