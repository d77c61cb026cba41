"""What the declarations of several kinds share: look-ups of what a cell refers to, and values as they come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Numeric

from core.imports.kinds import Values
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
    """Those of the values that a file gave: an empty cell changes nothing."""
    return {name: values[name] for name in names if values.get(name) is not None}


def before(plan: Plan, model: Any, identity: int, names: Iterable[str]) -> Values:
    """What a record holds now, of what is about to be written over."""
    found = plan.session.get(model, identity)
    return {name: getattr(found, name) for name in names} if found is not None else {}


def typed(model: Any, values: Mapping[str, Any]) -> Values:
    """Values that were kept as JSON, as their columns hold them."""
    columns = model.__table__.c
    found = dict(values)
    for name, value in values.items():
        if value is not None and name in columns and isinstance(columns[name].type, Numeric):
            found[name] = Decimal(str(value))
        elif value is not None and name in columns and isinstance(columns[name].type, Date):
            found[name] = columns[name].type.python_type.fromisoformat(value)
    return found
