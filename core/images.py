"""Pictures that people hand in: what they are is read from their content, never from a name or a header."""

from __future__ import annotations

import io
import warnings
import zlib
from typing import Final

LARGEST_PIXELS: Final = 16_000_000
# Each scan of a JPEG goes over the whole picture again; cameras and editors write ten or fewer, a bomb thousands.
MOST_SCANS: Final = 32
_SCAN: Final = b"\xff\xda"
MEDIA_TYPES: Final = {"PNG": "image/png", "JPEG": "image/jpeg"}


def media_type_of(content: bytes) -> str | None:
    """`image/png` or `image/jpeg` of a sound picture of sensible size; None for anything else, a truncated one too."""
    from PIL import Image

    if content.startswith(b"\xff\xd8") and content.count(_SCAN) > MOST_SCANS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=tuple(MEDIA_TYPES)) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    return None
                image.load()
                kind = image.format or ""
    except Exception:
        return None
    # Pillow may have been told by another library to make do with truncated files.
    whole = _png_is_whole(content) if kind == "PNG" else _jpeg_is_whole(content)
    return MEDIA_TYPES.get(kind) if whole else None


def _png_is_whole(content: bytes) -> bool:
    """Whether every chunk up to the last one is there with its checksum."""
    start = 8
    while start + 12 <= len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4])
        kind, checksum = content[start + 4 : start + 8], int.from_bytes(content[end - 4 : end])
        if end > len(content) or zlib.crc32(content[start + 4 : end - 4]) != checksum:
            return False
        if kind == b"IEND":
            return True
        start = end
    return False


def _jpeg_is_whole(content: bytes) -> bool:
    """Whether the last scan comes to its end; a marker cannot stand within a scan's own data."""
    return content.rfind(b"\xff\xd9") > content.rfind(_SCAN)
