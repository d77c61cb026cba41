"""An operation of the API: declared once with what it takes and answers; routed, guarded, read and described from
that."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from flask import Response, abort, g, request

from core.command import Result, preview, run
from core.context import Actor, Context
from core.errors import DomainError, FieldErrors, PermissionDenied
from core.idempotency import MAX_KEY_LENGTH
from core.queries.paging import PAGE_SIZE, Listing
from web.api.fields import Answered, Body, Flag, Integer, JsonNumber, Text, shown
from web.api.masking import ANSWERED, answer_text, names_in, result_text
from web.permissions import Area

area = Area("api", __name__, url_prefix="/api/v1")

JSON: Final = "application/json"
LARGEST_BODY_BYTES: Final = 1_000_000
PREVIEW: Final = Flag(help="Answer what would change, and change nothing.")
PAGING: Final = Body(
    cursor=Text(limit=400, help="Where to go on: `next_cursor` of the page before."),
    limit=Integer(smallest=1, largest=PAGE_SIZE, help=f"Rows a page, at most {PAGE_SIZE}."),
)
DIGEST: Final = Body(
    preview_digest=Text(limit=64, help="The digest of the preview that was seen; refused when it would do otherwise.")
)
_PLACE = re.compile(r"\{(\w+)\}")
Handler = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """One method on one path. `path` carries ids in braces; `answer` is a shape for `fields.schema_of`."""

    name: str
    method: str
    path: str
    permission: str
    summary: str
    handler: Handler
    body: Body | None = None
    query: Body = field(default_factory=Body)
    answer: Any = None
    status: int = 200
    previewable: bool = False
    refusals: tuple[str, ...] = ()
    media_type: str = JSON
    limit: str | None = None
    largest_body: int = LARGEST_BODY_BYTES

    @property
    def rule(self) -> str:
        return _PLACE.sub(r"<int:\1>", self.path)

    @cached_property
    def sensitive(self) -> Mapping[str, str]:
        """Kinds of what its command answers that not everybody sees, by name."""
        return {**ANSWERED, **names_in(self.answer)}

    @cached_property
    def parts(self) -> Mapping[str, Answered]:
        """The parts of its answer that mask themselves, by name."""
        shape = self.answer if isinstance(self.answer, Mapping) else {}
        return {name: part for name, part in shape.items() if isinstance(part, Answered)}

    @property
    def needs_key(self) -> bool:
        return self.method == "POST"

    def view(self, **ids: int) -> Response:
        """Reads the request, names every fault of it at once, and calls the handler."""
        errors = FieldErrors()
        query = self.query.parse(request.args.to_dict(), errors)
        data = self.body.parse(_read_json(self.body, self.largest_body), errors) if self.body is not None else {}
        is_preview = bool(query.pop("preview", False))
        if self.needs_key and not is_preview:
            _check_key()
        errors.raise_if_any()
        answer = self.handler(Call(self, data, query, is_preview), **ids)
        return answer if isinstance(answer, Response) else json_response(answer_text(answer), self.status)


OPERATIONS: Final[list[Operation]] = []


def operation(
    method: str,
    path: str,
    permission: str,
    *,
    summary: str,
    body: Body | None = None,
    query: Body | None = None,
    previewable: bool = False,
    **described: Any,
) -> Callable[[Handler], Handler]:
    """Registers a handler `(call, **ids)` that answers data, a Response, or what `call.run` answered."""

    def register(handler: Handler) -> Handler:
        whole_query = (query or Body()) | (Body(preview=PREVIEW) if previewable else Body())
        whole_body = body | DIGEST if previewable and body is not None else body
        declared = Operation(
            handler.__name__, method, path, permission, summary, handler, whole_body, whole_query,
            previewable=previewable, **described,
        )  # fmt: skip
        OPERATIONS.append(declared)
        area.add_url_rule(
            declared.rule, declared.name, declared.view, methods=[method], permission=permission, limit=declared.limit
        )
        return handler

    return register


@dataclass
class Call:
    """One request, read: `body` and `query` hold what was given, in the domain's types."""

    operation: Operation
    body: dict[str, Any]
    query: dict[str, Any]
    is_preview: bool = False

    @property
    def actor(self) -> Actor:
        return g.actor

    def require(self, permission: str) -> None:
        """Refuses what needs one more permission than the route's. Raises PermissionDenied."""
        if not self.actor.may(permission):
            raise PermissionDenied(permission)

    def run(self, command: Callable[..., Any], /, *arguments: Any, **named: Any) -> Response:
        """Runs a command under the request's key and answers its own text; or its preview, when that was asked for."""
        if self.is_preview:
            return json_response(
                answer_text(preview(command, *arguments, context=self._context(), **named).as_data()), 200
            )
        result = run(command, *arguments, context=self._context(), **named)
        return _result_response(result, self.operation)

    def page(self, listing: Listing, shape: Callable[[Any], Mapping[str, Any]], **parameters: Any) -> dict[str, Any]:
        """One page of a list by the query's filters, its cursor and limit."""
        page = listing.page(self.query, self.query.get("cursor"), self.query.get("limit"), **parameters)
        return {"items": [shape(row) for row in page.rows], "next_cursor": page.next}

    def _context(self) -> Context:
        return Context(
            actor=g.actor,
            idempotency_key=None if self.is_preview else request.headers.get("Idempotency-Key"),
            route=f"{request.method} {request.path}",
            body_digest=hashlib.sha256(request.get_data()).hexdigest(),
            expected_digest=self.body.get("preview_digest") or request.headers.get("Preview-Digest"),
            address=request.remote_addr,
            request_id=g.request_id,
            reason=self.body.get("reason"),
        )


def json_response(text: str, status: int) -> Response:
    """JSON text as it is."""
    return Response(text, status, content_type=JSON)


def _result_response(result: Result, operation: Operation) -> Response:
    response = json_response(result_text(result, operation.sensitive, operation.parts), operation.status)
    if result.replayed:
        response.headers["Idempotent-Replay"] = "true"
    return response


def _check_key() -> None:
    key = request.headers.get("Idempotency-Key")
    if not key:
        raise DomainError("idempotency_key_required", http_status=400)
    if len(key) > MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise DomainError("bad_idempotency_key", http_status=400, max_length=MAX_KEY_LENGTH)


def _read_json(body: Body, largest: int) -> Any:
    """The JSON of the request; nothing at all is an empty object. Raises 413, 415 and `malformed_json`."""
    request.max_content_length = largest
    raw = request.get_data()
    if not raw:
        return {}
    if request.mimetype != JSON:
        abort(415)
    try:
        return json.loads(raw.decode(), parse_float=JsonNumber, parse_constant=JsonNumber, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        position = getattr(error, "pos", None)
        raise DomainError("malformed_json", http_status=400, position=position) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name that stands in it twice would silently lose one of its values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DomainError("duplicate_field", http_status=400, field=shown(twice))
    return found
