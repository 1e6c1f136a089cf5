"""Who a leg belongs to, as the leg sees it. It knows nothing of rooms."""

from typing import Protocol

from antiphon._native import SipRequest
from antiphon.core.reason import Reason


class Owner(Protocol):
    """Who knows what a leg is for. Everything is told in order; nothing after `ended`."""

    def ringing(self) -> None:
        """The telephone that we call rings."""

    async def early(self) -> None:
        """Media is agreed on before the call is answered."""

    async def answered(self) -> None:
        """The telephone that we call answered, or the one that calls us has acknowledged."""

    async def renegotiated(self) -> None:
        """What the media session is changed."""

    def held(self, held: bool) -> None:
        """The telephone put us on hold, or came back."""

    def pressed(self, digit: str, duration: float, *, carried: bool) -> None:
        """A key was pressed, for some seconds; `carried` by the media."""

    def played(self) -> None:
        """All prompts have been sounded."""

    async def requested(self, request: SipRequest) -> bool:
        """A request of another purpose in the dialog (REFER, SUBSCRIBE, …). False: not for us."""

    async def ended(self, reason: Reason, text: str) -> None:
        """It is over: refused, given up, or hung up by whichever side."""
