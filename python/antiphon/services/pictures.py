"""Turns files that strangers call pictures into small ones; blocks, so it runs in a thread.

Only four formats are tried, the size is looked at before a pixel is decoded, and what comes out
has no metadata: neither where a photograph was taken nor what was hidden in it.
"""

import hashlib
import struct
from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps

from antiphon.core.reason import Reason, Refused
from antiphon.stores.profiles import Picture

from .plain_pictures import is_plain

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MEDIA_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})

# Decoding takes up to 4 bytes for each pixel of a PNG, and of a JPEG far less where it is scaled
# while it is decoded.
MAX_PIXELS = 25_000_000
MAX_JPEG_PIXELS = 50_000_000

AVATAR_SIZE = 512
AVATAR_BYTES = 200_000  # others show it in lists: a picture of that size looks well in less
SMALL_SIZE = 96
THUMBNAIL_SIZE = 640

_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)

# Beyond this Pillow warns, and beyond twice as much it refuses by itself; we refuse before.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS


def make_avatar(data: bytes) -> Picture:
    """The picture to show, and a small one. Raises `Refused`: UNSUPPORTED, TOO_LARGE."""
    try:
        image, kind = _open(BytesIO(data), AVATAR_SIZE)
        fits = max(image.size) <= AVATAR_SIZE and len(data) <= AVATAR_BYTES
        if fits and kind in ("PNG", "JPEG") and is_plain(data):
            written, media_type = data, f"image/{kind.lower()}"
        else:
            image = _scaled(image, AVATAR_SIZE)
            written, media_type = _written(image)
            if len(written) > AVATAR_BYTES:
                image = _scaled(image, AVATAR_SIZE // 2)
                written, media_type = _written(image)
        small, _ = _written(_scaled(image, SMALL_SIZE), media_type)
    except _BROKEN as error:
        raise _refuse(error) from None
    return Picture(
        id=hashlib.sha1(written, usedforsecurity=False).hexdigest(),
        media_type=media_type,
        width=image.width,
        height=image.height,
        data=written,
        thumbnail=small,
    )


def make_thumbnail(file: Path) -> tuple[bytes, str, tuple[int, int]]:
    """A smaller picture of a file, its media type, and width and height of the file's own.

    Raises `Refused`: UNSUPPORTED, TOO_LARGE.
    """
    try:
        with file.open("rb") as opened:
            image, _ = _open(opened, THUMBNAIL_SIZE)
            size = image.info["antiphon_size"]
            written, media_type = _written(_scaled(image, THUMBNAIL_SIZE))
    except _BROKEN as error:
        raise _refuse(error) from None
    return written, media_type, size


def _open(file: IO[bytes], wanted: int) -> tuple[Image.Image, str]:
    """The first frame, decoded and upright; and its format. Its `antiphon_size` is that of all."""
    opened = Image.open(file, formats=FORMATS)
    kind = opened.format or ""
    limit = MAX_JPEG_PIXELS if kind == "JPEG" else MAX_PIXELS
    if opened.width * opened.height > limit:
        text = f"The picture has more than {limit // 1_000_000} million pixels."
        raise Refused(Reason.TOO_LARGE, text)
    size = opened.size
    opened.draft("RGB" if opened.mode != "L" else "L", (wanted, wanted))
    turned = opened.getexif().get(0x0112, 1) >= 5  # orientations that swap width and height
    opened.load()
    image = ImageOps.exif_transpose(opened)
    image.info["antiphon_size"] = size[::-1] if turned else size
    return image, kind


def _scaled(image: Image.Image, limit: int) -> Image.Image:
    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain = image.convert("RGBA" if alpha else "RGB")
    plain.thumbnail((limit, limit), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return plain


def _written(image: Image.Image, media_type: str = "") -> tuple[bytes, str]:
    """JPEG for what has no transparent pixel, else PNG; or what is asked for."""
    if not media_type:
        opaque = image.mode == "RGB" or image.getextrema()[-1] == (255, 255)
        media_type = "image/jpeg" if opaque else "image/png"
    out = BytesIO()
    if media_type == "image/jpeg":
        image.convert("RGB").save(out, "JPEG", quality=88, optimize=True)
    else:
        _without_info(image).save(out, "PNG", optimize=True)
    return out.getvalue(), media_type


def _without_info(image: Image.Image) -> Image.Image:
    """Without what Pillow would write into the file besides pixels."""
    image.info = {}
    return image


def _refuse(error: BaseException) -> Refused:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Refused(Reason.TOO_LARGE, "The picture has too many pixels.")
    return Refused(Reason.UNSUPPORTED, "This is not a PNG, JPEG, WebP or GIF picture.")
