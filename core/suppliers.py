"""Suppliers: created and changed as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from core.columns import check_texts
from core.constraints import means
from core.custom_fields.writing import Custom, take_custom
from core.errors import DomainError, FieldErrors, NotFound
from core.masks import shown_record, without_masks
from core.needs import needs
from core.normalise import clean
from core.parties import Supplier
from core.plan import Plan
from core.talk.followers import begin_following

LIMITS = {
    "code": 20,
    "name": 200,
    "contact_name": 120,
    "contact_title": 120,
    "phone": 60,
    "email": 200,
    "website": 300,
    "street": 200,
    "city": 80,
    "region": 80,
    "postal_code": 20,
    "country": 2,
}
SUPPLIER_NUMBER = "SUP"

means("uq_supplier_code", "duplicate_code", field="code")
means("uq_supplier_name_country", "duplicate_supplier", field="name")


@needs("suppliers.write")
def create_supplier(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a supplier; without a code it gets the next number. Raises InvalidInput, `duplicate_supplier`."""
    custom = take_custom(plan, "supplier", values.get("custom"))
    data = _checked(without_masks("supplier", values, None), custom.errors)
    if not data["code"]:
        number = plan.number(SUPPLIER_NUMBER, plan.today)
        plan.take_numbers()
        data["code"] = str(number)
    supplier = Supplier(**data, created_at=plan.now)
    plan.session.add(supplier)
    custom.tell(plan, supplier)
    plan.session.flush()
    begin_following(plan, "supplier", supplier.id)
    custom.write(plan, supplier.id)
    return supplier_answer(supplier, custom)


@needs("suppliers.write")
def change_supplier(
    plan: Plan, supplier_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given. Raises NotFound, InvalidInput, `edit_conflict` with what stands there now."""
    supplier = plan.session.get(Supplier, supplier_id, with_for_update={"key_share": True}, populate_existing=True)
    if supplier is None:
        raise NotFound("supplier", supplier_id)
    custom = take_custom(plan, "supplier", values.get("custom"), supplier.id)
    if version is not None and supplier.version != version:
        current = shown_record("supplier", supplier_answer(supplier)) | {"custom": custom.shown_before()}
        raise DomainError("edit_conflict", version=supplier.version, current=current)
    given = without_masks("supplier", values, supplier)
    for name, value in _checked({name: getattr(supplier, name) for name in LIMITS} | given, custom.errors).items():
        if name != "code" or value:
            setattr(supplier, name, value)
    custom.tell(plan, supplier)
    plan.session.flush()
    custom.write(plan, supplier.id)
    return supplier_answer(supplier, custom)


def remove_suppliers(plan: Plan, supplier_ids: Sequence[int]) -> None:
    """Deletes suppliers on which nothing was built, for an import that is undone; the audit rows stay."""
    for supplier in plan.session.execute(select(Supplier).where(Supplier.id.in_(supplier_ids))).scalars().all():
        plan.session.delete(supplier)
    plan.session.flush()


def supplier_answer(supplier: Supplier, custom: Custom | None = None) -> dict[str, Any]:
    answer = {"id": supplier.id, **{name: getattr(supplier, name) for name in LIMITS}, "version": supplier.version}
    return answer | ({"custom": custom.answer()} if custom is not None else {})


def _checked(values: Mapping[str, Any], errors: FieldErrors) -> dict[str, Any]:
    data = {name: clean(values.get(name)) for name in LIMITS}
    data["country"] = country = (data["country"] or "").upper()
    check_texts(errors, Supplier, {name: value for name, value in data.items() if name != "country"})
    if not data["name"]:
        errors.add("name", "required")
    if len(country) != LIMITS["country"] or not country.isascii() or not country.isalpha():
        errors.add("country", "unknown_country", value=country)
    if data["email"]:
        try:
            validate_email(data["email"], check_deliverability=False)
        except EmailNotValidError:
            errors.add("email", "not_an_email")
    errors.raise_if_any()
    return data
