"""What a telephone is asked before it comes into a room: the room's number, and its PIN.

Keys in, prompts out; which rooms there are is asked of the agent.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from antiphon.core.ports import RoomSettings
from antiphon.core.reason import Reason, Refused

if TYPE_CHECKING:
    from .agent import Agent
    from .calling import Calling

TRIES = 3
MAX_DIGITS = 20
# Of silence (s): after a number's last key it counts as complete; without any the call ends.
COMPLETE = 5.0
PATIENCE = 60.0

END, ERASE = "#", "*"


class Menu:
    """The questions to one telephone. `room`: the one whose PIN is asked for; empty: which one?"""

    def __init__(self, party: "Calling", agent: "Agent", room: str) -> None:
        self._party = party
        self._agent = agent
        self._room = room
        self._digits = ""
        self._tries = TRIES
        self._begun = False
        self._over = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Ask, once media flows both ways."""
        if self._begun or self._over:
            return
        self._begun = True
        if not self._room:
            self._play("welcome")
        self._ask()

    def pressed(self, digit: str) -> None:
        """A key."""
        if not self._begun or self._over:
            return
        self._party.leg.session.stop()
        if digit == END:
            self._complete()
        elif digit == ERASE:
            self._digits = ""
            self._wait(PATIENCE, self._give_up)
        elif digit.isdigit():
            self._digits = (self._digits + digit)[:MAX_DIGITS]
            self._wait(COMPLETE, self._complete)

    def played(self) -> None:
        """All prompts have been sounded: of one who is turned away, the goodbye as well."""
        if self._over:
            self._party.leg.end(Reason.FORBIDDEN, "The questions were not answered.")

    def close(self) -> None:
        """The call is over, or has its room."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _ask(self) -> None:
        self._digits = ""
        self._play("enter_pin" if self._room else "enter_room_number")
        self._wait(PATIENCE, self._give_up)

    def _complete(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._digits:
            self._party.leg.turns.add(self._take)

    async def _take(self) -> None:
        digits, self._digits = self._digits, ""
        if self._over or not digits:
            return
        if self._room:
            await self._pin(digits)
        else:
            await self._number(digits)

    async def _number(self, digits: str) -> None:
        if not await self._agent.is_room(digits):
            self._wrong("no_such_room")
            return
        settings = await self._agent.room_settings(digits)
        if settings.pin:
            self._room, self._tries = settings.name, TRIES
            self._ask()
        else:
            await self._admit(settings)

    async def _pin(self, digits: str) -> None:
        settings = await self._agent.room_settings(self._room)
        if not self._agent.may_guess(self._party):
            self._give_up()
        elif hmac.compare_digest(settings.pin, digits):
            # Who dials in cannot type a password: the PIN stands for it.
            self._party.password = settings.password
            await self._admit(settings)
        else:
            self._agent.guessed_wrong(self._party)
            self._wrong("wrong_pin")

    async def _admit(self, settings: RoomSettings) -> None:
        try:
            await self._party.admitted(settings.name)
        except Refused as refused:
            self._play("room_full" if refused.reason is Reason.TOO_MANY else "not_allowed")
            self._give_up()
        else:
            self.close()

    def _wrong(self, prompt: str) -> None:
        self._play(prompt)
        self._tries -= 1
        if self._tries:
            self._ask()
        else:
            self._give_up()

    def _give_up(self) -> None:
        self.close()
        self._play("goodbye")
        # Should the prompt never be sounded, the call ends all the same.
        self._timer = asyncio.get_running_loop().call_later(COMPLETE, self.played)

    def _play(self, prompt: str) -> None:
        if not self._party.leg.over:
            self._party.leg.session.play(prompt)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)
