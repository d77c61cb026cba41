"""Notices inside the application: the salesperson learns that his customer has paid. Written by a worker from
events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.organization import Notice
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement

# What arrives for somebody who left goes to his delegate.
OWNER = statement(
    "notices.owner",
    """
    SELECT CASE WHEN owner.is_active THEN owner.id
                ELSE coalesce((SELECT delegate_id FROM departure WHERE user_id = owner.id
                                ORDER BY started_at DESC, id DESC LIMIT 1), owner.id) END, customer.name
      FROM customer JOIN app_user AS owner ON owner.id = customer.owner_id WHERE customer.id = %(customer_id)s::bigint
    """,
    tables="customer app_user departure",
    scope="system",
)


@consumer("payment_recorded", "tell_owner")
def tell_owner(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to the customer's owner for each payment."""
    [rows] = plan.fetch(OWNER(customer_id=payload["customer_id"]))
    for owner_id, name in rows:
        plan.insert(
            Notice,
            user_id=owner_id,
            kind="payment_recorded",
            data={"customer": name, **payload},
            created_at=plan.now,
        )
