"""A page to browse the API with: our own, so that it works without the internet."""

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from antiphon.protocols.http.assets import Assets

router = APIRouter(include_in_schema=False)

_FILES = Assets(Path(__file__).parent.parent / "docs_page")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/api/docs")
async def docs(request: Request) -> Response:
    """The page."""
    fields = {"Content-Security-Policy": _POLICY}
    return _FILES.response("docs.html", request.headers, **fields)


@router.get("/api/docs/{name}")
async def file(request: Request, name: str) -> Response:
    """What the page loads."""
    return _FILES.response(name, request.headers)
