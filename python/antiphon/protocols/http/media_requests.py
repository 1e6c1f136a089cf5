"""What WHIP and WHEP requests have in common: media types, conditions, tokens, header fields (RFC
9725 §4).
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from antiphon.core.ports import Caller, Grants, IceServer
from antiphon.core.reason import Reason, Refused

from . import sdpfrag
from .caller import MaybeCaller
from .errors import HttpRefused
from .guests import new_guest
from .media_resources import MediaResource
from .runtime import Runtime

SDP = "application/sdp"

_SDP_SCHEMA = {"schema": {"type": "string", "description": "Session description (RFC 8866)."}}
OFFER_BODY = {"requestBody": {"required": True, "content": {SDP: _SDP_SCHEMA}}}
FRAGMENT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            sdpfrag.MEDIA_TYPE: {
                "schema": {"type": "string", "description": "Fragment (RFC 8840 §9)."}
            }
        },
    }
}
ANSWER: dict[int | str, dict[str, Any]] = {
    201: {"description": "The answer, with all candidates.", "content": {SDP: _SDP_SCHEMA}}
}
RESTARTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "ICE begins anew with this fragment.",
        "content": {sdpfrag.MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    204: {"description": "The candidates were taken."},
}


async def read_offer(request: Request) -> str:
    """The offer in the body. Raises `Refused`."""
    text = await _read(request, SDP)
    if not accepts(request.headers.get("accept"), SDP):
        raise HttpRefused(Reason.UNSUPPORTED, f"The answer is {SDP}.", status=406)
    return text


async def read_fragment(request: Request) -> sdpfrag.Fragment:
    """The fragment in the body. Raises `Refused`."""
    return sdpfrag.parse(await _read(request, sdpfrag.MEDIA_TYPE))


async def _read(request: Request, media_type: str) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise Refused(Reason.UNSUPPORTED, f"The body must be {media_type}.")
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise Refused(Reason.BAD_REQUEST, "The body is not UTF-8.") from None


def accepts(field: str | None, media_type: str) -> bool:
    """Whether an `Accept` field takes a media type (RFC 9110 §12.5.1); an absent one takes
    anything.
    """
    if field is None or not field.strip():
        return True
    group = media_type.partition("/")[0]
    best = (-1, False)
    for item in field.split(","):
        named, _, parameters = item.partition(";")
        rank = {"*/*": 0, f"{group}/*": 1, media_type: 2}.get(named.strip().lower(), -1)
        refused = re.search(r"(^|;)\s*q=0(\.0{0,3})?\s*(;|$)", parameters) is not None
        best = max(best, (rank, not refused))
    return best[0] >= 0 and best[1]


def media_caller(live: Runtime, caller: MaybeCaller, name: str) -> Caller:
    """Who opens a media session: whom the token names, or a new guest where no token is needed."""
    if caller is not None:
        return caller
    context = live.context
    if not context.open_doors:
        raise Refused(Reason.UNAUTHORIZED, "Log in first: this needs a token.")
    shown = context.addresses.nickname(name)
    return Caller(
        address=new_guest(context), name=shown, grants=context.guests or Grants(create=True)
    )


def may_touch(resource: MediaResource, caller: Caller | None) -> None:
    """Only whose token opened a session may change it (RFC 9725 §4.7). Raises `Refused`."""
    bound = resource.opening.bound
    if bound is None:
        return
    if caller is None:
        raise Refused(Reason.UNAUTHORIZED, "Send the token with which the session was opened.")
    if caller.address.bare != bound and not caller.grants.admin:
        raise Refused(Reason.FORBIDDEN, "This is somebody else's session.")


def check_condition(resource: MediaResource, field: str | None) -> None:
    """`If-Match` must name the ICE session that is meant (RFC 9725 §4.3.1, RFC 9110 §13.1.1).
    Raises `Refused`.
    """
    if field is None:
        raise HttpRefused(Reason.CONFLICT, "Send `If-Match` with the session's ETag.", status=428)
    tags = {tag.strip() for tag in field.split(",")}
    # Browsers' libraries and the standard's own examples write "*" in quotes as well.
    if not tags & {resource.etag, "*", '"*"'}:
        raise HttpRefused(Reason.CONFLICT, "ICE was restarted since: see the ETag.", status=412)


async def patch(resource: MediaResource, request: Request, caller: Caller | None) -> Response:
    """Trickle, or restart ICE (RFC 9725 §4.3.2, §4.3.3). One request after the other."""
    may_touch(resource, caller)
    fragment = await read_fragment(request)
    async with resource.lock:
        check_condition(resource, request.headers.get("if-match"))
        if not resource.is_restart(fragment):
            resource.trickle(fragment)
            return Response(status_code=204)
        text = await resource.restart(fragment)
        return Response(text, media_type=sdpfrag.MEDIA_TYPE, headers={"ETag": resource.etag})


def created(resource: MediaResource, answer: str, servers: Iterable[IceServer]) -> Response:
    """201: the answer, and where the session is."""
    room = quote(resource.room, safe="")
    response = Response(
        answer,
        status_code=201,
        media_type=SDP,
        headers={
            "Location": f"/rooms/{room}/{resource.protocol}/{resource.id}",
            "ETag": resource.etag,
            "Accept-Patch": sdpfrag.MEDIA_TYPE,
        },
    )
    for server in servers:
        for link in ice_links(server):
            response.headers.append("Link", link)
    return response


def ice_links(server: IceServer) -> list[str]:
    """A STUN or TURN server as `Link` fields (RFC 9725 §4.6)."""
    secrets = ""
    if server.username or server.credential:
        secrets = (
            f"; username={_quoted(server.username)}; credential={_quoted(server.credential)}"
            '; credential-type="password"'
        )
    return [f'<{quote(url, safe=":/?=&,;@[]")}>; rel="ice-server"{secrets}' for url in server.urls]


def _quoted(text: str) -> str:
    """A quoted string (RFC 9110 §5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(letter for letter in escaped if " " <= letter <= "~") + '"'
