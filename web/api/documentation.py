"""What the API takes and answers, for machines (OpenAPI 3.1) and for people, both from the same declarations."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from flask import Response, g, render_template
from flask_babel import gettext as _

from core.custom_fields.definitions import definitions
from core.encoding import dump_json
from web.api.custom_fields import AnyDay, AnyNumber, Custom
from web.api.fields import (
    Amount,
    Choice,
    Day,
    Field,
    Flag,
    Id,
    Ids,
    Integer,
    Many,
    Percent,
    Price,
    Quantity,
    Rate,
    Schema,
    Text,
    Words,
    schema_of,
)
from web.api.operation import OPERATIONS, Operation, area, json_response
from web.permissions import PUBLIC

TITLE: Final = "Countinghouse"
VERSION: Final = "1"
INTRODUCTION: Final = (
    "Amounts, prices and quantities are decimal strings, dates are ISO 8601. Every POST carries an Idempotency-Key; "
    "the same key again answers what the first call answered. Lists answer `items` and `next_cursor`. Refusals are "
    "application/problem+json with a stable `code`, its data, and `errors` by field. Calls that take `preview=true` "
    "then answer what they would change and change nothing. What a role sees only masked (phones, e-mail addresses, "
    "costs, bank details) is null and named in `masked` beside it; `POST /reveal` uncovers one value, on record. Null "
    "sent for it changes nothing, an empty text empties it."
)
PROBLEM_SCHEMA: Final[Schema] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": schema_of({"field": str, "code": str, "detail": str}),
        },
    },
    "additionalProperties": True,
}
PREVIEW_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        "effects": {"type": "array", "items": {"type": "object"}},
        "warnings": {"type": "array", "items": {"type": "object"}},
        "digest": {"type": "string"},
    },
}


def openapi_document() -> str:
    """The OpenAPI document as JSON text; with the company's own fields for who is known by a token."""
    return _document(definitions().version if g.actor is not None else None)


@lru_cache(maxsize=4)
def _document(_version: int | None) -> str:
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return dump_json(
        {
            "openapi": "3.1.0",
            "info": {"title": TITLE, "version": VERSION, "description": INTRODUCTION},
            "servers": [{"url": "/api/v1"}],
            "security": [{"token": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "schemas": {"Problem": PROBLEM_SCHEMA, "Preview": PREVIEW_SCHEMA},
            },
        }
    )


def _described(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [_tag(operation)],
        "description": f"Permission: `{operation.permission}`.",
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": bool(operation.body.required),
            "content": {"application/json": {"schema": operation.body.schema()}},
        }
    return described


def _tag(operation: Operation) -> str:
    return operation.path.split("/")[1]


def _parameters(operation: Operation) -> list[Schema]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "format": "int64"}}
        for name in names
    ]
    for name, spec in operation.query.fields.items():
        parameter: Schema = {"name": name, "in": "query", "required": spec.required, "schema": spec.schema()}
        found.append(parameter | ({"description": spec.help} if spec.help else {}))
    if operation.method != "GET":
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": operation.needs_key,
                "schema": {"type": "string", "maxLength": 200},
            }
        )
    return found


def _responses(operation: Operation) -> Schema:
    answer = schema_of(operation.answer)
    if isinstance(operation.answer, list):
        answer = {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {"items": answer, "next_cursor": {"type": ["string", "null"]}},
        }
    if operation.media_type != "application/json":
        answer = {"type": "string", "format": "binary"}
    responses: Schema = {
        str(operation.status): {"description": operation.summary, "content": {operation.media_type: {"schema": answer}}}
    }
    if operation.previewable:
        preview = {"schema": {"$ref": "#/components/schemas/Preview"}}
        if operation.status == 200:
            responses["200"]["content"]["application/json"] = {
                "schema": {"anyOf": [answer, {"$ref": "#/components/schemas/Preview"}]}
            }
        else:
            responses["200"] = {"description": "The preview", "content": {"application/json": preview}}
    codes = f" Codes: {', '.join(operation.refusals)}." if operation.refusals else ""
    responses["default"] = {
        "description": f"A refusal; nothing was changed.{codes}",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return responses


@area.route("/openapi.json", permission=PUBLIC)
def openapi() -> Response:
    """The OpenAPI document."""
    return json_response(openapi_document(), 200)


@area.route("/docs", permission=PUBLIC)
def docs() -> str:
    """The API on one page, for people."""
    groups: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        groups.setdefault(_tag(operation), []).append(operation)
    return render_template("api/docs.html", groups=groups, introduction=_introduction(), kind_of=_kind_of, translate=_)


def _introduction() -> str:
    return _(
        "Amounts, prices and quantities are decimal strings, dates are ISO 8601. Every POST carries an "
        "Idempotency-Key, and the same key again answers what the first call answered. Send the token as "
        "Authorization: Bearer."
    )


def _kind_of(spec: Field) -> str:
    """What a field takes, in words."""
    names: dict[type[Field], str] = {
        Id: _("id"),
        Text: _("text"),
        Flag: _("true or false"),
        Integer: _("whole number"),
        Amount: _("amount, two decimals"),
        Quantity: _("quantity, three decimals"),
        Price: _("price, four decimals"),
        Percent: _("percentage"),
        Rate: _("rate, four decimals"),
        Day: _("date"),
        Many: _("list"),
        Words: _("list of texts"),
        Ids: _("list of ids"),
        Custom: _("the company's own fields"),
        AnyNumber: _("number"),
        AnyDay: _("date"),
    }
    return " · ".join(spec.choices) if isinstance(spec, Choice) else names[type(spec)]
