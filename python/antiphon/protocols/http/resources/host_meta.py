"""Where other protocols of this host are found on the web (RFC 6415), in XML and JSON: what
`HttpContext.links` says, as absolute addresses.
"""

from xml.sax.saxutils import quoteattr

from fastapi import APIRouter, Request, Response

from antiphon.protocols.http.runtime import Live

router = APIRouter(tags=["discovery"])

XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0"
# Pages of any origin may ask.
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


@router.get("/.well-known/host-meta", include_in_schema=False)
async def host_meta(live: Live, request: Request) -> Response:
    """RFC 6415 §3."""
    links = "".join(
        f"<Link rel={quoteattr(rel)} href={quoteattr(href)}/>"
        for rel, href in _links(live, request)
    )
    text = f"<?xml version='1.0' encoding='utf-8'?><XRD xmlns='{XRD}'>{links}</XRD>"
    return Response(text, media_type="application/xrd+xml", headers=_HEADERS)


@router.get("/.well-known/host-meta.json", include_in_schema=False)
async def host_meta_json(
    live: Live, request: Request, response: Response
) -> dict[str, list[dict[str, str]]]:
    """RFC 6415 appendix A."""
    response.headers.update(_HEADERS)
    return {"links": [{"rel": rel, "href": href} for rel, href in _links(live, request)]}


def _links(live: Live, request: Request) -> list[tuple[str, str]]:
    """(relation, address); a path that a WebSocket is for has `ws:` before it."""
    context = live.context
    base = context.config.public_url.rstrip("/")
    if not base:
        base = f"{request.url.scheme}://{request.url.netloc}"
    found: list[tuple[str, str]] = []
    for rel, place in context.links.items():
        path = place.removeprefix("ws:")
        root = base if path == place else base.replace("http", "ws", 1)
        found.append((rel, root + path))
    return found
