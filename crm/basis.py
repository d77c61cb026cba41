"""What a new document takes from its customer, the company and the warehouse, in one look."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import NotFound
from core.plan import Plan
from core.statements import Query, statement


class DocumentBasis(NamedTuple):
    """Customer, company policies and warehouse as a new document takes them over (and keeps them)."""

    customer_id: int | None
    customer_name: str
    owner_id: int
    terms_days: int
    ship_to: str | None
    currency: str
    tax_rounding: str
    tax_point: str
    invoicing_policy: str
    due_from: str
    warehouse_id: int | None
    opportunity_id: int | None


BASIS = statement(
    "documents.basis",
    """
    SELECT customer.id, customer.name, customer.owner_id, coalesce(terms.days, company.payment_terms_days),
           (SELECT concat_ws(E'\\n', coalesce(address.name, customer.name), street,
                             concat_ws(' ', postal_code, address.city, address.region), address.country)
              FROM address WHERE customer_id = customer.id AND address.is_active
             ORDER BY kind = 'shipping' DESC, is_default DESC, id LIMIT 1),
           company.currency, company.tax_rounding, company.tax_point, company.invoicing_policy, company.due_from,
           (SELECT id FROM warehouse WHERE is_active
               AND (id = %(warehouse_id)s::bigint OR (%(warehouse_id)s::bigint IS NULL AND is_default))),
           (SELECT id FROM opportunity WHERE id = %(opportunity_id)s::bigint AND customer_id = %(customer_id)s::bigint)
      FROM company
      LEFT JOIN LATERAL (SELECT id, name, owner_id, payment_terms_id FROM customer
                          WHERE id = %(customer_id)s::bigint AND merged_into_id IS NULL
                             AND visible(customer, customer.id) FOR KEY SHARE) AS customer ON true
      LEFT JOIN payment_terms AS terms ON terms.id = customer.payment_terms_id
    """,
    tables="company customer address payment_terms warehouse opportunity",
    scope="scoped",
    fact=DocumentBasis,
)


def basis_for(customer_id: int, warehouse_id: int | None = None, opportunity_id: int | None = None) -> Query:
    """The basis of a new document; holds the customer's key, so that its owner does not change meanwhile."""
    return BASIS(customer_id=customer_id, warehouse_id=warehouse_id, opportunity_id=opportunity_id)


def check_basis(basis: DocumentBasis, customer_id: int, warehouse_id: int | None) -> None:
    """Raises NotFound for a customer or warehouse that does not exist (or may not be seen)."""
    if basis.customer_id is None:
        raise NotFound("customer", customer_id, field="customer_id")
    if basis.warehouse_id is None:
        raise NotFound("warehouse", warehouse_id, field="warehouse_id")


def salesperson_of(plan: Plan, basis: DocumentBasis) -> int:
    """Who gets the credit: whoever writes the document; the customer's owner where the system does."""
    return plan.actor.user_id or basis.owner_id
