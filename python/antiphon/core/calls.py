"""The calls that run on this node: begun, rung, answered and ended here, each change told at once.

Synchronous, so that of two who answer one is first. It does not know how devices are found, who may
call whom, nor what a room is but its name.
"""

import logging
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from .address import Address
from .call import CallInfo, new_room
from .event import Event
from .outlet import Outlet
from .ports import Device
from .reason import Reason, Refused
from .ringing import Call, News

log = logging.getLogger(__name__)

# Ids stand in addresses of resources and in logs.
_ID = re.compile(r"[A-Za-z0-9_.~@:+-]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How long things may take (seconds), and how many of each there may be."""

    ring_time: float = 60.0
    """Until a call that nobody answers ends."""

    search_time: float = 5.0
    """For finding the devices of a callee."""

    settle_time: float = 30.0
    """For those of an answered call to come into its room."""

    calls: int = 10_000
    """Running at once."""

    calls_per_caller: int = 20
    """Running at once of one account, guest or number."""

    devices: int = 50
    """Rung by one call."""

    def __post_init__(self) -> None:
        if not 1 <= self.ring_time <= 600:
            raise ValueError("ring_time must be from 1 to 600 seconds")
        if min(self.search_time, self.settle_time) <= 0:
            raise ValueError("search_time and settle_time must be positive")
        if min(self.calls, self.calls_per_caller, self.devices) < 1:
            raise ValueError("calls, calls_per_caller and devices must be at least 1")


class CallBook:
    """All running calls. `watch` hears what callers hear; `changed` is called after each step that
    is to be remembered (begun, answered, ended) with what is known then, `ended` when all have been
    told of an end.
    """

    def __init__(
        self,
        limits: CallLimits,
        *,
        watch: Callable[[Event], None],
        changed: Callable[[CallInfo], None],
        ended: Callable[[CallInfo], None],
        now: Callable[[], float],
    ) -> None:
        self.failures = 0
        self._limits = limits
        self._watch = watch
        self._changed = changed
        self._ended = ended
        self._now = now
        self._calls: dict[str, Call] = {}
        self._by_room: dict[str, dict[str, Call]] = {}
        self._by_caller: dict[Address, int] = {}
        self._news: deque[Callable[[], None]] = deque()
        self._telling = False

    # looking

    @property
    def running(self) -> Iterable[CallInfo]:
        """All that have not ended."""
        return [call.info for call in self._calls.values()]

    def __len__(self) -> int:
        return len(self._calls)

    def find(self, id: str) -> CallInfo | None:
        """A running call."""
        return call.info if (call := self._calls.get(id)) is not None else None

    def into(self, room: str) -> list[CallInfo]:
        """Running calls that lead into a room, the oldest first."""
        return [call.info for call in self._by_room.get(room, {}).values()]

    def of(self, account: Address) -> list[CallInfo]:
        """Running calls from or to an account (bare address)."""
        calls = (call.info for call in self._calls.values())
        return [info for info in calls if account in (info.caller.bare, info.callee.bare)]

    # what happens to a call

    def begin(
        self,
        id: str,
        caller: Address,
        callee: Address,
        outlet: Outlet,
        *,
        name: str,
        room: str | None,
        video: bool,
    ) -> CallInfo:
        """Take a call in, in a room of its own if `room` is None. Raises `Refused`: CONFLICT for
        the id of a running one, TOO_MANY.
        """
        self._must_have_place(id, caller.bare)
        info = CallInfo(
            id=id,
            room=room or new_room(),
            caller=caller,
            caller_name=name,
            callee=callee,
            video=video,
            started_at=self._now(),
        )
        call = self._calls[id] = Call(info, outlet)
        self._by_room.setdefault(info.room, {})[id] = call
        self._by_caller[caller.bare] = self._by_caller.get(caller.bare, 0) + 1
        self._changed(info)
        return info

    def invite(self, id: str, devices: Iterable[Device]) -> CallInfo:
        """Ring more devices of a call that is not answered yet; how it is when all were told.
        Raises `Refused(GONE)` when it has ended.
        """
        if (call := self._calls.get(id)) is None:
            raise Refused(Reason.GONE, "The call has ended.")
        news: News = []
        for device in devices:
            if call.devices >= self._limits.devices:
                log.warning("a call rings no more than %d devices", call.devices, extra=_of(call))
                break
            news += call.invite(device)
        self._tell(news)
        return call.info

    def ringing(self, id: str, device: Address) -> None:
        """A device rings."""
        if (call := self._calls.get(id)) is not None:
            self._tell(call.ringing(device), public=True)

    def answer(self, id: str, device: Address) -> CallInfo:
        """A device answers. Raises `Refused`: GONE if another one was first, or the call ended."""
        if (call := self._calls.get(id)) is None:
            raise Refused(Reason.GONE, "The call has ended.")
        news = call.answer(device, self._now())
        answered = call.info
        log.info("call answered", extra=_of(call))
        self._changed(answered)
        self._tell(news, public=True)
        return answered

    def decline(self, id: str, device: Address, reason: Reason, everywhere: bool) -> None:
        """A device will not answer; the last one ends the call, or any if it speaks for all."""
        if (call := self._calls.get(id)) is None or not call.rings(device):
            return
        last = call.decline(device, reason)
        if last is not None or everywhere:
            self.end(id, reason if everywhere else last or reason)

    def end(self, id: str, reason: Reason, text: str = "", *, told: bool = True) -> CallInfo | None:
        """End a call; what is known of it, None if it had ended. `told` False: its caller hears it
        in another way (then nobody was rung yet).
        """
        if (call := self._calls.pop(id, None)) is None:
            return None
        info = call.info
        if info.unanswered and reason is Reason.LEFT:
            reason = Reason.CANCELLED
        calls = self._by_room[info.room]
        del calls[id]
        if not calls:
            del self._by_room[info.room]
        self._by_caller[info.caller.bare] -= 1
        if not self._by_caller[info.caller.bare]:
            del self._by_caller[info.caller.bare]
        news = call.end(reason, self._now(), text)
        log.info("call ended: %s", reason, extra=_of(call))
        self._changed(call.info)
        self._tell(news if told else news[1:], public=told)
        self._do(partial(self._ended, call.info))
        return call.info

    # within

    def _must_have_place(self, id: str, caller: Address) -> None:
        if not _ID.fullmatch(id):
            raise Refused(Reason.BAD_REQUEST, "The id of a call has 1 to 256 letters and digits.")
        if id in self._calls:
            raise Refused(Reason.CONFLICT, "There is a call of this id.")
        if len(self._calls) >= self._limits.calls:
            raise Refused(Reason.TOO_MANY, "This server has no place for another call.")
        if self._by_caller.get(caller, 0) >= self._limits.calls_per_caller:
            raise Refused(Reason.TOO_MANY, "You have too many calls at once.")

    def _tell(self, news: News, *, public: bool = False) -> None:
        """`public`: those who watch hear the first of it, too."""
        steps = [partial(outlet.deliver, event) for outlet, event in news]
        if public and news:
            steps.insert(1, partial(self._watch, news[0][1]))
        self._do(*steps)

    def _do(self, *steps: Callable[[], None]) -> None:
        """Step by step as things happened, also when who is told at once does the next thing."""
        self._news.extend(steps)
        if self._telling:
            return
        self._telling = True
        try:
            while self._news:
                self._step(self._news.popleft())
        finally:
            self._telling = False

    def _step(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # One that breaks must not keep the others ringing.
            self.failures += 1
            log.exception("news of a call could not be delivered")


def _of(call: Call) -> dict[str, str]:
    return {"call": call.info.id, "room": call.info.room}
