"""A call: somebody rings somebody else's devices, and the first that answers comes into the room.

It says who rings, who is rung and how far it is; people and media are the room's. A call of two is
a room of two.
"""

from dataclasses import dataclass
from enum import StrEnum

from .address import Address
from .reason import Reason


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
