"""Who is in a room, and what moderators may do to them."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from antiphon.core.change import Act, Moderate, Mute
from antiphon.core.description import Kind
from antiphon.core.member import Role, Track
from antiphon.core.ports import Caller
from antiphon.core.reason import Reason, Refused
from antiphon.core.room import Room
from antiphon.core.room_member import Member
from antiphon.protocols.http.access import may_look, may_moderate, veil_of
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Body, MemberView, RoomPath
from antiphon.protocols.http.runtime import Live, Runtime

router = APIRouter(prefix="/api/v1/rooms/{room}/members", tags=["members"])


class MemberList(BaseModel):
    """Those in a room, in order of arrival."""

    members: list[MemberView]


class MuteMember(Body):
    """What to mute."""

    track: str | None = Field(None, max_length=64, description="All audio of the member if absent.")


def living_room(live: Runtime, room: str) -> Room:
    """The room of that name in which somebody is now. Raises `Refused(NOT_FOUND)`."""
    found = live.context.switchboard.find(live.context.addresses.room(room).local)
    if found is None:
        raise Refused(Reason.NOT_FOUND, "Nobody is in such a room now.")
    return found


@router.get("")
async def list_members(room: RoomPath, live: Live, caller: CurrentCaller) -> MemberList:
    """Who is in the room."""
    found = living_room(live, room)
    may_look(live.context, caller, found.settings)
    veil = veil_of(live.context, caller, found.settings)
    infos = [member.info for member in found.members.values()]
    shown = infos if veil is None else [veil.info(info) for info in infos]
    return MemberList(members=[MemberView.of(info) for info in shown])


@router.delete("/{member}", status_code=204)
async def remove_member(room: RoomPath, member: str, live: Live, caller: CurrentCaller) -> None:
    """Remove somebody from the room: oneself, or another for moderators."""
    found = living_room(live, room)
    other = found.member(member)
    switchboard = live.context.switchboard
    if other.caller.address.bare == caller.address.bare:
        await switchboard.leave(found.name, other.id)
    elif (actor := _as_member(found, caller)) is not None:
        await switchboard.update(found.name, actor.id, Moderate(other.id, Act.REMOVE))
    else:
        may_moderate(live.context, caller, found.settings)
        words = "A moderator removed you from the room."
        await switchboard.leave(found.name, other.id, Reason.REMOVED, words)


@router.post("/{member}/mute", status_code=204)
async def mute_member(
    room: RoomPath, member: str, live: Live, caller: CurrentCaller, mute: MuteMember | None = None
) -> None:
    """Mute a track of a member, or all their audio. For moderators."""
    found = living_room(live, room)
    other = found.member(member)
    track = None if mute is None else mute.track
    if (actor := _as_member(found, caller)) is not None:
        act = Moderate(other.id, Act.MUTE, track)
        await live.context.switchboard.update(found.name, actor.id, act)
        return
    may_moderate(live.context, caller, found.settings)
    tracks = [found.track(track, owner=other.id)] if track else _audio(other)
    for each in tracks:
        await live.context.switchboard.update(found.name, other.id, Mute(each.id, True))


def _audio(member: Member) -> list[Track]:
    return [track for track in member.tracks.values() if track.kind is Kind.AUDIO]


def _as_member(room: Room, caller: Caller) -> Member | None:
    """The caller as a member of the room, if the token is for it; administrators are outside."""
    rooms = caller.grants.rooms
    if caller.grants.admin or (rooms is not None and room.name not in rooms):
        return None
    own = caller.address.bare
    mine = [member for member in room.members.values() if member.caller.address.bare == own]
    # Of several, the one that may do most.
    moderators = [member for member in mine if member.info.role is Role.MODERATOR]
    return next(iter([*moderators, *mine]), None)
