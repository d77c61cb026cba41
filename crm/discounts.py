"""Discounts that need a second pair of eyes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from core.approvals.models import ApprovalKind, Basis
from core.approvals.require import Subject, require, rule_for
from core.money import PERCENT_PLACES
from core.plan import Plan
from core.statements import statement

QUOTATION_OF_ORDER = statement(
    "discounts.quotation_of_order",
    "SELECT quotation_id FROM sales_order WHERE id = %(order_id)s::bigint AND quotation_id IS NOT NULL",
    tables="sales_order",
    scope="by_root",
)


class Discounted(Protocol):
    """A priced line, of a quotation or an order."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount_percent(self) -> Decimal: ...


def discounts_of(lines: Sequence[Discounted]) -> dict[str, Decimal]:
    """The largest discount of a line, and that of all of them together weighted by amount, in percent."""
    full = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
    off = sum((line.quantity * line.unit_price * line.discount_percent for line in lines), Decimal(0))
    return {
        Basis.LINE: max((line.discount_percent for line in lines), default=Decimal(0)),
        Basis.DOCUMENT: round(off / full, PERCENT_PLACES) if full else Decimal(0),
    }


def require_for_discount(plan: Plan, subject: Subject, lines: Sequence[Discounted]) -> None:
    """Lets discounts up to the rule's limit pass, beyond it with an approval only. Without any discount nothing is
    read. What was approved of a quotation covers the order that came of it. Raises `approval_required`."""
    measures = discounts_of(lines)
    if not measures[Basis.LINE]:
        return
    covered: list[tuple[str, int]] = []
    if subject.type == "sales_order":
        rules, quotations = plan.fetch(rule_for(plan, ApprovalKind.DISCOUNT), QUOTATION_OF_ORDER(order_id=subject.id))
        covered = [("quotation", row[0]) for row in quotations]
    else:
        [rules] = plan.fetch(rule_for(plan, ApprovalKind.DISCOUNT))
    require(plan, ApprovalKind.DISCOUNT, subject, measures, rules=rules, covered=covered)
