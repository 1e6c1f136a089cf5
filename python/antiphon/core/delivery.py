"""Brings news to the devices of accounts: those that are connected, and those that listen.

Which protocols they speak it learns from nobody; who may write to whom was decided before.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from .address import Address
from .devices import Devices
from .event import Event, MessageReceived, MessageSent
from .message import Message
from .outlet import Outlet
from .people import Messages
from .ports import Device
from .reason import Refused

log = logging.getLogger(__name__)

# Devices for which is looked at once.
AT_ONCE = 500
# From one look to the next (s): what waited for hours may wait for others that come as well.
PAUSE = 0.02


class Delivery:
    """`devices`: who is connected."""

    def __init__(self, devices: Devices, messages: Messages) -> None:
        self.failures = 0
        self.present = devices.of
        self._messages = messages
        self._errands: set[asyncio.Task[None]] = set()
        # Devices that are being told what waits, and what came for them meanwhile.
        self._bringing: dict[Address, set[str]] = {}
        self._arrived: list[Device] = []
        self._welcoming = False

    def listens(self, to: Address) -> bool:
        """Whether a message to that address would be taken now."""
        named = bool(to.device)
        for device in self.present(to.bare):
            if device.listens or (named and device.address == to):
                return True
        return False

    def tell(self, account: Address, event: Event) -> None:
        """To every device of an account, listening or not."""
        for device in self.present(account.bare):
            self._hand(device, event)

    def receive(self, message: Message, outlet: Outlet | None = None) -> bool:
        """To the device that a message is for, and to all others that listen, unless it must not be
        copied; whether anybody took it. Not to the one that sent it (`outlet`), unless it says so.
        """
        event, to, sender = MessageReceived("", message), message.to, message.sender
        taken = False
        devices = self.present(to.bare)
        if to.device:
            for device in devices:
                if device.address == to:
                    taken |= self._give(device, event)
            if taken and (len(devices) == 1 or not message.draft.copied):
                return True
        for device in devices:
            if device is outlet or not device.listens:
                continue
            address = device.address
            if address != sender and address != to:
                taken |= self._give(device, event)
        return taken

    def _give(self, device: Device, event: MessageReceived) -> bool:
        if self._bringing and (came := self._bringing.get(device.address)) is not None:
            came.add(event.message.id)
        return self._hand(device, event)

    def sent(self, message: Message, outlet: Outlet | None) -> None:
        """To the sender's other devices."""
        event: MessageSent | None = None
        for device in self.present(message.sender.bare):
            if device is not outlet and device.address != message.sender:
                event = event or MessageSent("", message)
                self._hand(device, event)

    def hand(self, devices: Sequence[Device], event: Event) -> bool:
        """To these devices; whether anybody took it."""
        return bool(sum([self._hand(device, event) for device in devices]))

    # what waited

    def came(self, device: Device) -> None:
        """A device listens from now on: it is told what waits for its account."""
        self._bringing.setdefault(device.address, set())
        self._arrived.append(device)
        if not self._welcoming:
            self._welcoming = True
            self.begin(self._welcome())

    async def _welcome(self) -> None:
        """At once for who comes alone; for all together that come soon after: telephones come by
        thousands, and for few of them anything waits.
        """
        try:
            while self._arrived:
                devices, self._arrived = self._arrived[:AT_ONCE], self._arrived[AT_ONCE:]
                accounts = list({device.address.bare for device in devices})
                waiting: set[Address] = set()
                try:
                    waiting.update(await self._messages.who_waits(accounts))
                finally:
                    for device in devices:
                        if device.address.bare in waiting:
                            self.begin(self._bring(device))
                        else:
                            self._bringing.pop(device.address, None)
                if len(devices) < AT_ONCE:
                    await asyncio.sleep(PAUSE)
        finally:
            # Of a look that fails only those are not told who were looked for.
            self._welcoming = bool(self._arrived)
            if self._arrived:
                self.begin(self._welcome())

    async def _bring(self, device: Device) -> None:
        account, came = device.address.bare, self._bringing.setdefault(device.address, set())
        try:
            while waiting := await self._messages.waiting(account):
                if not self._is_here(device):
                    return  # it waits for the next one
                for message in waiting:
                    event = MessageReceived("", message, waited=True)
                    if message.id not in came and not self._hand(device, event):
                        return
                await self._messages.taken(account, waiting[-1].id)
        finally:
            self._bringing.pop(device.address, None)

    def _is_here(self, device: Device) -> bool:
        address = device.address
        return any(one.address == address for one in self.present(address.bare))

    def begin(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """Wait for what is on its way."""
        while self._errands:
            await asyncio.wait(self._errands)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._errands.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, Refused):
            log.warning("messages that wait could not be looked at: %s", error)
        else:
            self.failures += 1
            log.error("messages that wait could not be brought", exc_info=error)

    def _hand(self, device: Device, event: Event) -> bool:
        try:
            device.deliver(event)
        except Exception:
            self.failures += 1
            log.exception("news could not be delivered to a device")
            return False
        return True
