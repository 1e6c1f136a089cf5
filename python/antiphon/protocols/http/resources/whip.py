"""WHIP (RFC 9725): publish into a room by one POST. The publisher is a member, what it sends are
tracks.
"""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from antiphon.core.change import Publish
from antiphon.core.description import Kind
from antiphon.core.media import Answer
from antiphon.core.member import Receive, Source
from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http import media_requests as requests
from antiphon.protocols.http.caller import MaybeCaller
from antiphon.protocols.http.descriptions import one_way
from antiphon.protocols.http.errors import HttpRefused
from antiphon.protocols.http.media_resources import MediaResource, Opening
from antiphon.protocols.http.models import Name, RoomPath
from antiphon.protocols.http.resources.media_sessions import media_router
from antiphon.protocols.http.runtime import Live, Network, Runtime

PROTOCOL = "whip"

router = media_router(PROTOCOL)

# The sections of a kind in their order; further ones are `Source.OTHER`.
_SOURCES = {
    Kind.AUDIO: (Source.MICROPHONE, Source.SCREEN_AUDIO),
    Kind.VIDEO: (Source.CAMERA, Source.SCREEN),
}


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=requests.ANSWER,
    openapi_extra=requests.OFFER_BODY,
)
async def publish(
    room: RoomPath,
    request: Request,
    live: Live,
    network: Network,
    caller: MaybeCaller,
    name: Annotated[Name, Query()] = "",
) -> Response:
    """Publish: send an offer, get the answer and, in `Location`, the session (RFC 9725 §4.2)."""
    publisher = requests.media_caller(live, caller, name or "Broadcast")
    if not publisher.grants.publish:
        raise Refused(Reason.FORBIDDEN, "Your token does not allow to publish.")
    opening = Opening(
        protocol=PROTOCOL,
        caller=publisher,
        holder=network if caller is None else str(publisher.address.bare),
        bound=None if caller is None else caller.address.bare,
        room=live.context.addresses.room(room).local,
        name=name,
        offer=one_way(await requests.read_offer(request), sends=True),
        receive=Receive.NONE,
    )
    resource, answer = await live.media.open(
        opening, lambda resource, answer: _publish_all(live, resource, answer)
    )
    return requests.created(resource, answer.text, live.context.ice_servers.for_caller(publisher))


async def _publish_all(live: Runtime, resource: MediaResource, answer: Answer) -> None:
    """Make a track of each section."""
    counts = dict.fromkeys(_SOURCES, 0)
    for section in answer.description.sections:
        if section.kind is Kind.DATA:
            continue
        if not section.direction.sends:
            # RFC 9725 §4.4.3: no answer that is successful in part only.
            raise HttpRefused(
                Reason.UNSUPPORTED,
                f"Section {section.id!r} ({section.kind}) offers nothing that can be received.",
                status=422,
            )
        names = _SOURCES[section.kind]
        source = names[counts[section.kind]] if counts[section.kind] < len(names) else Source.OTHER
        counts[section.kind] += 1
        publish = Publish(section.id, source)
        await live.context.switchboard.update(resource.room, resource.member, publish)
    if not any(counts.values()):
        raise HttpRefused(Reason.BAD_REQUEST, "The offer sends nothing.", status=422)
