"""What a document may read while it is laid out: its own fonts and the logo handed in, and nothing else.

WeasyPrint is imported inside the functions, so that the application runs on a machine without pango.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.images import media_type_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

SCHEME: Final = "document-asset:"
LOGO_ADDRESS: Final = f"{SCHEME}logo"
FONT_FOLDER: Final = Path(__file__).parent.parent / "assets" / "fonts"
STYLE_FILE: Final = Path(__file__).parent / "document.css"
SCREEN_STYLE_FILE: Final = Path(__file__).parent / "screen.css"
FONTS: Final = (
    ("Document Sans", 400, "NotoSansSC-Regular.woff2"),
    ("Document Sans", 700, "NotoSansSC-Bold.woff2"),
    ("Document Sans Latin", 400, "DocumentSansLatin-Regular.woff2"),
    ("Document Sans Latin", 700, "DocumentSansLatin-Bold.woff2"),
    ("Document Sans Rare", 400, "NotoSansSC-Regular-rare.woff2"),
)
LOGO_BYTES: Final = 2_000_000


class RefusedResource(Exception):
    """A document asked for something that was not handed in."""


def closed_fetcher(resources: Mapping[str, tuple[bytes, str]]) -> URLFetcher:
    """A fetcher that knows only the given addresses (address → content, media type) and refuses every other one.

    It opens no file and no connection for any address: what is not in the mapping raises RefusedResource, which
    WeasyPrint logs and leaves out.
    """
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class ClosedFetcher(URLFetcher):
        def __init__(self) -> None:
            super().__init__(allowed_protocols=(), allow_redirects=False)

        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            if url not in resources:
                raise RefusedResource("A document reads nothing but what it was given.")
            content, media_type = resources[url]
            return URLFetcherResponse(url, content, {"Content-Type": media_type})

    return ClosedFetcher()


def usable_logo(content: bytes | None) -> tuple[bytes, str] | None:
    """The logo and its media type if it is a sound PNG or JPEG of sensible size; None for anything else, SVG too."""
    if not content or len(content) > LOGO_BYTES:
        return None
    media_type = media_type_of(content)
    return (content, media_type) if media_type else None


def page_style() -> str:
    """The style sheet of the page to print: that of the PDF, and how it looks on a screen. To be served as text/css."""
    return STYLE_FILE.read_text(encoding="utf-8") + SCREEN_STYLE_FILE.read_text(encoding="utf-8")


def typesetting() -> tuple[FontConfiguration, list[CSS]]:
    """The fonts and style sheets, made once per process: a child after a fork makes its own."""
    return _typesetting(os.getpid())


@lru_cache(maxsize=1)
def _typesetting(process_id: int) -> tuple[FontConfiguration, list[CSS]]:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    files = {f"{SCHEME}{name}": ((FONT_FOLDER / name).read_bytes(), "font/woff2") for _family, _weight, name in FONTS}
    faces = "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url("{SCHEME}{name}") }}\n'
        for family, weight, name in FONTS
    )
    style = faces + STYLE_FILE.read_text(encoding="utf-8")
    return fonts, [CSS(string=style, font_config=fonts, url_fetcher=closed_fetcher(files))]
