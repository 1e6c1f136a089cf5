"""One running call: who rings, who is rung, and how far it is.

It has no clock and tells nobody: time is an argument, news is what it returns.
"""

from dataclasses import replace

from .address import Address
from .call import CallInfo, CallState
from .event import CallAnswered, CallEnded, CallRinging, Event, Invited
from .outlet import Outlet
from .ports import Device
from .reason import Reason, Refused

# Whom to tell what, in this order.
News = list[tuple[Outlet | Device, Event]]


class Call:
    """One running call: the devices it rings and how each of them took it.

    A device hears `Invited` once and then `CallEnded` once, unless it declined itself.
    """

    def __init__(self, info: CallInfo, caller: Outlet) -> None:
        self.info = info
        self.caller = caller
        self._devices: dict[Address, Device] = {}
        self._declined: dict[Address, Reason] = {}
        self._rings: set[Address] = set()

    @property
    def devices(self) -> int:
        """How many devices were invited."""
        return len(self._devices) + len(self._declined)

    def rings(self, device: Address) -> bool:
        """Whether this device was invited and has not declined, and nobody has answered."""
        return self.info.unanswered and device in self._devices

    def invite(self, device: Device) -> News:
        """Ring one more device; nothing for one that was invited before, or after an answer."""
        address = device.address
        known = address in self._devices or address in self._declined
        if known or not self.info.unanswered:
            return []
        self._devices[address] = device
        return [(device, Invited(self.info.room, self.info))]

    def ringing(self, device: Address) -> News:
        """A device rings. Not for one that was not invited, and once for each."""
        if not self.rings(device) or device in self._rings:
            return []
        self._rings.add(device)
        self.info = replace(self.info, state=CallState.RINGING)
        return [(self.caller, CallRinging(self.info.room, self.info, device))]

    def answer(self, device: Address, now: float) -> News:
        """A device answers: the first wins. Raises `Refused`: GONE for those that come later,
        FORBIDDEN for one that is not called.
        """
        if not self.info.unanswered:
            raise Refused(Reason.GONE, "The call was answered elsewhere, or has ended.")
        if device in self._declined:
            raise Refused(Reason.GONE, "This device has declined the call.")
        if device not in self._devices:
            raise Refused(Reason.FORBIDDEN, "This device is not called.")
        winner = self._devices.pop(device)
        others, self._devices = self._devices, {device: winner}
        self.info = replace(self.info, state=CallState.ANSWERED, answered_at=now, by=device)
        elsewhere = CallEnded(self.info.room, self._ended(Reason.ELSEWHERE, now))
        news: News = [(self.caller, CallAnswered(self.info.room, self.info))]
        return news + [(other, elsewhere) for other in others.values()]

    def decline(self, device: Address, reason: Reason) -> Reason | None:
        """A device will not answer. Why the call must end now, if it was the last that might."""
        if not self.rings(device):
            return None
        del self._devices[device]
        self._declined[device] = reason
        return None if self._devices else self._why_nobody()

    def end(self, reason: Reason, now: float, text: str = "") -> News:
        """It is over: the caller and every device that waits or answered are told."""
        if not self.info.running:
            return []
        in_vain = self.info.unanswered
        told = self.info = self._ended(reason, now, text)
        if in_vain:
            # Declined for all of the callee's devices is no missed call; everything else is one.
            taken = Reason.ELSEWHERE if reason is Reason.DECLINED else Reason.CANCELLED
            told = replace(told, reason=taken)
        devices, self._devices = self._devices, {}
        news: News = [(self.caller, CallEnded(self.info.room, self.info))]
        return news + [(device, CallEnded(told.room, told)) for device in devices.values()]

    def _ended(self, reason: Reason, now: float, text: str = "") -> CallInfo:
        return replace(self.info, state=CallState.ENDED, reason=reason, ended_at=now, text=text)

    def _why_nobody(self) -> Reason:
        """A person's word counts for more than that a line is busy, that for more than failures."""
        reasons = list(self._declined.values())
        for telling in (Reason.DECLINED, Reason.BUSY):
            if telling in reasons:
                return telling
        return reasons[-1]
