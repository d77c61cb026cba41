"""Rate limits at the edge: which kind of call a route is, who is counted, and what somebody over the limit is told.

A route says its kind where it says its permission (`limit=SEARCH`). Every call of the API with a token counts as one of
the token's, and every form that anybody may send counts for the address it comes from, whether or not it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import Flask, g, request
from flask_babel import ngettext
from werkzeug.exceptions import TooManyRequests

from core.rate_limits import Limiter, subject_of_address
from web.permissions import PUBLIC, is_api_request, required_permission
from web.sentences import sentence_for

SIGN_IN: Final = "sign_in"
"""Showing who one is, per address, beside the growing delay after failures."""
PUBLIC_FORM: Final = "public_form"
"""Any other form that anybody may send, per address."""
SEARCH: Final = "search"
LOOKUP: Final = "lookup"
EXPORT: Final = "export"
PDF: Final = "pdf"
"""Searches (any page with words to search for is one), look-ups while typing, exports, papers: per person."""
API: Final = "api"
"""Calls of the API, per token."""

_BY_ADDRESS: Final = frozenset({SIGN_IN, PUBLIC_FORM})
SEARCH_PARAMETER: Final = "q"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_READS: Final = frozenset({"GET", "HEAD"})  # HEAD does all the work of GET


def install(app: Flask, settings: Any) -> None:
    """Counts by the settings' limits; settings that name none count nothing."""
    limits: Mapping[str, int] = getattr(settings, "rate_limits", None) or {}
    app.extensions["limiter"] = Limiter(limits) if limits else None


def hold_back(app: Flask) -> None:
    """Before each request that may go on: counts it. Raises TooManyRequests with the seconds to wait."""
    limiter: Limiter | None = app.extensions["limiter"]
    if limiter is None or request.endpoint is None or request.routing_exception is not None:
        return
    kinds = list(kinds_of(app, request.endpoint, request.method))
    if not kinds and request.method in _READS and request.args.get(SEARCH_PARAMETER):
        kinds = [SEARCH]
    for kind in kinds:
        seconds = limiter.take(kind, _subject(kind))
        if seconds:
            raise TooManyRequests(retry_after=seconds)


def kinds_of(app: Flask, endpoint: str, method: str) -> Iterator[str]:
    """The kinds a call counts as."""
    declared = app.extensions.get("route_limits", {}).get((endpoint, "GET" if method == "HEAD" else method))
    permission = required_permission(app, endpoint, method)
    if permission == PUBLIC:
        if declared or method not in _SAFE:
            yield declared or PUBLIC_FORM
        return
    if endpoint.startswith("api."):
        yield API
    if declared:
        yield declared


def _subject(kind: str) -> str:
    if kind in _BY_ADDRESS or g.actor is None:
        return subject_of_address(request.remote_addr)
    credential = getattr(g.actor.preferences, "credential_id", None)
    if kind == API and is_api_request() and credential is not None:
        return f"token {credential}"
    return f"user {g.actor.user_id}"


@sentence_for("too_many_requests")
def _too_many_requests(data: Mapping[str, Any]) -> str:
    return ngettext(
        "This was asked too often. Try again in %(num)s second.",
        "This was asked too often. Try again in %(num)s seconds.",
        max(1, int(data.get("seconds") or 1)),
    )
