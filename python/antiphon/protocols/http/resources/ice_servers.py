"""STUN and TURN servers, in the shape of `RTCIceServer`, with credentials that expire."""

from fastapi import APIRouter
from pydantic import BaseModel

from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.runtime import Live

router = APIRouter(prefix="/api/v1/ice-servers", tags=["media"])


class IceServerView(BaseModel):
    """A server; username and credential with TURN."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceServerList(BaseModel):
    """For `RTCConfiguration.iceServers`."""

    ice_servers: list[IceServerView]


@router.get("", response_model_exclude_none=True)
async def list_ice_servers(live: Live, caller: CurrentCaller) -> IceServerList:
    """The servers that a browser should use. The node itself needs none to be reached."""
    servers = [
        IceServerView(
            urls=list(server.urls),
            username=server.username or None,
            credential=server.credential or None,
        )
        for server in live.context.ice_servers.for_caller(caller)
    ]
    return IceServerList(ice_servers=servers)
