"""Files of the web pages: read once, kept in memory, sent with a strong ETag and compressed where
the peer can read it.

It knows a folder and header fields, no page by name.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from starlette.datastructures import Headers
from starlette.responses import Response

from antiphon.core.reason import Reason, Refused

FILE_LIMIT = 16 * 1024 * 1024

# What a build tool names by its content, as `chunk-5F3KX2QA.js`, never changes.
_HASHED = re.compile(r"[-.][A-Z2-7]{8}\.[a-z0-9]+(\.map)?$")
_UNCHANGING = "public, max-age=31536000, immutable"
_CHECK_EACH_TIME = "no-cache"

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
}
_COMPRESSED = frozenset({".js", ".mjs", ".css", ".html", ".json", ".map", ".svg", ".webmanifest"})


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's content. `stamp`: modification time (ns) and size, by which a change is noticed."""

    content: bytes
    zipped: bytes | None
    media_type: str
    etag: str
    stamp: tuple[int, int]


class Assets:
    """The files below one folder. What lies outside, is hidden or too large is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._kept: dict[str, Asset] = {}

    def response(self, name: str, headers: Headers, **fields: str) -> Response:
        """The file, 304 when the peer has it already (RFC 9110 §13.1.2). Raises
        `Refused(NOT_FOUND)`.
        """
        asset = self.find(name)
        if asset is None:
            raise Refused(Reason.NOT_FOUND, "There is nothing at this address.")
        zipped = asset.zipped is not None and accepts_gzip(headers.get("accept-encoding", ""))
        # Two encodings are two representations: each has its own strong tag (RFC 9110 §8.8.3.3).
        etag = f'"{asset.etag}-gzip"' if zipped else f'"{asset.etag}"'
        common = {
            "ETag": etag,
            "Cache-Control": _UNCHANGING if _HASHED.search(name) else _CHECK_EACH_TIME,
            "Vary": "Accept-Encoding",
            **fields,
        }
        if matches(headers.get("if-none-match", ""), asset.etag):
            return Response(status_code=304, headers=common)
        if zipped and asset.zipped is not None:
            common["Content-Encoding"] = "gzip"
            return Response(asset.zipped, headers=common, media_type=asset.media_type)
        return Response(asset.content, headers=common, media_type=asset.media_type)

    def find(self, name: str) -> Asset | None:
        """The file of that name, with `/` between folders."""
        path = self._path(name)
        if path is None:
            return None
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        kept = self._kept.get(name)
        if kept is not None and kept.stamp == stamp:
            return kept
        if not path.is_file() or status.st_size > FILE_LIMIT:
            return None
        asset = self._kept[name] = _read(path, stamp)
        return asset

    def _path(self, name: str) -> Path | None:
        parts = PurePosixPath(name).parts
        if not parts or any(part.startswith(".") or "\0" in part or part == "/" for part in parts):
            return None
        try:
            path = self._folder.joinpath(*parts).resolve()
        except (OSError, ValueError):
            return None
        return path if path.is_relative_to(self._folder) else None


def _read(path: Path, stamp: tuple[int, int]) -> Asset:
    content = path.read_bytes()
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(
        content=content,
        zipped=gzip.compress(content, mtime=0) if path.suffix in _COMPRESSED else None,
        media_type=_TYPES.get(path.suffix, guessed),
        etag=hashlib.sha256(content).hexdigest()[:24],
        stamp=stamp,
    )


def accepts_gzip(field: str) -> bool:
    """Whether an `Accept-Encoding` field takes gzip (RFC 9110 §12.5.3)."""
    wildcard = False
    for item in field.split(","):
        coding, _, parameters = item.strip().partition(";")
        refused = re.fullmatch(r"\s*q=0(\.0{0,3})?\s*", parameters) is not None
        if coding.strip().lower() in ("gzip", "x-gzip"):
            return not refused
        if coding.strip() == "*":
            wildcard = not refused
    return wildcard


def matches(field: str, etag: str) -> bool:
    """Whether an `If-None-Match` field names the tag, in any of its encodings (weak comparison, RFC
    9110 §8.8.3.2).
    """
    if field.strip() == "*":
        return True
    tags = (item.strip().removeprefix("W/").strip('"') for item in field.split(","))
    return any(tag.removesuffix("-gzip") == etag for tag in tags)
