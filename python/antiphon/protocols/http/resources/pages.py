"""The web pages and components: `/`, `/r/{room}`, `/components/antiphon.js`, and the files they
load.
"""

import re

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from antiphon.protocols.http.config import HttpConfig
from antiphon.protocols.http.runtime import Live, Runtime

router = APIRouter(include_in_schema=False)

# Pages capture and share; what they embed does not.
_PERMISSIONS = ", ".join(
    [
        *(
            f"{feature}=(self)"
            for feature in (
                "camera",
                "microphone",
                "display-capture",
                "speaker-selection",
                "autoplay",
                "fullscreen",
                "picture-in-picture",
                "screen-wake-lock",
                "clipboard-write",
            )
        ),
        *(f"{feature}=()" for feature in ("geolocation", "payment", "usb", "serial", "hid")),
    ]
)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
# Scripts and styles are for pages of any origin: components are embedded.
_FOR_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def page_policy(config: HttpConfig, host: str) -> str:
    """Content-Security-Policy of our pages (CSP 3): everything from here, no script within the
    page.

    `style-src` allows `<style>` elements, which components use within their shadow trees.
    """
    ancestors = " ".join(config.frame_ancestors) or "'none'"
    # Not every browser takes 'self' to mean WebSockets as well.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob: mediastream:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        )
    )


@router.get("/")
async def home(request: Request, live: Live) -> Response:
    """The demo page."""
    return _page(request, live, "index.html")


@router.get("/r/{room}")
async def room_page(request: Request, live: Live, room: str) -> Response:
    """The join page of a room; the page itself reads the room's name from its address."""
    live.context.addresses.room(room)
    return _page(request, live, "room.html")


class Files:
    """Whatever the pages load: the application of all addresses that no route takes."""

    def __init__(self, runtime: Runtime) -> None:
        self._assets = runtime.assets
        self._config = runtime.context.config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, or say that there is none."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        request = Request(scope, receive)
        name = request.url.path.removeprefix("/")
        if self._assets is None or self._assets.find(name) is None:
            raise HTTPException(404)
        if request.method != "GET":
            raise HTTPException(405, headers={"Allow": "GET, HEAD, OPTIONS"})
        if name.endswith(".html"):
            fields = page_fields(self._config, request.headers.get("host", ""))
        else:
            fields = _FOR_ALL
        await self._assets.response(name, request.headers, **fields)(scope, receive, send)


def page_fields(config: HttpConfig, host: str) -> dict[str, str]:
    """Header fields of a page."""
    return {
        "Content-Security-Policy": page_policy(config, host),
        "Permissions-Policy": _PERMISSIONS,
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


def _page(request: Request, live: Live, name: str) -> Response:
    if live.assets is None:
        raise HTTPException(404)
    fields = page_fields(live.context.config, request.headers.get("host", ""))
    return live.assets.response(name, request.headers, **fields)
