"""The record of calls that only pass by: who called whom, from their INVITE to their BYE.

It knows the ends of these calls by what the machine reports, and nothing of their media.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from antiphon._native import SipRelayed
from antiphon.core.address import Address
from antiphon.core.call import CallInfo, CallState
from antiphon.core.reason import Reason

from .asked import Asked
from .reason import reason_of

# Calls that we wait for the end of; whoever never says goodbye gives way to others.
MAX_CALLS = 20_000
# Ended ones are handed on together, so that storing them costs little (s).
LINGER = 1.0
# When the node stops, all that run end at once: so many are handed on together, and the pause
# after them (s), lest those who store them be told more than they can hold.
PORTION = 500
PAUSE = 0.1

Remember = Callable[[str, str], None]


class Relayed:
    """A call that passes by, while it lasts. Times: seconds since 1970."""

    __slots__ = ("answered_at", "callee", "caller", "caller_name", "id", "started_at", "video")

    def __init__(self, asked: Asked, callee: Address, now: float) -> None:
        self.id = f"call_{secrets.token_urlsafe(12)}"
        self.caller = asked.caller.address
        self.caller_name = asked.caller.name
        self.callee = callee
        self.video = b"m=video" in asked.request.body
        self.started_at = now
        self.answered_at: float | None = None

    def ended(self, now: float, reason: Reason) -> CallInfo:
        """As it is recorded."""
        return CallInfo(
            id=self.id,
            room="",
            caller=self.caller,
            caller_name=self.caller_name,
            callee=self.callee,
            video=self.video,
            state=CallState.ENDED,
            started_at=self.started_at,
            answered_at=self.answered_at,
            ended_at=now,
            by=None if self.answered_at is None else self.callee,
            reason=reason,
        )


class RelayedCalls:
    """See the module. `record` stores a call, `remember(call, call_id)` notes its dialog."""

    def __init__(
        self,
        record: Callable[[CallInfo], None],
        remember: Remember = lambda _call, _call_id: None,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._record = record
        self._remember = remember
        self._wall = wall
        self._calling: OrderedDict[int, Relayed] = OrderedDict()
        self._running: OrderedDict[str, Relayed] = OrderedDict()
        self._ended: list[CallInfo] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._calling) + len(self._running)

    def began(self, asked: Asked) -> None:
        """An INVITE to an account was relayed."""
        if asked.target is None:
            return
        call = Relayed(asked, asked.target, self._wall())
        self._calling[asked.request.id] = call
        self._remember(call.id, asked.request.call_id)
        if len(self._calling) > MAX_CALLS:
            _, lost = self._calling.popitem(last=False)
            self._end(lost, Reason.LOST)

    def reported(self, event: SipRelayed) -> None:
        """A final answer, or a BYE."""
        if event.method == "BYE":
            if (call := self._running.pop(event.call_id, None)) is not None:
                self._end(call, Reason.LEFT)
            return
        if (call := self._calling.pop(event.request, None)) is None:
            return
        if event.status >= 300:
            self._end(call, reason_of(event.status))
            return
        call.answered_at = self._wall()
        if (former := self._running.pop(event.call_id, None)) is not None:
            self._end(former, Reason.LOST)
        self._running[event.call_id] = call
        if len(self._running) > MAX_CALLS:
            _, lost = self._running.popitem(last=False)
            self._end(lost, Reason.LOST)

    async def close(self) -> None:
        """The node stops: these calls go on without it, and are recorded as far as they got."""
        left = [*self._calling.values(), *self._running.values()]
        self._calling.clear()
        self._running.clear()
        self._hand_on()
        for first in range(0, len(left), PORTION):
            if first:
                await asyncio.sleep(PAUSE)
            for call in left[first : first + PORTION]:
                self._end(call, Reason.DRAINING)
            self._hand_on()

    def _end(self, call: Relayed, reason: Reason) -> None:
        self._ended.append(call.ended(self._wall(), reason))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._hand_on)

    def _hand_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        ended, self._ended = self._ended, []
        for info in ended:
            self._record(info)
