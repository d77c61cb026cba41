"""The company's own record: read everywhere, changed on the settings page, made on the first run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import database as db
from core.columns import check_texts
from core.errors import DomainError, FieldErrors
from core.images import MEDIA_TYPES, media_type_of
from core.masks import without_masks
from core.needs import needs
from core.normalise import clean
from core.organization import Company
from core.plan import Plan

TEXTS = ("name", "name_english", "tax_id", "address", "phone", "email", "bank_name", "bank_account")
CHOICES = {
    "language": ("zh", "en"),
    "tax_rounding": ("line", "document"),
    "tax_point": ("issue_or_shipment", "invoice"),
    "invoicing_policy": ("on_order", "on_delivery"),
    "due_from": ("invoice", "delivery"),
    "second_factor_for": ("nobody", "administrators", "everyone"),
}
FIXED = ("currency", "country", "chart", "fiscal_year_start_month")
# Ledgers and their vouchers are kept for ten years at least in most places, so audit rows are too.
RANGES = {
    "payment_terms_days": (0, 730),
    "audit_years": (5, 100),
    "session_idle_hours": (1, 720),
    "session_days": (1, 365),
    "file_megabytes": (1, 15),
    "record_megabytes": (1, 10000),
}
LOGO_TYPES = tuple(MEDIA_TYPES.values())
MAX_LOGO_BYTES = 512 * 1024
COMPANY_ID = 1


def get_company(session: Session) -> Company:
    """The single company row. Raises DomainError `not_set_up` before the first run."""
    company = session.execute(select(Company)).scalar_one_or_none()
    if company is None:
        raise DomainError("not_set_up")
    return company


@needs("company.write")
def change_company(plan: Plan, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes settings. Policies apply to documents written from then on; each document keeps what it was written
    under.

    Currency and chart are fixed once something was posted. Locks the company. Raises `edit_conflict`, InvalidInput
    beside the field.
    """
    company = plan.session.execute(select(Company).with_for_update()).scalar_one_or_none()
    if company is None:
        raise DomainError("not_set_up")
    if version is not None and company.version != version:
        raise DomainError("edit_conflict", version=company.version)
    for name, value in check_company(without_masks("company", values, company)).items():
        setattr(company, name, value)
    plan.session.flush()
    db.current().forget_company()
    return company_answer(company)


def company_answer(company: Company) -> dict[str, Any]:
    """The settings as JSON data; the rate as a fraction, terms in days."""
    names = (*TEXTS, *CHOICES, "tax_rate", *RANGES, "time_zone", "logo_type", *FIXED, "version")
    return {name: getattr(company, name) for name in names}


def check_company(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields given, cleaned; a `logo` of None is taken away, its type is read from its content.

    Raises InvalidInput naming every faulty one.
    """
    errors = FieldErrors()
    data: dict[str, Any] = {name: clean(values[name]) for name in TEXTS if name in values}
    check_texts(errors, Company, data)
    if "name" in data and not data["name"]:
        errors.add("name", "required")
    for name, choices in CHOICES.items():
        if name in values:
            data[name] = values[name]
            if values[name] not in choices:
                errors.add(name, "unknown_choice", choices=list(choices))
    if "time_zone" in values:
        try:
            data["time_zone"] = ZoneInfo(values["time_zone"]).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            errors.add("time_zone", "unknown_time_zone", value=values["time_zone"])
    if "tax_rate" in values:
        data["tax_rate"] = values["tax_rate"]
        if values["tax_rate"] is None or not 0 <= values["tax_rate"] < 1:
            errors.add("tax_rate", "not_a_rate")
    for name, (smallest, largest) in RANGES.items():
        if name in values:
            data[name] = value = values[name]
            if value is None or not smallest <= value <= largest:
                errors.add(name, "out_of_range", smallest=smallest, largest=largest)
    if "logo" in values:
        data["logo"] = content = values["logo"] or None
        data["logo_type"] = media_type_of(content) if content and len(content) <= MAX_LOGO_BYTES else None
        if content and data["logo_type"] is None:
            errors.add("logo", "not_a_logo", types=list(LOGO_TYPES), limit=MAX_LOGO_BYTES)
    errors.raise_if_any()
    return data
