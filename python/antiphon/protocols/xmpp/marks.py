"""How far users are with each other's messages, told to the core in the background: of several
marks that wait, the last one says it all (`core.message.Mark`).
"""

import asyncio
import logging
from collections import deque
from typing import Protocol

from antiphon.core.address import Address
from antiphon.core.message import Mark, Original
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused

log = logging.getLogger(__name__)

Key = tuple[Address, Mark]
Lane = dict[Key, tuple[Caller, str, Original | None]]
# Different marks of one account that wait to be stored; what goes beyond is not remembered for its
# other devices.
WAITING = 200
# Accounts whose marks are being stored.
AT_ONCE = 8


class Marking(Protocol):
    """What is asked of the switchboard."""

    async def mark(
        self,
        caller: Caller,
        to: Address,
        mark: Mark,
        reference: str,
        original: Original | None = None,
    ) -> None:
        """`caller` is that far with the messages of `to`."""


class Marks:
    """Marks that wait to be stored: each account has a lane of its own, and one turn after the
    other with all that wait.
    """

    def __init__(self, marking: Marking) -> None:
        self.dropped = 0
        self._marking = marking
        self._lanes: dict[Address, Lane] = {}
        self._turns: deque[Address] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(
        self, caller: Caller, to: Address, mark: Mark, reference: str, original: Original | None
    ) -> None:
        """Take a mark; never blocks."""
        account, key = caller.address.bare, (to.bare, mark)
        lane = self._lanes.get(account)
        if lane is None:
            lane = self._lanes[account] = {}
            self._turns.append(account)
        elif key not in lane and len(lane) >= WAITING:
            self.dropped += 1
            return
        lane[key] = caller, reference, original
        if len(self._tasks) < AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        while self._turns:
            account = self._turns.popleft()
            lane = self._lanes[account]
            key = next(iter(lane))
            try:
                await self._store(key, *lane.pop(key))
            finally:
                if lane:
                    self._turns.append(account)
                else:
                    del self._lanes[account]

    async def _store(
        self, key: Key, caller: Caller, reference: str, original: Original | None
    ) -> None:
        try:
            await self._marking.mark(caller, key[0], key[1], reference, original)
        except Refused as refused:
            # A mark of a message that is not kept is told to nobody else: no fault of theirs.
            if refused.reason is not Reason.NOT_FOUND:
                log.info("a mark was not kept: %s", refused)
        except Exception:
            log.exception("a mark could not be kept")

    async def close(self) -> None:
        """Wait for what is being stored."""
        while self._tasks:
            await asyncio.wait(self._tasks)
