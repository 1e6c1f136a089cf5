"""What WHIP and WHEP share: everything but the first POST (RFC 9725 §4.1 to §4.3)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http import media_requests as requests
from antiphon.protocols.http.caller import MaybeCaller
from antiphon.protocols.http.media_resources import MediaResource
from antiphon.protocols.http.models import RoomPath
from antiphon.protocols.http.runtime import Live, Runtime
from antiphon.protocols.http.sdpfrag import MEDIA_TYPE


def media_router(protocol: str) -> APIRouter:
    """The endpoint and the sessions of one of the two; whoever calls adds the POST."""
    router = APIRouter(prefix=f"/rooms/{{room}}/{protocol}", tags=["media"])

    def find(room: str, id: str, live: Runtime) -> MediaResource:
        resource = live.media.find(protocol, live.context.addresses.room(room).local, id)
        if resource is None:
            raise Refused(Reason.NOT_FOUND, "There is no such session (any more).")
        return resource

    @router.get("", include_in_schema=False)
    async def describe() -> Response:
        """Nothing: an endpoint has no representation (RFC 9725 §4.1)."""
        return Response(status_code=204)

    @router.options("", include_in_schema=False)
    async def endpoint_options() -> Response:
        """What may be sent here (RFC 9725 §4.2)."""
        headers = {"Allow": "GET, HEAD, POST, OPTIONS", "Accept-Post": requests.SDP}
        return Response(headers=headers)

    @router.patch(
        "/{id}",
        name=f"{protocol}_patch",
        response_class=Response,
        responses=requests.RESTARTED,
        openapi_extra=requests.FRAGMENT_BODY,
    )
    async def patch(
        room: RoomPath, id: str, request: Request, live: Live, caller: MaybeCaller
    ) -> Response:
        """Add candidates, or restart ICE (RFC 9725 §4.3). `If-Match` names the ICE session."""
        return await requests.patch(find(room, id, live), request, caller)

    @router.delete("/{id}", name=f"{protocol}_stop", response_class=Response)
    async def stop(room: RoomPath, id: str, live: Live, caller: MaybeCaller) -> Response:
        """End the session (RFC 9725 §4.2)."""
        resource = find(room, id, live)
        requests.may_touch(resource, caller)
        await live.media.end(resource, Reason.LEFT)
        return Response()

    @router.get("/{id}", include_in_schema=False)
    async def describe_session(
        room: RoomPath, id: str, live: Live, caller: MaybeCaller
    ) -> Response:
        """Nothing: a session has no representation (RFC 9725 §4.1)."""
        requests.may_touch(find(room, id, live), caller)
        return Response(status_code=204)

    @router.options("/{id}", include_in_schema=False)
    async def session_options() -> Response:
        """What may be sent here (RFC 5789 §3.1)."""
        headers = {"Allow": "GET, HEAD, PATCH, DELETE, OPTIONS", "Accept-Patch": MEDIA_TYPE}
        return Response(headers=headers)

    return router
