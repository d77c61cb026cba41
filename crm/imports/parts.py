"""What the declarations of several kinds share: look-ups of what a cell refers to, and values as they come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Date, Numeric

from core.custom_fields.definitions import definitions
from core.custom_fields.kinds import from_data
from core.custom_fields.writing import kept_values
from core.imports.company_fields import custom_of
from core.imports.kinds import Found, Unit, Values
from core.plan import Plan
from core.statements import statement

OWNERS = statement(
    "imports.owners",
    """
    SELECT text, app_user.id FROM unnest(%(texts)s::text[]) AS text
      JOIN app_user ON (login = lower(text) OR app_user.name = text) AND is_active
    """,
    tables="app_user",
    scope="system",
)
TERMS = statement(
    "imports.terms",
    """
    SELECT DISTINCT text, terms.id FROM unnest(%(texts)s::text[]) AS text
      JOIN payment_terms AS terms ON is_active AND lower(text) IN (lower(code), lower(terms.name), name_zh)
    """,
    tables="payment_terms",
    scope="system",
)


def given(values: Values, names: Iterable[str]) -> Values:
    """Those of the values that a file gave, the company's own fields as `custom`: an empty cell changes nothing."""
    found = {name: values[name] for name in names if values.get(name) is not None}
    custom = custom_of(values)
    return {**found, "custom": custom} if custom else found


def before(plan: Plan, model: Any, identity: int, values: Values) -> Values:
    """What a record holds now, of what is about to be written over."""
    found = plan.session.get(model, identity)
    if found is None:
        return {}
    held = {name: getattr(found, name) for name in values if name != "custom"}
    if custom := values.get("custom"):
        held["custom"] = kept_values(plan, model.__tablename__, identity, custom)
    return held


def typed(model: Any, values: Mapping[str, Any]) -> Values:
    """Values that were kept as JSON, as commands take them."""
    columns = model.__table__.c
    found = dict(values)
    if "custom" in found:
        fields = definitions().named.get(model.__tablename__, {})
        found["custom"] = {
            key: from_data(fields[key], value) if key in fields else value for key, value in found["custom"].items()
        }
    for name, value in values.items():
        if value is not None and name in columns and isinstance(columns[name].type, Numeric):
            found[name] = Decimal(str(value))
        elif value is not None and name in columns and isinstance(columns[name].type, Date):
            found[name] = columns[name].type.python_type.fromisoformat(value)
    return found


# A customer, supplier or product as files name it: by its code, or by its exact name.
CUSTOMERS = statement(
    "imports.customers",
    """
    SELECT DISTINCT text, customer.id FROM unnest(%(texts)s::text[]) AS text
      JOIN customer ON (code = text OR customer.name = text) AND merged_into_id IS NULL
       AND visible(customer, customer.id)
    """,
    tables="customer",
    scope="scoped",
)
SUPPLIERS = statement(
    "imports.suppliers",
    """
    SELECT DISTINCT text, supplier.id FROM unnest(%(texts)s::text[]) AS text
      JOIN supplier ON code = text OR supplier.name = text
    """,
    tables="supplier",
    scope="system",
)
PRODUCTS = statement(
    "imports.products",
    """
    SELECT DISTINCT text, product.id FROM unnest(%(texts)s::text[]) AS text
      JOIN product ON sku = text OR barcode = text OR product.name = text
    """,
    tables="product",
    scope="system",
)
WAREHOUSES = statement(
    "imports.warehouses",
    """
    SELECT DISTINCT text, warehouse.id FROM unnest(%(texts)s::text[]) AS text
      JOIN warehouse ON is_active AND (lower(code) = lower(text) OR warehouse.name = text)
    """,
    tables="warehouse",
    scope="system",
)
UNITS = statement(
    "imports.units",
    """
    SELECT DISTINCT text, unit.id FROM unnest(%(texts)s::text[]) AS text
      JOIN unit_of_measure AS unit ON lower(text) IN (lower(code), lower(unit.name), name_zh)
    """,
    tables="unit_of_measure",
    scope="system",
)


class KnownFact(NamedTuple):
    """The record there is already for the one at `place`."""

    place: int
    id: int
    label: str


def mark_known(units: Sequence[Unit], facts: Iterable[KnownFact]) -> None:
    """Says of each unit which record is there already; of several the first."""
    for fact in facts:
        unit = units[fact.place]
        if unit.found is None:
            unit.found = Found(fact.id, fact.label)


def found_id(unit: Unit) -> int:
    """The record that is to be changed."""
    if unit.found is None:
        raise RuntimeError("nothing was found to change")
    return unit.found.id
