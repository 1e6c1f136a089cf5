"""What this node offers, and where: for clients that know only its name."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from antiphon.protocols.http.runtime import Live

router = APIRouter(tags=["discovery"])


class NodeView(BaseModel):
    """A node of the farm."""

    name: str
    version: str


class Discovery(BaseModel):
    """The node and its endpoints."""

    domain: str = Field(description="Of addresses: `name@domain`.")
    rooms: str = Field(description="Domain of rooms' addresses.")
    version: str
    nodes: list[NodeView] = Field(description="This node, and others it knows.")
    http: dict[str, str] = Field(
        description="Paths on this server; `{…}` is to be filled in (RFC 6570)."
    )
    endpoints: dict[str, list[str]] = Field(description="Other listeners: protocol → addresses.")
    guests: bool = Field(description="Whether `/api/v1/auth/guest` gives anybody a token.")
    registration: bool = Field(description="Whether anybody may make an account.")


_PATHS = {
    "api": "/api/v1",
    "openapi": "/api/v1/openapi.json",
    "docs": "/api/docs",
    "events": "/api/v1/events",
    "ice_servers": "/api/v1/ice-servers",
    "whip": "/rooms/{room}/whip",
    "whep": "/rooms/{room}/whep{?member}",
    "metrics": "/metrics",
}
_PAGES = {
    "home": "/",
    "room": "/r/{room}{?name}",
    "components": "/components/antiphon.js",
}


@router.get("/.well-known/antiphon.json")
async def discover(live: Live, response: Response) -> Discovery:
    """Describe this node."""
    context = live.context
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "no-cache"
    paths = dict(_PATHS)
    if context.assets is not None:
        paths |= _PAGES
    if any(getattr(route, "path", "") == "/ws" for route in context.routes):
        paths["ws"] = "/ws"
    return Discovery(
        domain=context.addresses.domain,
        rooms=context.addresses.room("x").domain,
        version=context.version,
        nodes=[NodeView(name=context.node or context.addresses.domain, version=context.version)],
        http=paths,
        endpoints={name: list(places) for name, places in context.endpoints().items()},
        guests=context.guests is not None,
        registration=context.registration,
    )
