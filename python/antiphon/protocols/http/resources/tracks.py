"""What the members of a room send."""

from fastapi import APIRouter
from pydantic import BaseModel

from antiphon.protocols.http.access import may_look
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import RoomPath, TrackView
from antiphon.protocols.http.resources.members import living_room
from antiphon.protocols.http.runtime import Live

router = APIRouter(prefix="/api/v1/rooms/{room}/tracks", tags=["tracks"])


class TrackList(BaseModel):
    """Tracks of a room."""

    tracks: list[TrackView]


@router.get("")
async def list_tracks(room: RoomPath, live: Live, caller: CurrentCaller) -> TrackList:
    """The tracks of everybody in the room."""
    found = living_room(live, room)
    may_look(live.context, caller, found.settings)
    return TrackList(tracks=[TrackView.of(track) for track in found.tracks.values()])
