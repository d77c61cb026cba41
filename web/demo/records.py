"""What only the demo needs: product categories, fiscal years ahead, marks of how far the load has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select, text

from core.approvals.models import ApprovalKind, ApprovalRule
from core.approvals.rules import change_rule
from core.audit import record
from core.catalog import ProductCategory
from core.needs import needs
from core.organization import Company
from core.plan import Plan
from finance.periods import add_fiscal_year


@needs("products.write")
def create_category(plan: Plan, name: str, description: str) -> dict[str, Any]:
    """Creates a product category."""
    category = ProductCategory(name=name, description=description)
    plan.session.add(category)
    plan.session.flush()
    return {"id": category.id}


@needs("periods.close")
def open_fiscal_years(plan: Plan, first: int, last: int) -> dict[str, Any]:
    """Opens the calendar years from `first` to `last`; months that exist stay as they are."""
    opened: list[int] = []
    for year in range(first, last + 1):
        opened += add_fiscal_year(plan, plan.today.replace(year=year, month=1, day=1), 1)
    return {"periods": len(opened)}


@needs("approvals.rules")
def set_discount_rule(plan: Plan, is_active: bool) -> dict[str, Any]:
    """Switches the rule for discounts off and on: Northwind's prices, many below the catalog's, were agreed long ago,
    before anybody could have been asked."""
    found = plan.session.execute(select(ApprovalRule.id).where(ApprovalRule.kind == ApprovalKind.DISCOUNT))
    return change_rule(plan, found.scalar_one(), {"is_active": is_active})


@needs("company.write")
def note_loading(plan: Plan, action: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves a mark in the audit trail: `demo.started` before the first order, `demo.loaded` after the last step."""
    record(plan, action, "company", 1, changes=facts)
    return dict(facts)


def masters(connection: Any) -> tuple[dict[str, int], int]:
    """Payment terms by code, and the default warehouse."""
    terms = {code: identity for code, identity in connection.execute(text("SELECT code, id FROM payment_terms"))}
    return terms, connection.execute(text("SELECT id FROM warehouse WHERE is_default")).scalar_one()


def is_demo(connection: Any) -> bool | None:
    """Whether the company is the demo's; None where there is none."""
    return connection.execute(Company.__table__.select().with_only_columns(Company.is_demo)).scalar_one_or_none()


def started(connection: Any) -> tuple[date, int | None] | None:
    """The day and size a load was begun with; None where it did not get that far."""
    found = text("SELECT changes FROM audit_row WHERE action = 'demo.started' LIMIT 1")
    facts = connection.execute(found).scalar_one_or_none()
    return (date.fromisoformat(facts["today"]), facts["orders"]) if facts else None


def was_loaded(connection: Any) -> bool:
    """Whether the replay has come to its end."""
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM audit_row WHERE action = 'demo.loaded')")).scalar())
