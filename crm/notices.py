"""Notices from what happens with customers: a payment, a shipment, a new owner, a task. Written by a worker from
events, so that the commands themselves wait for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.notices import notify
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement

OWNER = statement(
    "notices.owner",
    "SELECT owner_id FROM customer WHERE id = %(customer_id)s::bigint",
    tables="customer",
    scope="system",
)
ORDER = statement(
    "notices.order",
    "SELECT owner_id, salesperson_id FROM sales_order WHERE id = %(order_id)s::bigint",
    tables="sales_order",
    scope="system",
)


@consumer("payment_recorded", "tell_owner")
def tell_owner(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to the customer's owner for each payment."""
    [rows] = plan.fetch(OWNER(customer_id=payload["customer_id"]))
    told = {name: payload[name] for name in ("customer_id", "payment_id", "amount", "number")}
    notify(plan, "payment_recorded", [row[0] for row in rows], ("payment", payload["payment_id"]), **told)


@consumer("sales_order_shipped", "tell_sellers")
def tell_sellers(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to the order's owner and to who sold it."""
    [rows] = plan.fetch(ORDER(order_id=payload["order_id"]))
    people = [person for row in rows for person in row]
    about = ("sales_order", payload["order_id"])
    notify(plan, "order_shipped", people, about, shipment_id=payload["shipment_id"])


@consumer("assigned", "tell_assigned")
def tell_assigned(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to whom something was given by somebody else."""
    if payload["user_id"] != payload["by_id"]:
        about = (payload["record_type"], payload["record_id"])
        notify(plan, "assigned", [payload["user_id"]], about, by_id=payload["by_id"])
