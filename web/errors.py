"""Refusals and failures: a page in the product's look for people, problem+json for machines. Never a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from flask import Flask, Response, g, render_template
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, TooManyRequests

from core.encoding import dump_json
from core.errors import DomainError
from core.masks import as_data
from web.permissions import is_api_request
from web.sentences import sentence

log = structlog.get_logger(__name__)

PROBLEM: Final = "application/problem+json"
CODES: Final = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large_body",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}


def http_texts(status: int) -> tuple[str, str]:
    """Title and sentence of an HTTP status."""
    texts = {
        400: (
            _("This could not be read"),
            _("The request was not complete. Go back, open the page again and repeat the change."),
        ),
        401: (_("Sign in first"), _("This needs a signed-in user.")),
        403: (_("Not open to your role"), _("Your role does not allow this. An administrator can change it.")),
        404: (_("Nothing here"), _("There is no such page or record, or it is not open to you.")),
        405: (_("Not possible this way"), _("This address does not take that kind of request.")),
        409: (_("Already changed"), _("Something else happened first. Open the page again and look.")),
        415: (_("Not in this form"), _("This takes JSON. Send it with the header Content-Type: application/json.")),
        413: (_("Too large"), _("What was sent is larger than this page takes. Send less, or in parts.")),
        429: (_("Too many requests"), _("This was asked too often. Wait a moment and try again.")),
        503: (
            _("Not available right now"),
            _("The product is starting or busy. Nothing was lost. Try again in a moment."),
        ),
    }
    return texts.get(status) or (
        _("Something broke on our side"),
        _("Nothing was half done. Try again; if it stays, give this number to whoever looks after the system."),
    )


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    data: Mapping[str, Any] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> Response:
    """An RFC 9457 answer with the stable code, its data beside it, and the errors of single fields."""
    body: dict[str, Any] = dict(data or {})
    body |= {
        "type": f"urn:countinghouse:{code}",
        "title": title or detail,
        "status": status,
        "code": code,
        "detail": detail,
    }
    body["request_id"] = getattr(g, "request_id", "")
    if errors:
        body["errors"] = errors
    return Response(dump_json(as_data(body)), status, content_type=PROBLEM)


def field_problems(error: DomainError) -> list[dict[str, Any]]:
    """The fields of a refusal with code and sentence."""
    return [
        {"field": name, "code": fault.code, "detail": sentence(fault.code, fault.data)}
        for name, fault in error.fields.items()
    ]


def error_page(status: int, *, title: str | None = None, detail: str | None = None) -> tuple[str, int]:
    """A whole page for a status, with a way on."""
    standard_title, standard_detail = http_texts(status)
    page = render_template(
        "errors/error.html", status=status, title=title or standard_title, detail=detail or standard_detail
    )
    return page, status


def answer_domain_error(error: DomainError) -> Response | tuple[str, int]:
    """A refusal no view took care of."""
    detail = sentence(error.code, error.data)
    if is_api_request():
        return problem(error.http_status, error.code, detail, data=error.data, errors=field_problems(error))
    return error_page(error.http_status, detail=detail)


def answer_http_error(error: HTTPException) -> Response | tuple[str, int]:
    """404, 403 and their like. Headers such as Retry-After and Allow are kept."""
    status = error.code or 500
    title, detail = http_texts(status)
    if isinstance(error, CSRFError):
        detail = sentence("csrf")
    data = {}
    if isinstance(error, TooManyRequests) and error.retry_after is not None:
        data = {"seconds": error.retry_after}
        detail = sentence("too_many_requests", data)
    if is_api_request():
        answer: Any = problem(status, CODES.get(status, "http_error"), detail, title=title, data=data)
    else:
        answer = Response(*error_page(status, detail=detail))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def answer_failure(error: Exception) -> Response | tuple[str, int]:
    """An error of ours: the log gets the trace, the person gets the request's number."""
    log.error("request_failed", exc_info=error, request_id=getattr(g, "request_id", ""))
    title, detail = http_texts(500)
    if is_api_request():
        return problem(500, "internal_error", detail, title=title)
    try:
        return error_page(500)
    except Exception:  # the page itself may be what is broken
        log.error("error_page_failed", exc_info=True)
        return f"500 · {getattr(g, 'request_id', '')}", 500


def install(app: Flask) -> None:
    """Attach the handlers."""
    app.register_error_handler(DomainError, answer_domain_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_failure)
