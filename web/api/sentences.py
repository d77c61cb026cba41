"""Sentences for the refusals only the API has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("unknown_field")
def _unknown_field(data: Mapping[str, Any]) -> str:
    return _("There is no such field. Leave it out or check its name.")


@sentence_for("malformed_json")
def _malformed_json(data: Mapping[str, Any]) -> str:
    return _("The body is not valid JSON. Nothing was changed.")


@sentence_for("idempotency_key_required")
def _key_required(data: Mapping[str, Any]) -> str:
    return _("This call needs the header Idempotency-Key, so that repeating it does nothing twice.")


@sentence_for("bad_idempotency_key")
def _bad_key(data: Mapping[str, Any]) -> str:
    return _("The header Idempotency-Key takes up to %(number)s plain characters.", number=data.get("max_length", 200))


@sentence_for("not_an_id")
def _not_an_id(data: Mapping[str, Any]) -> str:
    return _("This is not an id. Ids are whole numbers.")


@sentence_for("not_text")
def _not_text(data: Mapping[str, Any]) -> str:
    return _("This takes text.")


@sentence_for("not_a_flag")
def _not_a_flag(data: Mapping[str, Any]) -> str:
    return _("This takes true or false.")


@sentence_for("not_an_object")
def _not_an_object(data: Mapping[str, Any]) -> str:
    return _("This takes a JSON object.")


@sentence_for("not_a_list")
def _not_a_list(data: Mapping[str, Any]) -> str:
    return _("This takes a JSON list.")


@sentence_for("bad_cursor")
def _bad_cursor(data: Mapping[str, Any]) -> str:
    return _("This cursor was not issued by this list. Start again without it.")


@sentence_for("warehouse_unknown")
def _warehouse_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no such warehouse, or it is closed.")


@sentence_for("another_warehouse")
def _another_warehouse(data: Mapping[str, Any]) -> str:
    return _("All lines of one document are in one warehouse. Send a document per warehouse.")


@sentence_for("duplicate_field")
def _duplicate_field(data: Mapping[str, Any]) -> str:
    return _("The field %(field)s stands twice in one object. Say it once.", field=data["field"])
