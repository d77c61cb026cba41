"""From stable error codes to sentences in the language of the request.

Each area registers the codes of its own domain with `@sentence_for("insufficient_stock")`; the function takes the
error's data and answers a translated sentence: what happened, why, what to do. A code nobody registered still gets a
sentence that names it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_babel import gettext as _

log = logging.getLogger(__name__)
Sentence = Callable[[Mapping[str, Any]], str]

_REGISTRY: Final[dict[str, Sentence]] = {}
_GENERAL: Final[dict[str, Sentence]] = {}


def sentence_for(*codes: str) -> Callable[[Sentence], Sentence]:
    """Register a function as the sentence of these codes. Raises ValueError for a code that has one already."""

    def register(function: Sentence) -> Sentence:
        for code in codes:
            if code in _REGISTRY and _REGISTRY[code].__module__ != function.__module__:
                raise ValueError(f"the code {code!r} has two sentences")
            _REGISTRY[code] = function
        return function

    return register


def general_sentence_for(*codes: str) -> Callable[[Sentence], Sentence]:
    """Register a function as the sentence of codes that several areas may meet; one of an area's own goes first."""

    def register(function: Sentence) -> Sentence:
        for code in codes:
            _GENERAL.setdefault(code, function)
        return function

    return register


def sentence(code: str, data: Mapping[str, Any] | None = None) -> str:
    """The sentence of a code, or a general one that names the code."""
    try:
        text = render(code, data or {})
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        # Data of an unexpected form must not hide the refusal itself, nor be hidden by it.
        log.exception("The sentence of the refusal %r could not be said with %r", code, sorted(data or {}))
        text = None
    return text or _("This was refused (%(code)s). Nothing was changed.", code=code)


def render(code: str, data: Mapping[str, Any]) -> str | None:
    """The sentence of a code, None where it has none. Raises what the sentence's function raises."""
    function = _REGISTRY.get(code) or _GENERAL.get(code)
    return None if function is None else str(function(data))


def registered_codes() -> frozenset[str]:
    """All codes that have a sentence of their own."""
    return frozenset(_REGISTRY) | frozenset(_GENERAL)


@sentence_for("required")
def _required(data: Mapping[str, Any]) -> str:
    return _("This is needed. Fill it in.")


@sentence_for("mask_written")
def _mask_written(data: Mapping[str, Any]) -> str:
    return _("Dots stand for what your role does not see. Leave them as they are, or type the whole value.")


@sentence_for("not_a_number")
def _not_a_number(data: Mapping[str, Any]) -> str:
    text, guess = data["text"], data.get("guess")
    if guess:
        return _("“%(text)s” is not a number. Did you mean %(guess)s?", text=text, guess=guess)
    return _("“%(text)s” is not a number. Write it like 1,234.50.", text=text)


@sentence_for("not_a_date")
def _not_a_date(data: Mapping[str, Any]) -> str:
    return _("“%(text)s” is not a date. Write it like 2026-03-18.", text=data["text"])


@sentence_for("day_out_of_range")
def _day_out_of_range(data: Mapping[str, Any]) -> str:
    return _("This day lies before 2000 or more than ten years ahead. Check the year.")


@sentence_for("too_many_decimals")
def _too_many_decimals(data: Mapping[str, Any]) -> str:
    return _("At most %(places)s decimals fit here.", places=data["places"])


@sentence_for("too_large")
def _too_large(data: Mapping[str, Any]) -> str:
    return _("This number is too large for this field.")


@sentence_for("must_be_positive")
def _must_be_positive(data: Mapping[str, Any]) -> str:
    return _("This must be more than zero.")


@sentence_for("must_not_be_negative")
def _must_not_be_negative(data: Mapping[str, Any]) -> str:
    return _("This must not be less than zero.")


@sentence_for("too_long")
def _too_long(data: Mapping[str, Any]) -> str:
    return _("At most %(limit)s characters fit here.", limit=data["limit"])


@sentence_for("text_too_long")
def _text_too_long(data: Mapping[str, Any]) -> str:
    return _("One of the texts is longer than its field holds. Nothing was changed. Shorten it.")


@sentence_for("unreadable_character")
def _unreadable_character(data: Mapping[str, Any]) -> str:
    return _("There is a character in this that cannot be read. Type it again.")


@sentence_for("unreadable_value")
def _unreadable_value(data: Mapping[str, Any]) -> str:
    return _("One of the values could not be read. Nothing was changed. Open the form again.")


@sentence_for("figure_too_large")
def _figure_too_large(data: Mapping[str, Any]) -> str:
    return _("The amounts of this come out larger than the books can hold. Check quantities and prices.")


@sentence_for("form_key_missing", "form_unreadable")
def _form_key_missing(data: Mapping[str, Any]) -> str:
    return _("This form did not arrive whole. Nothing was changed. Open the form again and repeat the change.")


@sentence_for("done_meanwhile")
def _done_meanwhile(data: Mapping[str, Any]) -> str:
    return _("Somebody else did the same a moment ago. Nothing was done twice. Open the record and look.")


@sentence_for("not_a_choice")
def _not_a_choice(data: Mapping[str, Any]) -> str:
    return _("Choose one of the entries of the list.")


@sentence_for("not_found")
def _not_found(data: Mapping[str, Any]) -> str:
    return _("There is no such record, or it is not open to you.")


@sentence_for("forbidden", "permission_denied")
def _forbidden(data: Mapping[str, Any]) -> str:
    return _("Your role does not allow this. An administrator can change it.")


@sentence_for("plan_changed")
def _plan_changed(data: Mapping[str, Any]) -> str:
    return _("Something changed since the preview. Nothing was done. Look at the new preview and confirm again.")


@sentence_for("idempotency_conflict", "idempotency_key_reused")
def _idempotency_conflict(data: Mapping[str, Any]) -> str:
    return _("This form was sent before with other content. Open the page again and repeat the change.")


@sentence_for("version_conflict", "stale_record")
def _version_conflict(data: Mapping[str, Any]) -> str:
    return _("Somebody else changed this record meanwhile. Your entries are kept below; compare and save again.")


@sentence_for("csrf")
def _csrf(data: Mapping[str, Any]) -> str:
    return _("This page was open for too long or came from elsewhere. Open it again and repeat the change.")


@sentence_for("invalid_input")
def _invalid_input(data: Mapping[str, Any]) -> str:
    return _("Look at the marked fields. Nothing was saved.")


@sentence_for("busy")
def _busy(data: Mapping[str, Any]) -> str:
    return _("Somebody else is changing the same records. Nothing was done; send it again.")


@sentence_for("database_unavailable")
def _database_unavailable(data: Mapping[str, Any]) -> str:
    return _("The database does not answer. Nothing was done; send it again in a moment.")


@sentence_for("outcome_unknown")
def _outcome_unknown(data: Mapping[str, Any]) -> str:
    return _(
        "The answer got lost, so it is not known whether this was done. Look at the record before sending it again."
    )


@sentence_for("scope_unknown")
def _scope_unknown(data: Mapping[str, Any]) -> str:
    return _(
        "There is no permission named %(scopes)s. Name permissions as the list of roles shows them.",
        scopes=", ".join(data["scopes"]),
    )
