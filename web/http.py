"""What every view needs: run a command, put refusals beside fields, redirect safely."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import flash, g, redirect, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from core.columns import read_id
from core.command import Preview, Result, preview, run
from core.context import Context
from core.errors import DomainError
from core.idempotency import MAX_KEY_LENGTH
from web.forms import add_error
from web.sentences import sentence

# Names of a form that say nothing about what is asked for.
_TRANSPORT_FIELDS = frozenset({"csrf_token", "idempotency_key", "digest"})
# What a line's field is called in the commands and in the forms.
LINE_FIELDS = {"product_id": "product", "unit_price": "price", "unit_cost": "price"}
LONGEST_REASON = 2000
T = TypeVar("T")


def new_idempotency_key() -> str:
    """A key for one rendering of a form."""
    return secrets.token_urlsafe(18)


def form_digest() -> str:
    """Hash of what the form asks for, so that one key with two contents is noticed."""
    pairs = [pair for pair in request.form.items(multi=True) if pair[0] not in _TRANSPORT_FIELDS]
    for name, sent in request.files.items(multi=True):
        pairs.append((name, hashlib.file_digest(sent.stream, "sha256").hexdigest()))  # type: ignore[arg-type]
        sent.stream.seek(0)
    return hashlib.sha256(json.dumps(pairs, ensure_ascii=False).encode()).hexdigest()


def apply_errors(form: FlaskForm, error: DomainError) -> None:
    """Put a refusal beside the fields it names; what has no field of this form stands above the form
    (`form.form_errors`).

    Nested names work: `lines.1.quantity` finds the field `lines-1-quantity`.
    """
    left_over = []
    for name, fault in error.fields.items():
        field = find_field(form, name)
        text = sentence(fault.code, fault.data)
        if field is None:
            left_over.append(text)
        else:
            add_error(form, field, text)
    if left_over or not error.fields:
        texts = left_over or [sentence(error.code, error.data)]
        form.form_errors = [*form.form_errors, *texts]


def apply_line_errors(form: FlaskForm, error: DomainError, rows: Sequence[int]) -> None:
    """The same where the command was sent only some of the form's rows: `rows` has the form's row of each line sent.

    The command's names of fields become the form's.
    """
    fields = {}
    for name, fault in error.fields.items():
        row, parts = named_row(name, rows), name.split(".")
        if row is not None and len(parts) == 3:
            name = f"{parts[0]}.{row}.{LINE_FIELDS.get(parts[2], parts[2])}"
        fields[name] = fault
    apply_errors(form, DomainError(error.code, fields=fields, **error.data))


def named_row(name: str, rows: Sequence[T]) -> T | None:
    """Which of the rows sent a fault is about: `lines.2.quantity` about the third. None where it is about none."""
    number = name.split(".")[1:2]
    index = int(number[0]) if number and number[0].isdecimal() else len(rows)
    return rows[index] if index < len(rows) else None


def shown_version(form: Any) -> int | None:
    """The version of the record that the form was filled from; None where it says none."""
    return version_in(form["version"].data)


def version_in(text: str | None) -> int | None:
    """The version a form carries; None where it says none.

    Raises `form_unreadable` for one that cannot be read: without it, somebody else's change would be written over.
    """
    version = read_id(text)
    if text and version is None:
        raise DomainError("form_unreadable", http_status=400)
    return version


def find_field(form: Any, name: str) -> Any:
    """The field of a form by its domain name, also inside field lists and form fields. None when there is none."""
    here = form
    for part in name.replace("[", ".").replace("]", "").split("."):
        if part.isdigit() and hasattr(here, "entries"):
            here = here.entries[int(part)] if int(part) < len(here.entries) else None
        else:
            fields = getattr(getattr(here, "form", here), "_fields", {})
            here = fields.get(part)
        if here is None:
            return None
    return here


def flash_refusal(error: DomainError) -> None:
    """Say a refusal at the top of the next page: of one that stands beside fields, what each was told."""
    told: list[Any] = list(error.fields.values()) or [error]
    flash(" ".join(sentence(fault.code, fault.data) for fault in told), "bad")


def flash_done(text: str, undo_url: str | None = None) -> None:
    """Say in the past tense what was done; with an address that takes it back."""
    message: Any = {"text": text, "undo_url": undo_url} if undo_url else text
    flash(message, "ok")


def see_other(endpoint: str, **values: Any) -> Response:
    """Redirect after a post (303)."""
    return redirect(url_for(endpoint, **values), 303)


def safe_target(target: str | None, fallback: str = "/") -> str:
    """The target when it is a path of this site, else the fallback: no scheme, no host, no backslash, no control
    character.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return fallback
    if "\\" in target or any(ord(character) < 32 or ord(character) == 127 for character in target):
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc else target


def run_command(command: Callable[..., Any], /, *arguments: Any, **named: Any) -> Result:
    """Run a command for the person signed in, under the form's idempotency key and the digest of the preview. Raises
    `DomainError` on refusal.

    The `reason` that a command is given goes into the audit trail; what else a form sends by that name does not.
    """
    reason = str(named.get("reason") or "").strip()[:LONGEST_REASON] or None
    return run(command, *arguments, context=replace(form_context(), reason=reason), **named)


def preview_command(command: Callable[..., Any], /, *arguments: Any, **named: Any) -> Preview:
    """What a command would do: effects, warnings and digest, with nothing done. Raises `DomainError` on refusal."""
    return preview(command, *arguments, context=Context(actor=g.actor, request_id=g.request_id), **named)


def form_context() -> Context:
    """Who asks for what, by which form. Raises `form_key_missing`: without its key, a form sent twice is done twice."""
    key = request.form.get("idempotency_key")
    if not key or len(key) > MAX_KEY_LENGTH:
        raise DomainError("form_key_missing", http_status=400)
    return Context(
        actor=g.actor,
        route=f"{request.method} {request.endpoint} {request.path}",
        idempotency_key=key,
        body_digest=form_digest(),
        expected_digest=request.form.get("digest") or None,
        address=request.remote_addr,
        request_id=g.request_id,
        channel="browser",
    )
