"""Uploaded files: PUT into a slot, GET by whoever has the address (as XEP-0363 asks of a server).

The address is the permission: it holds 128 random bits. Pages of every origin may use it, and
nothing that comes from it may run as a page of ours.
"""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.assets import matches
from antiphon.protocols.http.bodies import length_of, pieces
from antiphon.protocols.http.errors import HttpRefused
from antiphon.protocols.http.people import Uploads
from antiphon.protocols.http.ranges import read_range
from antiphon.protocols.http.runtime import Live, people_of
from antiphon.stores.files import FileRecord

router = APIRouter(prefix="/upload", tags=["files"])

# What a browser shows without running anything in it. SVG and HTML are not among them.
_INLINE = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/webm",
        "audio/mp4",
        "audio/flac",
        "video/mp4",
        "video/webm",
        "video/ogg",
        "text/plain",
    }
)
SAFE = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Range, Content-Length, ETag",
}
# A file never changes; but it may be deleted, so that copies do not last for ever.
CACHED = "private, max-age=86400, immutable"

FileId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.options("/{id}/{name}", include_in_schema=False)
async def preflight() -> Response:
    """Pages of other origins may PUT and GET (Fetch §3.2.2)."""
    fields = {
        **OPEN,
        "Access-Control-Allow-Methods": "GET, HEAD, PUT, OPTIONS",
        "Access-Control-Allow-Headers": "Content-Type, Range, If-None-Match, If-Range",
        "Access-Control-Max-Age": "7200",
        "Allow": "GET, HEAD, PUT, OPTIONS",
    }
    return Response(status_code=204, headers=fields)


@router.put("/{id}/{name}", status_code=201, response_class=Response)
async def put_file(
    id: FileId, name: str, token: Annotated[str, Query(max_length=64)], live: Live, request: Request
) -> Response:
    """Fill a slot with exactly the bytes that it was made for."""
    files = people_of(live).files
    upload = await files.receive(id, token)
    try:
        _check(upload.record, name, request)
        patience = live.context.limits.body_timeout
        async for piece in pieces(request, upload.record.size, patience):
            await upload.write(piece)
        await upload.store()
    except ClientDisconnect:
        raise HttpRefused(Reason.BAD_REQUEST, "The upload is not complete.") from None
    finally:
        await upload.drop()
    headers = {**OPEN, "Location": files.url(upload.record)}
    return Response(status_code=201, headers=headers)


def _check(record: FileRecord, name: str, request: Request) -> None:
    """Refuse before a byte is read what cannot become this file."""
    if name != record.name:
        raise HttpRefused(Reason.NOT_FOUND, "There is no such place for an upload.")
    ends = {"Connection": "close", **OPEN}
    length = length_of(request)
    if length is None:
        text = "Say how long the file is, by Content-Length."
        raise HttpRefused(Reason.BAD_REQUEST, text, status=411, headers=ends)
    if length != record.size:
        reason = Reason.TOO_LARGE if length > record.size else Reason.BAD_REQUEST
        text = f"The slot was made for a file of {record.size} bytes."
        raise HttpRefused(reason, text, headers=ends)
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said and said != record.media_type:
        text = f"The slot was made for a file of type {record.media_type}."
        raise HttpRefused(Reason.UNSUPPORTED, text, headers=ends)


@router.get("/{id}/{name}", response_class=Response)
async def get_file(
    id: FileId,
    name: str,
    live: Live,
    request: Request,
    small: Annotated[bool, Query(description="A smaller picture of a picture.")] = False,
) -> Response:
    """Read a file, or a part of it."""
    files = people_of(live).files
    record = await files.find(id)
    if record is None or record.stored_at is None or record.name != name:
        raise Refused(Reason.NOT_FOUND, "There is no such file.")
    tag = f"{record.digest}-small" if small else str(record.digest)
    fields = {**SAFE, **OPEN, "ETag": f'"{tag}"', "Cache-Control": CACHED}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=fields)
    if small:
        data = await files.read_small(record)
        media_type = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        return Response(data, headers=fields, media_type=media_type)
    return await _send(files, record, request, fields)


async def _send(
    files: Uploads, record: FileRecord, request: Request, fields: dict[str, str]
) -> Response:
    part = None
    condition = request.headers.get("if-range")
    if condition is None or condition == fields["ETag"]:
        part = read_range(request.headers.get("range", ""), record.size)
    start, length = part or (0, record.size)
    fields |= {
        "Accept-Ranges": "bytes",
        "Content-Length": str(length),
        "Content-Disposition": _disposition(record),
    }
    if part is not None:
        fields["Content-Range"] = f"bytes {start}-{start + length - 1}/{record.size}"
    content: AsyncIterator[bytes] = await files.read(record, start, length)
    return StreamingResponse(
        content,
        status_code=200 if part is None else 206,
        headers=fields,
        media_type=record.media_type,
    )


def _disposition(record: FileRecord) -> str:
    """How to treat it, with its name as RFC 6266 §4.1 and RFC 8187 write it."""
    kind = "inline" if record.media_type in _INLINE else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(record.name, safe='')}"
