"""Pages and data leave compressed where the browser takes it, and as they are where their size could tell a secret.

Whoever watches the wire sees sizes, not texts. Compressed sizes tell more: if he also makes somebody's browser ask for
a page with words of his own in it (a search, an address), the answer is shorter when the page holds those words a
second time, and so he reads it sign by sign (the attack called BREACH). What stands against it:

- An answer is compressed only where nothing but this site, or the person himself, asked for it (`_is_asked_here`).
- The token of forms, the one secret that pages hold again and again, is another text in each (`web.csrf`).
- What is shown once is marked where it is written (`{{ token|secret }}`), and its page goes out as it is.
- Whole pages end in a comment of random length, so that one answer's size says little.

Streams and files to be handed out are left alone: news must not wait for more to compress, and a file's length is what
a browser's progress is made of. Small answers fit one packet as they are.

Chosen over Flask-Compress (1.25), which has none of the four, takes `br;q=0` for a wish, and brings a third compressor.
"""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable, Mapping
from typing import Final

import brotli
from flask import Flask, after_this_request, request
from werkzeug.datastructures import Accept
from werkzeug.wrappers import Response

from web.permissions import is_api_request

SMALLEST_BYTES: Final = 1_000
TYPES: Final = frozenset({"text/html", "text/css", "text/plain", "application/json", "application/problem+json"})
# What answers that need not have a body of their own must be left as: 204, 206 (part of a file), 304.
_LEFT_ALONE: Final = frozenset({204, 206, 304})
_OWN: Final = ("Content-Encoding", "Content-Range", "Content-Disposition")
_HERE: Final = frozenset({"same-origin", "none"})
MOST_PADDING_BYTES: Final = 64
# A list of fifty rows, 66 kB, becomes 8.4 kB in 0.75 ms of processor time; one quality less saves 0.25 ms and adds a
# tenth, one more gains nothing, gzip takes as long for 9.3 kB.
BROTLI_QUALITY: Final = 5
BROTLI_WINDOW_BITS: Final = 18
GZIP_LEVEL: Final = 6
_END: Final = b"</html>"


def _brotli(body: bytes) -> bytes:
    packed: bytes = brotli.compress(body, quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW_BITS)
    return packed


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


# By preference.
ENCODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"br": _brotli, "gzip": _gzip}


def install(app: Flask) -> None:
    """Compress answers after all else is done with them: what is registered first runs last."""
    app.after_request(compress)
    app.jinja_env.filters["secret"] = secret


def encoding_of(accepted: Accept) -> str | None:
    """The encoding a browser likes best of ours; None where it takes none, or would rather have the answer as it is."""
    best = max(ENCODERS, key=accepted.quality)
    liked = accepted.quality(best)
    return best if liked > 0 and liked >= accepted.quality("identity") else None


def keep_plain() -> None:
    """Neither we nor a proxy on the way may compress the answer to this request."""

    @after_this_request
    def leave_alone(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store, no-transform"
        return response


def secret(text: str) -> str:
    """What is shown this once, to be written into a page that is then kept plain."""
    keep_plain()
    return text


def compress(response: Response) -> Response:
    """The answer in the encoding its browser likes best, or as it is where that would gain nothing or tell too much."""
    if not _is_worth_it(response):
        return response
    response.vary.add("Accept-Encoding")
    encoding = encoding_of(request.accept_encodings)
    if encoding is None or not _is_asked_here():
        return response
    body = response.get_data()
    if response.mimetype == "text/html":
        body = _padded(body)
    response.set_data(ENCODERS[encoding](body))
    response.headers["Content-Encoding"] = encoding
    mark, is_weak = response.get_etag()
    if mark is not None and not is_weak:
        response.set_etag(mark, weak=True)  # the same text, no longer the same bytes
    return response


def _is_worth_it(response: Response) -> bool:
    if response.is_streamed or response.direct_passthrough or response.status_code in _LEFT_ALONE:
        return False
    if (response.calculate_content_length() or 0) < SMALLEST_BYTES or response.mimetype not in TYPES:
        return False
    return not any(name in response.headers for name in _OWN) and not response.cache_control.no_transform


def _is_asked_here() -> bool:
    """Whether no other site made the browser ask: the browser itself says so, over https at least. One over https that
    says nothing is too old to. Without https whoever watches reads the page as it is. Calls of the API carry a token of
    their own, which no other site's page can send."""
    site = request.headers.get("Sec-Fetch-Site")
    if is_api_request():
        return True
    return site in _HERE if site is not None else not request.is_secure


def _padded(page: bytes) -> bytes:
    """A whole page with a comment of random length at its end; a part of a page stays as it is."""
    if not page[-16:].rstrip().endswith(_END):
        return page
    # Two of these signs are one byte when compressed.
    return b"%b<!--%b-->" % (page, secrets.token_hex(secrets.randbelow(MOST_PADDING_BYTES)).encode())
