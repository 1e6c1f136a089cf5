"""The switchboard's verbs of calls; what they do is the exchange's and the book's."""

from collections.abc import Callable, Iterable

from .address import Address, Addresses
from .call import CallInfo
from .exchange import Exchange
from .outlet import Outlet
from .ports import Caller, Device, Reach
from .reason import Reason


class CallVerbs:
    """What adapters do with calls: call, ringing, answer, decline, hang_up."""

    def __init__(self, addresses: Addresses, exchange: Exchange) -> None:
        self.addresses = addresses
        self._exchange = exchange

    def add_reach(self, reach: Reach) -> Callable[[], None]:
        """Ask `reach` for the devices of those who are called; the result ends that."""
        return self._exchange.add_reach(reach)

    @property
    def calls(self) -> Iterable[CallInfo]:
        """The calls that run on this node now."""
        return self._exchange.book.running

    @property
    def call_failures(self) -> int:
        """How often a way to reach somebody, or a device, failed by an error of ours."""
        return self._exchange.broken

    def calls_of(self, account: Address) -> Iterable[CallInfo]:
        """Running calls from or to an account or number (bare address)."""
        return self._exchange.book.of(account)

    async def call(
        self,
        caller: Caller,
        callee: Address | str,
        outlet: Outlet,
        *,
        room: str | None = None,
        video: bool = False,
        name: str | None = None,
        id: str | None = None,
    ) -> CallInfo:
        """Ring all devices of somebody but the caller's own; `outlet` hears what becomes of it,
        perhaps before this returns.

        `room`: a living one that the caller is in, into which the callee is invited; else the call
        has a room of its own. `id`: the caller's own, to `hang_up` while this still seeks devices.
        Raises `Refused`: NOT_FOUND for what is neither account nor number, UNAVAILABLE without a
        device, CANCELLED, TOO_MANY; then `outlet` hears nothing.
        """
        return await self._exchange.call(
            caller, callee, outlet, room=room, video=video, name=name, id=id
        )

    def call_info(self, call: str) -> CallInfo | None:
        """A running call."""
        return self._exchange.book.find(call)

    def invite(self, call: str, device: Device) -> CallInfo:
        """Ring one more device, which was found later, unless it was rung before. Raises
        `Refused(GONE)`.
        """
        return self._exchange.book.invite(call, [device])

    def ringing(self, call: str, device: Address) -> None:
        """A device rings: the caller is told. Too late is no error."""
        self._exchange.book.ringing(call, device)

    def answer(self, call: str, device: Address) -> CallInfo:
        """A device answers, the first wins; its side then joins the call's room. Raises `Refused`:
        GONE for whoever comes later, FORBIDDEN for a device that is not called.
        """
        return self._exchange.book.answer(call, device)

    def decline(
        self,
        call: str,
        device: Address,
        reason: Reason = Reason.DECLINED,
        *,
        everywhere: bool = False,
    ) -> None:
        """A device will not answer (it is not told again); the last one ends the call, and any if
        it speaks for all of the callee's (`everywhere`). Too late is no error.
        """
        self._exchange.book.decline(call, device, reason, everywhere)

    def hang_up(self, call: str, reason: Reason = Reason.LEFT, text: str = "") -> None:
        """End a call for everybody; LEFT before an answer is CANCELLED. Too late is no error."""
        self._exchange.book.end(call, reason, text)
