"""Notices inside the application: the salesperson learns that his customer has paid. Written by a worker from
events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.organization import Notice
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement

OWNER = statement(
    "notices.owner",
    "SELECT owner_id, name FROM customer WHERE id = %(customer_id)s::bigint",
    tables="customer",
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
