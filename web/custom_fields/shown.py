"""Custom fields as people read them: on record pages, in a history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from flask_babel import gettext as _

from core.custom_fields.definitions import PREFIX, Field, definitions, fields_of
from core.custom_fields.kinds import from_data
from core.custom_fields.models import FieldKind
from core.custom_fields.references import BETWEEN
from core.custom_fields.values import Value
from core.masks import is_masked
from web.filters import day, money, plain
from web.i18n import language
from web.navigation import link

PAGES: Final = {
    "customer": ("customers.show", "customer_id", "customers.read"),
    "product": ("products.show", "product_id", "products.read"),
    "supplier": ("suppliers.show", "supplier_id", "suppliers.read"),
}
"""Where what is referred to has a page of its own."""


class Fact(NamedTuple):
    """A field that has a value: what it is called, what it says, and where that leads to."""

    label: str
    text: str
    url: str | None = None
    is_masked: bool = False


def facts_of(record_type: str, values: Mapping[str, Value] | None) -> list[Fact]:
    """What a record page shows of its custom fields; those that are empty are left out."""
    values = values or {}
    return [_fact(values[field.key]) for field in fields_of(record_type) if field.key in values]


def _fact(value: Value) -> Fact:
    field, label = value.field, value.field.name(language())
    if is_masked(value.data):
        return Fact(label, str(value.data), is_masked=True)
    if field.kind == FieldKind.REFERENCE:
        return Fact(label, reference_name(value.label or ""), _address(field, value.data))
    return Fact(label, said(field, value.data))


def reference_name(label: str) -> str:
    """What a reference is called without the code before it, which only tells it from others of its name."""
    return label.partition(BETWEEN)[2] or label


def said(field: Field, data: Any) -> str:
    """A plain value in words."""
    if data is None or data == []:
        return ""
    if is_masked(data):
        return str(data)
    if isinstance(data, list):
        return _(", ").join(_choice_name(field, code) for code in data)
    if field.kind == FieldKind.CHOICE:
        return _choice_name(field, data)
    if isinstance(data, bool):
        return _("Yes") if data else _("No")
    if isinstance(data, Decimal):
        return money(data) if field.kind == FieldKind.MONEY else _grouped(data)
    if isinstance(data, date):
        return day(data, year=True)
    return str(data)


def _grouped(number: Decimal) -> str:
    return f"{Decimal(plain(number)):,f}"


def _choice_name(field: Field, code: Any) -> str:
    choice = field.choice(code)
    return choice.name(language()) if choice else str(code)


def _address(field: Field, identity: int) -> str | None:
    endpoint, argument, _permission = PAGES.get(field.target or "", ("", "", ""))
    return link(endpoint, **{argument: identity}) if endpoint else None


# histories ------------------------------------------------------------------------------------------------------------
def told_field(record_type: str, name: str) -> Field | None:
    """The field that a name of the audit trail stands for, archived ones too."""
    if not name.startswith(PREFIX):
        return None
    known = definitions()
    return known.find(record_type, name) or known.find(record_type, name.removesuffix("_id"))


def told_value(field: Field, data: Any, names: Mapping[int, str]) -> str:
    """A value of the audit trail in words."""
    if field.kind == FieldKind.REFERENCE and type(data) is int:
        return names.get(data, f"#{data}")
    return said(field, from_data(field, data))
