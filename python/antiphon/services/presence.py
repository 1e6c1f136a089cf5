"""Who is there: what each device says of its user, until it says otherwise, leaves or falls silent.

Implements `core.ports.Presence`, in memory. As an outlet of the switchboard it learns who is in a
call. It knows no protocol, and not who may watch whom.
"""

import asyncio
import heapq
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.event import CallAnswered, CallEnded, Event, PresenceChanged
from antiphon.core.presence import PresenceState
from antiphon.core.reason import Reason, Refused

from .last_seen import LastSeen

log = logging.getLogger(__name__)

SHOWS = frozenset({"available", "chat", "away", "xa", "busy", "offline"})
MAX_NOTE = 1024  # characters
PRIORITIES = range(-128, 128)  # RFC 6121 §4.7.2.3
MAX_ORIGINAL = 65_536  # bytes
ON_A_CALL = "on a call"

Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceLimits:
    """How much is remembered."""

    devices: int = 200_000
    devices_per_account: int = 50
    watchers: int = 500_000


class PresenceBook:
    """All devices that are there. `now` is seconds since 1970, `clock` runs evenly."""

    def __init__(
        self,
        limits: PresenceLimits | None = None,
        *,
        seen: LastSeen | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seen` remembers when accounts were last there, if anybody does."""
        self.refused = 0
        self._seen_last = seen
        self._limits = limits or PresenceLimits()
        self._now = now
        self._clock = clock
        self._accounts: dict[Address, dict[Address, PresenceState]] = {}
        self._count = 0
        # In how many calls a device is.
        self._calls: Counter[Address] = Counter()
        self._counted: dict[str, tuple[Address, ...]] = {}
        self._watchers: dict[Address, list[Tell]] = {}
        self._watching = 0
        self._expiries: dict[Address, float] = {}
        self._queue: list[tuple[float, Address]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @property
    def devices(self) -> int:
        """How many devices are there."""
        return self._count

    # core.ports.Presence

    def publish(self, state: PresenceState, expires: float | None = None) -> None:
        """Take what a device says now; `since` stays while it says the same, and "offline" is to
        be gone. Raises `Refused(BAD_REQUEST)`; one device too many is not seen, and counted.
        """
        _check(state, expires)
        if state.show == "offline":
            self.withdraw(state.device)
            return
        device, account = state.device, state.device.bare
        known = self._accounts.get(account, {}).get(device)
        if known is None and not self._has_place(account):
            self.refused += 1
            log.warning("too many devices: the presence of %s is not shown", device)
            return
        self._expire(device, expires)
        if known is not None and replace(state, since=known.since) == known:
            return
        # Since when it says this: what lies behind the words may change meanwhile.
        if known is not None and (known.show, known.note) == (state.show, state.note):
            since = known.since
        else:
            since = state.since or self._now()
        self._accounts.setdefault(account, {})[device] = replace(state, since=since)
        self._count += known is None
        self._tell(account, device)

    def withdraw(self, device: Address) -> None:
        """The device is gone."""
        devices = self._accounts.get(device.bare, {})
        self._expiries.pop(device, None)
        if devices.pop(device, None) is None:
            return
        self._count -= 1
        if not devices:
            del self._accounts[device.bare]
            if self._seen_last is not None:
                self._seen_last.left(device.bare, self._now())
        self._tell(device.bare, device)

    def of(self, account: Address) -> Sequence[PresenceState]:
        """All devices of an account that are there; one that is in a call is busy."""
        devices = self._accounts.get(account.bare, {})
        if not self._calls:
            return tuple(devices.values())
        return tuple(self._seen(state) for state in devices.values())

    def watch(self, account: Address, tell: Tell) -> Callable[[], None]:
        """Tell each `PresenceChanged` of an account from now on; the result ends that. Raises
        `Refused(TOO_MANY)`.
        """
        if self._watching >= self._limits.watchers:
            self.refused += 1
            raise Refused(Reason.TOO_MANY, "Too many watch the presence of others.")
        self._watchers.setdefault(account.bare, []).append(tell)
        self._watching += 1
        ended = False

        def unwatch() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._unwatch(account.bare, tell)

        return unwatch

    async def last_seen(self, account: Address) -> float | None:
        """When a device of the account was there last: now, if one is (seconds since 1970)."""
        if account.bare in self._accounts:
            return self._now()
        return None if self._seen_last is None else await self._seen_last.of(account.bare)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # core.member.Outlet

    def deliver(self, event: Event) -> None:
        """Learn from the news of calls who is in one."""
        if isinstance(event, CallAnswered):
            self._engage(event.call)
        elif isinstance(event, CallEnded):
            self._release(event.call)

    # within

    def _has_place(self, account: Address) -> bool:
        limits = self._limits
        devices = len(self._accounts.get(account, ()))
        return self._count < limits.devices and devices < limits.devices_per_account

    def _seen(self, state: PresenceState) -> PresenceState:
        if self._calls[state.device] or self._calls[state.device.bare]:
            return replace(state, show="busy", note=ON_A_CALL)
        return state

    def _engage(self, call: CallInfo) -> None:
        if call.id in self._counted:
            return
        ends = tuple({call.caller, call.by or call.callee})
        self._counted[call.id] = ends
        self._calls.update(ends)
        self._tell_all(ends)

    def _release(self, call: CallInfo) -> None:
        ends = self._counted.pop(call.id, ())
        self._calls.subtract(ends)
        for end in ends:
            if not self._calls[end]:
                del self._calls[end]
        self._tell_all(ends)

    def _tell_all(self, ends: Sequence[Address]) -> None:
        for account in {end.bare for end in ends}:
            if account in self._accounts:
                self._tell(account, None)

    def _tell(self, account: Address, device: Address | None) -> None:
        if (watchers := self._watchers.get(account)) is None:
            return
        event = PresenceChanged("", account, tuple(self.of(account)), device)
        for tell in list(watchers):
            try:
                tell(event)
            except Exception:
                log.exception("a watcher of %s failed", account)

    def _unwatch(self, account: Address, tell: Tell) -> None:
        watchers = self._watchers[account]
        watchers.remove(tell)
        self._watching -= 1
        if not watchers:
            del self._watchers[account]

    # what is forgotten when: one timer for the earliest

    def _expire(self, device: Address, expires: float | None) -> None:
        if expires is None:
            self._expiries.pop(device, None)
            return
        at = self._clock() + expires
        self._expiries[device] = at
        heapq.heappush(self._queue, (at, device))
        if len(self._queue) > 2 * len(self._expiries) + 64:
            # Renewed ones leave their former times behind.
            self._queue = [(when, who) for who, when in self._expiries.items()]
            heapq.heapify(self._queue)
        self._set_timer()

    def _set_timer(self) -> None:
        while self._queue and self._expiries.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)
        if self._queue and self._timer is not None and self._due == self._queue[0][0]:
            return
        self.close()
        if self._queue:
            self._due = self._queue[0][0]
            wait = max(0.0, self._due - self._clock())
            self._timer = asyncio.get_running_loop().call_later(wait, self._forget_expired)

    def _forget_expired(self) -> None:
        self._timer = None
        now = self._clock()
        while self._queue and self._queue[0][0] <= now:
            at, device = heapq.heappop(self._queue)
            if self._expiries.get(device) == at:
                self.withdraw(device)
        self._set_timer()


def _check(state: PresenceState, expires: float | None) -> None:
    if state.show not in SHOWS:
        text = f"Presence is one of {', '.join(sorted(SHOWS))}."
        raise Refused(Reason.BAD_REQUEST, text)
    if len(state.note) > MAX_NOTE:
        raise Refused(Reason.BAD_REQUEST, f"A note has at most {MAX_NOTE} characters.")
    if state.priority not in PRIORITIES:
        raise Refused(Reason.BAD_REQUEST, "A priority is from -128 to 127.")
    if state.original is not None and len(state.original.data) > MAX_ORIGINAL:
        raise Refused(Reason.TOO_LARGE, f"Presence has at most {MAX_ORIGINAL} bytes.")
    if expires is not None and not 0 < expires <= 7 * 86_400:
        raise Refused(Reason.BAD_REQUEST, "Presence expires after at most a week.")
