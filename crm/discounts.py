"""Discounts that need a second pair of eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from core.approvals.models import ApprovalKind, Basis
from core.approvals.require import Subject, require, rule_for
from core.money import PERCENT_PLACES, plain_number
from core.plan import Plan
from core.statements import statement

QUOTATION_OF_ORDER = statement(
    "discounts.quotation_of_order",
    "SELECT quotation_id FROM sales_order WHERE id = %(order_id)s::bigint AND quotation_id IS NOT NULL",
    tables="sales_order",
    scope="by_root",
)


class Discounted(Protocol):
    """A priced line, of a quotation or an order. `list_price` is the catalog's when it was
    priced."""

    @property
    def product_id(self) -> int: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount_percent(self) -> Decimal: ...
    @property
    def list_price(self) -> Decimal: ...


def discounts_of(lines: Sequence[Discounted]) -> dict[str, Decimal]:
    """The largest discount of a line, and that of all of them together weighted by amount, in percent.

    A price below the catalog's, as it was when the line was priced, is a discount too, whichever way it was given.
    """
    pairs = [(line.quantity * max(line.list_price, line.unit_price), _off(line)) for line in lines]
    full = sum((amount for amount, _ in pairs), Decimal(0))
    off = sum((amount * percent for amount, percent in pairs), Decimal(0))
    return {
        Basis.LINE: round(max((percent for _, percent in pairs), default=Decimal(0)), PERCENT_PLACES),
        Basis.DOCUMENT: round(off / full, PERCENT_PLACES) if full else Decimal(0),
    }


def _off(line: Discounted) -> Decimal:
    """By how many percent a line is below the catalog's price, or below its own where that is higher."""
    if line.unit_price >= line.list_price:
        return line.discount_percent
    return 100 - line.unit_price * (100 - line.discount_percent) / line.list_price


def _contents(lines: Sequence[Discounted]) -> list[list[str]]:
    """What of a document an approved discount counts for: whichever of it is changed needs another approval."""
    return sorted(
        [
            str(line.product_id),
            *(plain_number(part) for part in (line.quantity, line.unit_price, line.discount_percent)),
        ]
        for line in lines
    )


def require_for_discount(plan: Plan, subject: Subject, lines: Sequence[Discounted]) -> None:
    """Lets discounts up to the rule's limit pass, beyond it with an approval only. Without any discount nothing is
    read. What was approved of a quotation covers the order that came of it, as long as its lines are the same. Raises
    `approval_required`."""
    measures = discounts_of(lines)
    if not measures[Basis.LINE]:
        return
    subject = replace(subject, asked=_contents(lines))
    covered: list[tuple[str, int]] = []
    if subject.type == "sales_order":
        rules, quotations = plan.fetch(rule_for(plan, ApprovalKind.DISCOUNT), QUOTATION_OF_ORDER(order_id=subject.id))
        covered = [("quotation", row[0]) for row in quotations]
    else:
        [rules] = plan.fetch(rule_for(plan, ApprovalKind.DISCOUNT))
    require(plan, ApprovalKind.DISCOUNT, subject, measures, rules=rules, covered=covered)
