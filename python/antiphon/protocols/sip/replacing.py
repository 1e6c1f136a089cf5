"""An INVITE that takes the place of another call, as in attended transfer and pick-up (RFC 3891),
or joins it (RFC 3911).
"""

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
    replaced = _named(agent, replaces)
    if replaces.early_only and replaced.leg.dialog.confirmed:
        raise Refused(Reason.BUSY, "The call was answered.")  # RFC 3891 §3

    async def take(taker: "Calling") -> None:
        if not replaced.leg.dialog.confirmed:
            _pick_up(agent, replaced, taker)
        else:
            await _come_beside(agent, replaced, taker, replacing=True)

    return take


def joining(agent: "Agent", join: Replaces) -> Callable[["Calling"], Awaitable[None]]:
    """What one must do who comes into a call. Raises `Refused` when there is none."""
    joined = _named(agent, join)
    if not joined.leg.dialog.confirmed:
        raise NoSuchDialog(Reason.GONE, "The call is not answered yet.")

    async def come(taker: "Calling") -> None:
        await _come_beside(agent, joined, taker, replacing=False)

    return come


def _named(agent: "Agent", named: Replaces) -> Party:
    party = agent.find(DialogId(named.call_id, named.to_tag, named.from_tag))
    if party is None or party.leg.over:
        raise NoSuchDialog(Reason.GONE, "There is no such call.")
    return party


async def _come_beside(
    agent: "Agent", present: Party, taker: "Calling", *, replacing: bool
) -> None:
    """Into the room of one who is there, who then goes if it is replaced."""
    if (room := present.room) is None:
        raise Refused(Reason.GONE, "The call is in no room.")
    if is_call_room(room):
        outlet = _Handover(present if replacing else None)
        place = agent.place_of(taker)
        await agent.switchboard.call(present.caller, place, outlet, room=room, name=present.name)
        return
    await taker.enter(room)
    taker.leg.accept()
    if replacing:
        present.leg.end(Reason.REPLACED)


def _pick_up(agent: "Agent", ringing: Party, taker: "Calling") -> None:
    """Answer a call that rings on another telephone (RFC 3891 §3: an early dialog of ours)."""
    if not isinstance(ringing.leg, OutgoingLeg) or ringing.call is None:
        raise Refused(Reason.GONE, "There is no such call.")
    place = agent.place_of(taker)
    agent.switchboard.invite(ringing.call, Mover(agent.switchboard, taker, place))


class _Handover:
    """Hangs up on the replaced one, if any, as soon as the other has taken its place."""

    def __init__(self, replaced: Party | None) -> None:
        self._replaced = replaced

    def deliver(self, event: events.Event) -> None:
        """Take news of the call that brings the other one in."""
        if isinstance(event, events.CallAnswered) and self._replaced is not None:
            self._replaced.leg.end(Reason.REPLACED)
