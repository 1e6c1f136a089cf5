"""Whoever keeps something of accounts, told how it is erased and exported: in a node, and in a
command of the shell without one.
"""

from contextlib import AsyncExitStack

from antiphon.core.address import Address, Addresses
from antiphon.core.event import Event
from antiphon.services.contacts import ContactLists
from antiphon.services.exported import calls_exporter, contacts_exporter, messages_exporter
from antiphon.services.mailbox import Mailbox
from antiphon.services.rooms import StoredRooms
from antiphon.stores import bindings, calls
from antiphon.stores.database import Database
from antiphon.stores.records import Account

from .access import AccountDirectory
from .config import Config
from .people import People


def join_keepers(
    people: People,
    *,
    database: Database,
    messages: Mailbox,
    contacts: ContactLists,
    rooms: StoredRooms,
) -> None:
    """What belongs to people themselves is joined already."""

    async def erase(account: Account) -> None:
        address = account.address
        await contacts.erase(address)
        await messages.erase(address)
        await rooms.erase(address)
        await database.write(lambda c: bindings.replace(c, {address: ()}))
        await database.write(lambda c: calls.forget(c, address))

    people.accounts.on_remove(erase)
    people.exports.add(messages_exporter(messages))
    people.exports.add(contacts_exporter(contacts))
    people.exports.add(calls_exporter(database))


async def open_keepers(
    stack: AsyncExitStack,
    config: Config,
    people: People,
    *,
    database: Database,
    addresses: Addresses,
) -> None:
    """The same where no node runs: nobody is told."""
    messages = Mailbox(database, config.mailbox)
    stack.push_async_callback(messages.close)
    contacts = ContactLists(
        database,
        addresses,
        tell=_tell_nobody,
        rights=_change_nothing,
        exists=AccountDirectory(people.accounts).knows,
        config=config.contacts,
    )
    await contacts.open()
    join_keepers(
        people,
        database=database,
        messages=messages,
        contacts=contacts,
        rooms=StoredRooms(database),
    )


def _tell_nobody(account: Address, event: Event) -> None:
    """Nobody is connected."""


def _change_nothing(watcher: Address, account: Address) -> None:
    """Nobody watches."""
