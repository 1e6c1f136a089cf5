"""Who may see what of a room over HTTP: questions to the node's policy, and one rule more for
looking in from outside.
"""

from antiphon.core.address import Address
from antiphon.core.ports import Caller, RoomSettings
from antiphon.core.reason import Reason, Refused
from antiphon.core.room import Room
from antiphon.core.standing import Affiliation
from antiphon.core.veil import Veil, hides

from .context import HttpContext


async def settings_of(context: HttpContext, room: str) -> RoomSettings | None:
    """Settings of a living or a stored room, by its canonical name; None if there is none."""
    living = context.switchboard.find(room)
    return living.settings if living is not None else await context.rooms.find(room)


def insiders(room: Room | None) -> frozenset[Address]:
    """Addresses of those who are in it."""
    members = () if room is None else room.members.values()
    return frozenset(member.caller.address for member in members)


def may_enter(context: HttpContext, caller: Caller, settings: RoomSettings) -> None:
    """Who may enter a room may know that it is there. Raises `Refused`."""
    if not caller.grants.admin:
        context.switchboard.may_enter(caller, settings)


def may_look(
    context: HttpContext,
    caller: Caller,
    settings: RoomSettings,
    inside: frozenset[Address] | None = None,
) -> None:
    """See who is in a room and what is said there. Raises `Refused`.

    A guest must be inside, or hold a token for this very room: the name of a room is all that a
    guest needs to enter, so one who guesses names should at least have to show up. `inside`: the
    room's `insiders`, where they are at hand.
    """
    if caller.grants.admin:
        return
    if caller.address.is_guest and caller.grants.rooms is None and not context.open_doors:
        if inside is None:
            inside = insiders(context.switchboard.find(settings.name))
        if caller.address not in inside:
            raise Refused(Reason.FORBIDDEN, "Enter the room to see who is in it.")
        return
    may_enter(context, caller, settings)


def sees(
    context: HttpContext,
    caller: Caller,
    settings: RoomSettings,
    inside: frozenset[Address] | None = None,
) -> bool:
    """Whether `may_look` allows it."""
    try:
        may_look(context, caller, settings, inside)
    except Refused:
        return False
    return True


def veil_of(context: HttpContext, caller: Caller, settings: RoomSettings) -> Veil | None:
    """What the caller sees a room through, where it hides who is in it; None: all as it is."""
    if caller.grants.admin or settings.affiliation(caller.address).covers(Affiliation.ADMIN):
        return None
    living = context.switchboard.find(settings.name)
    member = living.member_of(caller.address) if living is not None else None
    if not hides(settings, None if member is None else member.info.role):
        return None
    return Veil(context.addresses.room(settings.name), caller.address.bare)


def may_moderate(context: HttpContext, caller: Caller, settings: RoomSettings) -> None:
    """Act on members of a room from outside of it. Raises `Refused`."""
    covered = caller.grants.rooms is None or settings.name in caller.grants.rooms
    if not (caller.grants.moderate and covered):
        context.switchboard.policy.may_administer(caller, settings)
