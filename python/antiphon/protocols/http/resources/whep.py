"""WHEP (draft-ietf-wish-whep): play a room's current speaker, or one of its members, by one POST"""

from dataclasses import replace
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from antiphon.core.change import Subscribe
from antiphon.core.event import Event, MemberJoined, MemberLeft, TrackAdded, TrackRemoved
from antiphon.core.media import Answer
from antiphon.core.member import Receive
from antiphon.core.ports import Caller, Grants
from antiphon.core.reason import Reason
from antiphon.core.room import Room
from antiphon.protocols.http import media_requests as requests
from antiphon.protocols.http.caller import MaybeCaller
from antiphon.protocols.http.descriptions import one_way
from antiphon.protocols.http.errors import HttpRefused
from antiphon.protocols.http.media_resources import MediaResource, Opening
from antiphon.protocols.http.models import Name, RoomPath
from antiphon.protocols.http.resources.media_sessions import media_router
from antiphon.protocols.http.runtime import Live, Network, Runtime
from antiphon.protocols.http.selection import choose, find_member

PROTOCOL = "whep"

router = media_router(PROTOCOL)

Member = Annotated[
    str | None,
    Query(max_length=600, description="Id, address or name of the member to play."),
]


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=requests.ANSWER,
    openapi_extra=requests.OFFER_BODY,
)
async def play(
    room: RoomPath,
    request: Request,
    live: Live,
    network: Network,
    caller: MaybeCaller,
    member: Member = None,
    name: Annotated[Name, Query()] = "",
) -> Response:
    """Play: send an offer, get the answer and, in `Location`, the session.

    Without `member` it is the room's current speaker. 409 with `Retry-After` while there is nobody
    to be played.
    """
    player = requests.media_caller(live, caller, name or "Viewer")
    offer = one_way(await requests.read_offer(request), sends=False)
    found = _living(live, room, member)
    opening = Opening(
        protocol=PROTOCOL,
        caller=_listening(player),
        holder=network if caller is None else str(player.address.bare),
        bound=None if caller is None else caller.address.bare,
        room=found.name,
        name=name,
        offer=offer,
        receive=Receive.SPEAKER if member is None else Receive.CHOSEN,
    )
    resource, answer = await live.media.open(
        opening, lambda resource, answer: _begin(live, resource, answer, member)
    )
    return requests.created(resource, answer.text, live.context.ice_servers.for_caller(player))


def _living(live: Runtime, room: str, member: str | None) -> Room:
    found = live.context.switchboard.find(live.context.addresses.room(room).local)
    if found is None or (member is not None and find_member(found.members, member) is None):
        # draft-ietf-wish-whep-03 §4.2: nothing is published (yet).
        raise HttpRefused(
            Reason.CONFLICT,
            "There is nobody to be played. Please try again later.",
            headers={"Retry-After": "2"},
        )
    return found


def _listening(caller: Caller) -> Caller:
    """The same as one who only listens, whatever else their token allows."""
    return replace(caller, grants=Grants(rooms=caller.grants.rooms, publish=False, create=False))


async def _begin(
    live: Runtime, resource: MediaResource, answer: Answer, member: str | None
) -> None:
    if not any(section.direction.receives for section in answer.description.sections):
        raise HttpRefused(Reason.BAD_REQUEST, "The offer receives nothing.", status=422)
    if member is None:
        return

    def follow(event: Event) -> None:
        if isinstance(event, TrackAdded | TrackRemoved | MemberJoined | MemberLeft):
            live.media.spawn(_choose(live, resource, member))

    resource.on_event = follow
    await _choose(live, resource, member)


async def _choose(live: Runtime, resource: MediaResource, wanted: str) -> None:
    """Bring what the player is sent in step with what the member publishes."""
    room, session = live.context.switchboard.find(resource.room), resource.session
    if room is None or session is None or resource.member not in room.members:
        return
    others = {id: other for id, other in room.members.items() if id != resource.member}
    member = find_member(others, wanted)
    tracks = choose(member.tracks.values(), session.description) if member else frozenset()
    if tracks != room.members[resource.member].chosen:
        change = Subscribe(Receive.CHOSEN, tracks)
        await live.context.switchboard.update(room.name, resource.member, change)
