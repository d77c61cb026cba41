"""How far a new company has come: what is there, of what it needs before its first order is shipped."""

from __future__ import annotations

from typing import NamedTuple

from core.statements import statement


class FirstSteps(NamedTuple):
    """Whether each is there. Records with an owner count as far as the viewer sees them."""

    company: bool
    users: bool
    customers: bool
    products: bool
    stock: bool
    order: bool


FIRST_STEPS = statement(
    "home.first_steps",
    """
    SELECT (SELECT company.tax_id IS NOT NULL AND company.address IS NOT NULL FROM company),
           (SELECT count(*) > 1 FROM (SELECT FROM app_user WHERE is_active LIMIT 2) AS people),
           EXISTS (SELECT FROM customer WHERE visible(customer, customer.id)),
           EXISTS (SELECT FROM product),
           EXISTS (SELECT FROM stock_move),
           EXISTS (SELECT FROM sales_order WHERE state <> 'draft' AND visible(sales_order))
    """,
    tables="company app_user customer product stock_move sales_order",
    scope="scoped",
    fact=FirstSteps,
)
