"""Telephone numbers as devices: a call to one is a call through the trunks that lead there.

It finds the ways; calling is the user agent's, and who may call numbers is policy's.
"""

import logging
from collections.abc import Callable, Sequence

from antiphon.core.address import Address
from antiphon.core.ports import Caller, Device, Reach
from antiphon.core.reason import Reason, Refused

from .agent import Agent
from .header import NameAddress
from .outgoing import Way
from .resolve import Unresolved
from .rung import Rung
from .stack import Stack
from .trunks import Trunk, Trunks
from .uri import Uri

log = logging.getLogger(__name__)

DEVICE = "trunk"


def _never_changes(_: Address) -> None:
    """Nothing is ever present there (`core.devices.Steady`)."""


class TrunkReach(Reach):
    """See the module. `domain`: whose numbers are meant by `+4930…@domain`."""

    def __init__(self, trunks: Trunks, agent: Agent, stack: Stack, domain: str) -> None:
        self._trunks = trunks
        self._agent = agent
        self._stack = stack
        self._domain = domain
        self.changed: Callable[[Address], None] = _never_changes

    async def devices(self, caller: Caller, callee: Address) -> Sequence[Device]:
        """The trunk side of a number, with all ways to it. Raises `Refused(UNAVAILABLE)` when there
        are trunks for it and none can be reached.
        """
        if callee.domain != self._domain:
            return []
        number = self._trunks.plan.number(callee.local)
        if number is None or not (trunks := self._trunks.to(number)):
            return []
        ways = [way for trunk in trunks for way in await self._ways(trunk, number, caller)]
        if not ways:
            raise Refused(Reason.UNAVAILABLE, "The telephone network cannot be reached now.")
        address = callee.bare.on(DEVICE)
        caller = Caller(address=address, name=number)
        return [Rung(self._agent, address, caller, ways, outside=True)]

    def present(self, account: Address) -> Sequence[Device]:
        """None, ever: numbers must be sought."""
        return ()

    async def _ways(self, trunk: Trunk, number: str, caller: Caller) -> Sequence[Way]:
        """By each address of the trunk's server (RFC 3263 §4.3)."""
        try:
            flows = await self._stack.locate(trunk.server)
        except Unresolved as error:
            log.warning("trunk %s cannot be found: %s", trunk.config.name, error)
            trunk.avoid()
            return ()
        uri = Uri("sip", number, trunk.server.host, trunk.server.port)
        return [
            Way(
                uri=uri,
                flow=flow,
                secure=trunk.config.srtp,
                credentials=trunk.credentials,
                caller=_shown(trunk, caller),
                failed=trunk.avoid,
            )
            for flow in flows
        ]


def _shown(trunk: Trunk, caller: Caller) -> NameAddress:
    """Who calls, as the trunk may show it: by a number of ours, not by an address inside."""
    user = trunk.config.caller or trunk.config.user or caller.address.local
    return NameAddress(Uri("sip", user, trunk.server.host), caller.name)
