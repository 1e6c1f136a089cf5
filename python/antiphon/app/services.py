"""What a node keeps, opened in order and closed in the opposite one: the database, and the services
on it. It knows who needs whom, and decides nothing that they do.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from antiphon.core.address import Address, Addresses
from antiphon.core.event import Event
from antiphon.services.accounts import Accounts
from antiphon.services.calls import CallRecords
from antiphon.services.contacts import ContactLists
from antiphon.services.last_seen import LastSeen
from antiphon.services.mailbox import Mailbox
from antiphon.services.presence import PresenceBook
from antiphon.services.rooms import StoredRooms
from antiphon.stores.database import Database
from antiphon.stores.errors import CannotOpen

from .access import AccountDirectory
from .config import Config
from .errors import StartError
from .keepers import join_keepers
from .people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All of them, open."""

    database: Database
    accounts: Accounts
    people: People
    rooms: StoredRooms
    messages: Mailbox
    calls: CallRecords
    presence: PresenceBook
    directory: AccountDirectory
    contacts: ContactLists


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What services need of the node that they are in.

    `base` gives its web address. `observe` is told how long a message took to be stored (s). `tell`
    brings news to the devices of an account; `rights`: what the one may see of the other may be
    otherwise now. Both are called when there is a switchboard only: nobody is connected before.
    """

    name: str
    addresses: Addresses
    secret: bytes
    base: Callable[[], str]
    observe: Callable[[float], None]
    tell: Callable[[Address, Event], None]
    rights: Callable[[Address, Address], None]


async def open_services(stack: AsyncExitStack, config: Config, here: Surroundings) -> Services:
    """Open them; `stack` closes them. Raises `StartError`."""
    database = await _open_database(stack, config)
    accounts = Accounts(database, here.addresses, config.accounts)
    stack.push_async_callback(accounts.close)
    people = await _open_people(stack, config, here, database, accounts)
    rooms = StoredRooms(database)
    messages = Mailbox(database, config.mailbox, observe=here.observe)
    stack.push_async_callback(messages.close)
    calls = CallRecords(database, here.name, config.records)
    await calls.open()
    stack.push_async_callback(calls.close)
    seen = LastSeen(database)
    stack.push_async_callback(seen.close)
    presence = PresenceBook(seen=seen)
    stack.callback(presence.close)
    directory = AccountDirectory(accounts)
    contacts = ContactLists(
        database,
        here.addresses,
        tell=here.tell,
        rights=here.rights,
        exists=directory.knows,
        config=config.contacts,
    )
    await contacts.open()
    # What is still said of an account's calls is forgotten with those that are stored.
    accounts.on_remove(lambda _: calls.settle())
    join_keepers(people, database=database, messages=messages, contacts=contacts, rooms=rooms)
    return Services(
        database=database,
        accounts=accounts,
        people=people,
        rooms=rooms,
        messages=messages,
        calls=calls,
        presence=presence,
        directory=directory,
        contacts=contacts,
    )


async def _open_database(stack: AsyncExitStack, config: Config) -> Database:
    try:
        database = Database(config.storage.url(config.node.data))
        await database.open()
    except (CannotOpen, ValueError) as error:
        raise StartError(f"{error}; it comes from [storage] database") from None
    stack.push_async_callback(database.close)
    return database


async def _open_people(
    stack: AsyncExitStack,
    config: Config,
    here: Surroundings,
    database: Database,
    accounts: Accounts,
) -> People:
    try:
        people = People(
            config, secret=here.secret, database=database, accounts=accounts, base=here.base
        )
        await people.open(stack)
        await people.receive()
    except (OSError, ValueError) as error:
        raise StartError(f"cannot open what belongs to accounts: {error}") from None
    return people
