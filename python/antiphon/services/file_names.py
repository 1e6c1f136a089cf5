"""Names and media types of files, as strangers give them: what is taken, and what is safe to show.

Names never become paths here: files are stored by ids of ours.
"""

import mimetypes
import re
import unicodedata

from antiphon.core.reason import Reason, Refused

MAX_NAME = 255  # bytes of UTF-8, as file systems have it
MAX_TYPE = 127
UNKNOWN = "application/octet-stream"

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")  # RFC 6838 §4.2
# Overrides of direction make "gpj.exe" of "exe.jpg" (Unicode TR #36 §3.5).
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def check_name(name: str) -> str:
    """The name in composed form. Raises `Refused(BAD_REQUEST)` for what could be a path or a
    trick.
    """
    name = unicodedata.normalize("NFC", name).strip()
    bad = any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for c in name)
    if bad or not name or name in (".", "..") or {"/", "\\", *_TURNING} & set(name):
        raise Refused(Reason.BAD_REQUEST, "This is not a name for a file.")
    if len(name.encode()) > MAX_NAME:
        raise Refused(Reason.BAD_REQUEST, f"A file's name has at most {MAX_NAME} bytes.")
    return name


def check_type(media_type: str, name: str) -> str:
    """The media type without parameters; guessed from the name where none is given. Raises
    `Refused(BAD_REQUEST)`.
    """
    bare = media_type.partition(";")[0].strip().lower()
    if not bare:
        return mimetypes.guess_type(name, strict=True)[0] or UNKNOWN
    if len(bare) > MAX_TYPE or _TYPE.fullmatch(bare) is None:
        raise Refused(Reason.BAD_REQUEST, "This is not a media type.")
    return bare


def is_taken(media_type: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of `*/*`, `image/*`, `image/png` names it."""
    kind = media_type.partition("/")[0]
    return bool({"*/*", f"{kind}/*", media_type} & set(patterns))
