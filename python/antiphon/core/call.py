"""A call: somebody rings somebody else's devices, and the first that answers comes into the room.

Here is what those concerned see of it. People and media are the room's: a call of two is a room of
two.
"""

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from .address import Address
from .reason import Reason

# A room that begins and ends with a call has a name of this form; no other room may.
_ROOM = re.compile(r"call-[0-9a-f]{32}")


class CallState(StrEnum):
    """How far a call is."""

    CALLING = "calling"  # devices are being sought
    RINGING = "ringing"  # at least one rings
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInfo:
    """A call as those concerned see it. Times: seconds since 1970. `reason`: why it ended.

    `by`: the device that answered. `callee` as it was called: an account, or a telephone number of
    another domain.
    """

    id: str
    room: str
    caller: Address
    caller_name: str
    callee: Address
    video: bool = False
    state: CallState = CallState.CALLING
    started_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    by: Address | None = None
    reason: Reason | None = None
    text: str = ""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state is not CallState.ENDED

    @property
    def unanswered(self) -> bool:
        """Whether it may still be answered."""
        return self.state in (CallState.CALLING, CallState.RINGING)


def new_room() -> str:
    """A name for the room of a new call, which nobody can guess."""
    return f"call-{secrets.token_hex(16)}"


def is_call_room(room: str) -> bool:
    """Whether a room of this name lives and dies with its calls."""
    return _ROOM.fullmatch(room) is not None
