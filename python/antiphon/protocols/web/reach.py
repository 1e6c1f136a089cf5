"""The sessions that calls and messages to an account can reach (`core.devices.Steady`)."""

import time
from collections.abc import Callable, Sequence

from antiphon.core.address import Address
from antiphon.core.ports import Caller, Device, Presence
from antiphon.core.presence import PresenceState

from .participant import Participant


def _nobody_asks(_: Address) -> None:
    """Until the switchboard does."""


class WebReach:
    """Reachable sessions by the bare address that is called. `presence`: who is told that they are
    there, if anybody.
    """

    def __init__(self, presence: Presence | None = None) -> None:
        self._presence = presence
        self._devices: dict[Address, list[Participant]] = {}
        self.changed: Callable[[Address], None] = _nobody_asks

    def add(self, session: Participant) -> None:
        """The session may be called from now on. Idempotent."""
        account = session.address.bare
        devices = self._devices.setdefault(account, [])
        if session in devices:
            return
        devices.append(session)
        self.changed(account)
        session.reachable = True
        if self._presence is not None:
            self._presence.publish(PresenceState(device=session.address, since=time.time()))

    def remove(self, session: Participant) -> None:
        """The session may not be called any more. Idempotent."""
        account = session.address.bare
        devices = self._devices.get(account, [])
        if session not in devices:
            return
        devices.remove(session)
        session.reachable = False
        if not devices:
            del self._devices[account]
        self.changed(account)
        if self._presence is not None:
            self._presence.withdraw(session.address)

    def has(self, session: Participant) -> bool:
        """Whether the session may be called."""
        return session in self._devices.get(session.address.bare, ())

    def reaches(self, account: Address) -> bool:
        """Whether any session of an account may be called."""
        return account.bare in self._devices

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        """The sessions of an account, or the one that `callee` names; never the caller's own."""
        return [
            session
            for session in self._devices.get(callee.bare, ())
            if session.address != caller.address and callee.device in ("", session.address.device)
        ]

    def present(self, account: Address) -> Sequence[Device]:
        """The sessions of an account, or the one that is named."""
        sessions = self._devices.get(account.bare, ())
        if not account.device:
            return sessions
        return [session for session in sessions if session.address == account]
