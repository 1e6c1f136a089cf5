"""Whether a PNG or JPEG file is nothing but its picture: no metadata, nothing behind its end."""

# Chunks that only say how the picture is shown (PNG 3rd edition §11).
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"sBIT"}
)
_START_OF_SCAN, _END = 0xDA, 0xD9
# Tables, frames, restarts (ITU-T T.81 table B.1), JFIF and Adobe's word on colours.
_JPEG_SEGMENTS = frozenset({*range(0xC0, 0xC8), *range(0xC9, 0xD0), 0xDB, 0xDD, 0xE0, 0xEE})
_JFIF_LIMIT = 16  # an APP0 segment that holds more has a thumbnail, or something else


def is_plain(data: bytes) -> bool:
    """Whether the file can be handed on as it is, once it is known to be a picture."""
    return _is_plain_png(data) if data.startswith(_PNG) else _is_plain_jpeg(data)


def _is_plain_png(data: bytes) -> bool:
    at = len(_PNG)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        kind = data[at + 4 : at + 8]
        if kind not in _PNG_CHUNKS:
            return False
        at += 12 + size
        if kind == b"IEND":
            return size == 0 and at == len(data)
    return False


def _is_plain_jpeg(data: bytes) -> bool:
    if not data.startswith(b"\xff\xd8"):
        return False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == _START_OF_SCAN:
            return _ends_with_scan(data, at)
        if marker not in _JPEG_SEGMENTS or (marker == 0xE0 and size > _JFIF_LIMIT):
            return False
        at += 2 + size
    return False


def _ends_with_scan(data: bytes, at: int) -> bool:
    """Whether nothing but scans and their tables comes up to the end of the file."""
    while True:
        at = data.find(b"\xff", at + 1)
        if at < 0 or at + 1 >= len(data):
            return False
        marker = data[at + 1]
        if marker == _END:
            return at + 2 == len(data)
        if marker in _JPEG_SEGMENTS or marker == _START_OF_SCAN:
            at += 1 + int.from_bytes(data[at + 2 : at + 4])  # a progressive picture has several
        elif not (marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7):
            return False
