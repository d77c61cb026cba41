"""Notices from what happens with customers: a payment, a shipment, a new owner, a task. Written by a worker from
events, so that the commands themselves wait for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.notices import notify
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement

# What reaches the worker a week late, as the history of a new company does, is no news.
NEWS_FOR = timedelta(days=7)
OWNER = statement(
    "notices.owner",
    """
    SELECT customer.owner_id FROM customer JOIN payment ON payment.customer_id = customer.id
     WHERE payment.id = %(payment_id)s::bigint AND payment.recorded_at > %(since)s::timestamptz
    """,
    tables="customer payment",
    scope="system",
)
ORDER = statement(
    "notices.order",
    """
    SELECT ordered.owner_id, ordered.salesperson_id FROM sales_order AS ordered, shipment
     WHERE ordered.id = %(order_id)s::bigint AND shipment.id = %(shipment_id)s::bigint
       AND shipment.recorded_at > %(since)s::timestamptz
    """,
    tables="sales_order shipment",
    scope="system",
)


@consumer("payment_recorded", "tell_owner")
def tell_owner(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to the customer's owner for each payment."""
    [rows] = plan.fetch(OWNER(payment_id=payload["payment_id"], since=plan.now - NEWS_FOR))
    told = {name: payload[name] for name in ("customer_id", "payment_id", "amount", "number")}
    notify(plan, "payment_recorded", [row[0] for row in rows], ("payment", payload["payment_id"]), **told)


@consumer("sales_order_shipped", "tell_sellers")
def tell_sellers(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to the order's owner and to who sold it."""
    [rows] = plan.fetch(
        ORDER(order_id=payload["order_id"], shipment_id=payload["shipment_id"], since=plan.now - NEWS_FOR)
    )
    people = [person for row in rows for person in row]
    about = ("sales_order", payload["order_id"])
    notify(plan, "order_shipped", people, about, shipment_id=payload["shipment_id"])


@consumer("assigned", "tell_assigned")
def tell_assigned(plan: Plan, payload: Mapping[str, Any]) -> None:
    """One notice to whom something was given by somebody else."""
    if payload["user_id"] != payload["by_id"]:
        about = (payload["record_type"], payload["record_id"])
        notify(plan, "assigned", [payload["user_id"]], about, by_id=payload["by_id"])
