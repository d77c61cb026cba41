"""The columns that a company has added to a list itself: its custom fields, looked for by their own index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, not_, select

from core.catalog import Product
from core.columns import read_id
from core.custom_fields import lists
from core.custom_fields.definitions import Field
from core.custom_fields.models import FieldKind
from core.lists.conditions import Unreadable, days_meant, figure_of
from core.lists.kinds import Kind
from core.lists.source import Asked, Column
from core.organization import User
from core.parties import Contact, Customer, Supplier
from core.scope import visible_rows

KINDS: Final = {
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.MONEY: Kind.MONEY,
    FieldKind.DATE: Kind.DAY,
    FieldKind.CHOICE: Kind.CHOICE,
    FieldKind.CHOICES: Kind.CHOICE,
    FieldKind.REFERENCE: Kind.REFERENCE,
    FieldKind.YES_NO: Kind.FLAG,
}
# What a reference points to: the model whose name is shown, and the name of it in core.lists.references.
TARGETS: Final[Mapping[str, tuple[Any, str]]] = {
    "customer": (Customer, "customer"),
    "contact": (Contact, ""),
    "product": (Product, "product"),
    "supplier": (Supplier, "supplier"),
    "app_user": (User, "user"),
}
Conditions = dict[str, Callable[..., ColumnElement[bool]]]


def added(record_type: str, identity: Any) -> Callable[[Asked], Mapping[str, Column]]:
    """What answers the columns of a type of records for who asks; `identity` is the id of the list's rows."""

    def columns(asked: Asked) -> Mapping[str, Column]:
        made = (_column(each, identity, asked) for each in lists.columns_of(record_type))
        return {column.name: column for column in made}

    return columns


def _column(found: lists.Column, identity: Any, asked: Asked) -> Column:
    field = found.field
    value = lists.custom_column(field, identity)
    if field.kind == FieldKind.NUMBER:
        value = func.trim_scale(value)  # kept with more places than were typed
    model, refers = TARGETS.get(field.target or "", (None, ""))
    return Column(
        name=f"custom_{field.key}",
        kind=KINDS[FieldKind(field.kind)],
        value=value,
        label=_label(model, value) if model is not None else None,
        refers=refers,
        sums=found.can_sum,
        groups=found.can_group,
        filters=bool(found.operators),
        conditions=_conditions(field, identity, asked),
        custom_field=field,
    )


def _label(model: Any, identity: Any) -> ColumnElement[Any]:
    named = select(model.name).where(model.id == identity)
    if model is Customer:
        named = named.where(visible_rows(Customer))
    elif model is Contact:
        seen = select(Customer.id).where(visible_rows(Customer))
        named = named.where(Contact.customer_id.in_(seen))
    return named.scalar_subquery()


def _conditions(field: Field, identity: Any, asked: Asked) -> Conditions:
    """The comparisons of a list's column in terms of the field's own."""

    def ask(operator: str, *values: Any) -> ColumnElement[bool]:
        return lists.custom_condition(field, operator, values, identity)

    kind = KINDS[FieldKind(field.kind)]
    always: Conditions = {"filled": lambda: ask("filled"), "empty": lambda: ask("empty")}
    if kind is Kind.TEXT:
        return always | {
            "has": lambda text: ask("contains", text),
            "lacks": lambda text: not_(ask("contains", text)),
            "is": lambda text: ask("is", text),
            "begins": lambda text: ask("starts", text),
        }
    if kind in (Kind.CHOICE, Kind.REFERENCE):
        return always | {
            "in": lambda *values: ask("any_of", *_chosen(kind, values, asked)),
            "out": lambda *values: ask("none_of", *_chosen(kind, values, asked)),
        }
    if kind is Kind.FLAG:
        return {"yes": lambda: ask("is", True), "no": lambda: not_(ask("is", True))}
    if kind is Kind.DAY:
        return always | {operator: _dated(ask, operator, asked) for operator in _DATED}
    return always | _figures(ask)


_DATED: Final = ("on", "since", "until", "between", "last", "next", "period")


def _chosen(kind: Kind, values: Sequence[str], asked: Asked) -> list[Any]:
    if kind is Kind.CHOICE:
        return list(values)
    ids = [asked.user_id if value == "me" else read_id(value) for value in values]
    if None in ids:
        raise Unreadable(str(values))
    return ids


def _dated(ask: Callable[..., ColumnElement[bool]], operator: str, asked: Asked) -> Callable[..., ColumnElement[bool]]:
    return lambda *values: ask("between", *days_meant(operator, values, asked.today))


def _figures(ask: Callable[..., ColumnElement[bool]]) -> Conditions:
    def figure(text: str) -> Decimal:
        return figure_of(text)

    return {
        "ge": lambda text: ask("at_least", figure(text)),
        "le": lambda text: ask("at_most", figure(text)),
        "eq": lambda text: ask("is", figure(text)),
        "gt": lambda text: and_(ask("at_least", figure(text)), not_(ask("is", figure(text)))),
        "lt": lambda text: and_(ask("at_most", figure(text)), not_(ask("is", figure(text)))),
        "between": lambda one, other: ask("between", figure(one), figure(other)),
    }
