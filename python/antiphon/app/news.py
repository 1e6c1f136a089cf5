"""Brings it about that others see when an account shows itself otherwise: its own devices, and
those of the contacts who may see it.
"""

import asyncio
import logging

from antiphon.core.address import Address
from antiphon.core.event import Event
from antiphon.core.people import Contacts
from antiphon.core.reason import Refused
from antiphon.core.switchboard import Switchboard

log = logging.getLogger(__name__)


class ProfileNews:
    """Listens to `People.watch`."""

    def __init__(self, switchboard: Switchboard, contacts: Contacts) -> None:
        self._switchboard = switchboard
        self._contacts = contacts
        self._running: set[asyncio.Task[None]] = set()

    def tell(self, account: Address, event: Event) -> None:
        """Tell everybody concerned, soon."""
        self._switchboard.tell(account, event)
        task = asyncio.create_task(self._tell_contacts(account, event))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Finish what was begun."""
        while self._running:
            await asyncio.wait(self._running)

    async def _tell_contacts(self, account: Address, event: Event) -> None:
        try:
            contacts = await self._contacts.of(account)
        except Refused as refused:
            log.warning("the contacts of %s are not told of its profile: %s", account, refused)
            return
        for contact in contacts:
            if contact.seen:
                self._switchboard.tell(contact.address, event)
