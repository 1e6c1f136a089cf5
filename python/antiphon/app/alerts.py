"""What is pushed to whom: messages that nobody listens for, and calls that were missed.

It puts words to what happened; who subscribed and how it travels is the business of `Push`.
"""

from collections.abc import Callable, Sequence

from antiphon.core.address import Address
from antiphon.core.call import CallInfo
from antiphon.core.event import Event, MessageWaits
from antiphon.core.message import Message, MessageKind
from antiphon.core.outlet import Outlet
from antiphon.core.ports import Calls
from antiphon.core.reason import Reason
from antiphon.services.push import Notification

Notify = Callable[[Address, Notification], None]

# For whoever called: the callee heard of it all the same, or did not want to.
_HEARD = frozenset({Reason.DECLINED, Reason.ELSEWHERE})


class MessageAlerts(Outlet):
    """Watches the switchboard."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify

    def deliver(self, event: Event) -> None:
        """Push a message that waits."""
        if isinstance(event, MessageWaits) and event.message.kind is MessageKind.TEXT:
            self._notify(event.message.to.bare, _of_message(event.message))


class CallAlerts(Calls):
    """The record of calls, which hears of every call, reached or not."""

    def __init__(self, calls: Calls, notify: Notify) -> None:
        self._calls = calls
        self._notify = notify

    def record(self, call: CallInfo) -> None:
        """Keep it, and push one that was missed."""
        self._calls.record(call)
        missed = not call.running and call.answered_at is None
        if missed and call.reason not in _HEARD:
            self._notify(call.callee.bare, _of_call(call))

    async def page(
        self, account: Address | None, before: str | None = None, limit: int = 50
    ) -> tuple[Sequence[CallInfo], bool]:
        """See `Calls`."""
        return await self._calls.page(account, before, limit)

    async def find(self, id: str) -> CallInfo | None:
        """See `Calls`."""
        return await self._calls.find(id)


def _of_message(message: Message) -> Notification:
    sender = str(message.sender.bare)
    return Notification(
        kind="message",
        title=message.name,
        text=message.text,
        tag=sender,
        data={"peer": sender, "id": message.id},
    )


def _of_call(call: CallInfo) -> Notification:
    caller = str(call.caller.bare)
    return Notification(
        kind="missed",
        title=call.caller_name,
        tag=f"call {caller}",
        data={"peer": caller, "id": call.id},
    )
