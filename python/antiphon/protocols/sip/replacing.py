"""An INVITE that takes the place of another call (RFC 3891): attended transfer, and pick-up."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from antiphon.core import event as events
from antiphon.core.call import is_call_room
from antiphon.core.reason import Reason, Refused

from .dialog import DialogId
from .header import Replaces
from .moving import Mover
from .outgoing import OutgoingLeg
from .party import Party

if TYPE_CHECKING:
    from .agent import Agent
    from .calling import Calling


class NoSuchDialog(Refused):
    """There is nothing to replace: 481 (RFC 3891 §3)."""


def replacing(agent: "Agent", replaces: Replaces) -> Callable[["Calling"], Awaitable[None]]:
    """What the one who calls so must do. Raises `Refused` when there is nothing to replace."""
    dialog = DialogId(replaces.call_id, replaces.to_tag, replaces.from_tag)
    replaced = agent.find(dialog)
    if replaced is None or replaced.leg.over:
        raise NoSuchDialog(Reason.GONE, "There is no such call.")
    if replaces.early_only and replaced.leg.dialog.confirmed:
        raise Refused(Reason.BUSY, "The call was answered.")  # RFC 3891 §3

    async def take(taker: "Calling") -> None:
        await _take_place(agent, replaced, taker)

    return take


async def _take_place(agent: "Agent", replaced: Party, taker: "Calling") -> None:
    if not replaced.leg.dialog.confirmed:
        _pick_up(agent, replaced, taker)
        return
    if (room := replaced.room) is None:
        raise Refused(Reason.GONE, "The call is in no room.")
    if is_call_room(room):
        outlet = _Handover(replaced)
        await agent.switchboard.call(
            replaced.caller, agent.place_of(taker), outlet, room=room, name=replaced.name
        )
    else:
        await taker.enter(room)
        taker.leg.accept()
        replaced.leg.end(Reason.REPLACED)


def _pick_up(agent: "Agent", ringing: Party, taker: "Calling") -> None:
    """Answer a call that rings on another telephone (RFC 3891 §3: an early dialog of ours)."""
    if not isinstance(ringing.leg, OutgoingLeg) or ringing.call is None:
        raise Refused(Reason.GONE, "There is no such call.")
    place = agent.place_of(taker)
    agent.switchboard.invite(ringing.call, Mover(agent.switchboard, taker, place))


class _Handover:
    """Hangs up on the replaced one as soon as the other has taken its place."""

    def __init__(self, replaced: Party) -> None:
        self._replaced = replaced

    def deliver(self, event: events.Event) -> None:
        """Take news of the call that brings the other one in."""
        if isinstance(event, events.CallAnswered):
            self._replaced.leg.end(Reason.REPLACED)
