"""Payment terms: made once with their days, renamed, archived. Documents keep the days they were written under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.parties import PaymentTerms
from core.plan import Plan

TEXT_LIMITS = {"code": 20, "name": 80, "name_zh": 80}
MOST_DAYS = 730
means("uq_payment_terms_code", "duplicate_code", field="code")


@needs("company.write")
def create_terms(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Makes payment terms: code, name, name_zh (the name where left out), days. Raises InvalidInput beside the
    field."""
    errors = FieldErrors()
    data = _texts(values, ("code", "name", "name_zh"), errors)
    days = values.get("days")
    if days is None:
        errors.add("days", "required")
    elif not 0 <= days <= MOST_DAYS:
        errors.add("days", "out_of_range", smallest=0, largest=MOST_DAYS)
    if plan.session.execute(select(PaymentTerms.id).where(PaymentTerms.code == data["code"])).first():
        errors.add("code", "duplicate_code")
    errors.raise_if_any()
    row = PaymentTerms(**data, days=days, is_active=True)
    plan.session.add(row)
    plan.session.flush()
    return terms_answer(row)


@needs("company.write")
def change_terms(plan: Plan, terms_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Renames, archives (`is_active` False) or offers again; customers that have archived terms keep them. Code and
    days stay. Locks the row. Raises NotFound, `edit_conflict`, InvalidInput beside the field."""
    row = plan.session.get(PaymentTerms, terms_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("payment_terms", terms_id)
    if version is not None and row.version != version:
        raise DomainError("edit_conflict", version=row.version)
    errors = FieldErrors()
    data = _texts({"name": row.name, "name_zh": row.name_zh} | dict(values), ("name", "name_zh"), errors)
    errors.raise_if_any()
    row.name, row.name_zh = data["name"], data["name_zh"]
    if values.get("is_active") is not None:
        row.is_active = bool(values["is_active"])
    plan.session.flush()
    return terms_answer(row)


def terms_answer(row: PaymentTerms) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "code", "name", "name_zh", "days", "is_active", "version")}


def _texts(values: Mapping[str, Any], names: tuple[str, ...], errors: FieldErrors) -> dict[str, Any]:
    data = {name: clean(values.get(name)) for name in names}
    data["name_zh"] = data["name_zh"] or data["name"]
    for name in names:
        if not data[name]:
            errors.add(name, "required")
        elif len(data[name] or "") > TEXT_LIMITS[name]:
            errors.add(name, "too_long", limit=TEXT_LIMITS[name])
    return data
