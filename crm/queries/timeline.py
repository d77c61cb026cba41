"""Everything that happened with a customer, newest first: contacts, documents and money in one list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.queries.reading import fetch
from core.statements import statement

PAGE = 20
GROUPS = ("all", "contacts", "talk", "documents", "money")


class Entry(NamedTuple):
    """One thing that happened. `kind` says what, `record_id` and `number` lead to it, `who` did it."""

    at: datetime
    id: int
    group: str
    kind: str
    record_id: int
    number: str | None
    amount: Decimal | None
    who: str | None
    text: str | None
    detail: str | None


# What the records are called that comments of a customer are about.
_NUMBERS = " ".join(
    f"WHEN '{table}' THEN (SELECT {label} FROM {table} WHERE {table}.id = comment.record_id)"
    for table, label in {
        "opportunity": "name", "quotation": "number", "sales_order": "number", "shipment": "number",
        "invoice": "number", "credit_note": "number", "payment": "number",
    }.items()
)  # fmt: skip

# Each part brings its newest rows only, by the customer's index, so that a long history costs no more than a short one.
_PARTS = {
    "activity": """
        SELECT coalesce(activity.done_at, activity.created_at) AS at, activity.id, 'contacts' AS part,
               CASE WHEN activity.done_at IS NULL THEN 'planned' ELSE activity.kind END AS kind,
               activity.id AS record_id,
               NULL::text AS number, NULL::numeric AS amount, app_user.name::text AS who, activity.subject AS text,
               concat_ws(' · ', contact.name, activity.result) AS detail
          FROM activity JOIN app_user ON app_user.id = activity.owner_id
          LEFT JOIN contact ON contact.id = activity.contact_id
         WHERE activity.customer_id = {customer}""",
    "order_written": """
        SELECT recorded_at, sales_order.id, 'documents', 'order_written', sales_order.id, number, amount_total,
               app_user.name, NULL::text, NULL::text
          FROM sales_order JOIN app_user ON app_user.id = salesperson_id WHERE customer_id = {customer}""",
    "order_confirmed": """
        SELECT confirmed_at, sales_order.id, 'documents', 'order_confirmed', sales_order.id, number, amount_total,
               app_user.name, NULL::text, NULL::text
          FROM sales_order LEFT JOIN app_user ON app_user.id = confirmed_by_id
         WHERE customer_id = {customer} AND confirmed_at IS NOT NULL""",
    "order_cancelled": """
        SELECT cancelled_at, id, 'documents', 'order_cancelled', id, number, amount_total, NULL::text, cancel_reason,
               NULL::text
          FROM sales_order WHERE customer_id = {customer} AND cancelled_at IS NOT NULL""",
    "quotation": """
        SELECT recorded_at, quotation.id, 'documents', 'quotation', quotation.id, number, amount_total, app_user.name,
               NULL::text, state
          FROM quotation JOIN app_user ON app_user.id = salesperson_id WHERE customer_id = {customer}""",
    "shipment": """
        SELECT shipment.recorded_at, shipment.id, 'documents',
               CASE kind WHEN 'return' THEN 'return' ELSE 'shipment' END,
               coalesce(link.order_id, 0), shipment.number, NULL::numeric, app_user.name, shipment.origin,
               concat_ws(' ', shipment.carrier, tracking_number)
          FROM shipment LEFT JOIN sales_order_shipment AS link ON link.shipment_id = shipment.id
          LEFT JOIN app_user ON app_user.id = actor_id WHERE shipment.customer_id = {customer}""",
    "invoice": """
        SELECT recorded_at, id, 'money', 'invoice', id, number, amount_total, NULL::text, origin, due_on::text
          FROM invoice WHERE customer_id = {customer}""",
    "credit_note": """
        SELECT recorded_at, id, 'money', 'credit_note', id, number, amount_total, NULL::text, reason, origin
          FROM credit_note WHERE customer_id = {customer}""",
    "approval": """
        SELECT decided_at, decision.id, 'documents', 'approval_' || decision.decision, request.id,
               request.subject_label, NULL::numeric, app_user.name, decision.note, request.kind
          FROM approval_decision AS decision JOIN approval_request AS request ON request.id = decision.request_id
          JOIN app_user ON app_user.id = decided_by_id WHERE request.customer_id = {customer}""",
    "payment": """
        SELECT recorded_at, id, 'money', kind, id, number, amount, NULL::text, reference,
               (SELECT string_agg(DISTINCT invoice.number, ', ') FROM payment_allocation AS allocation
                  JOIN invoice ON invoice.id = allocation.invoice_id WHERE allocation.payment_id = payment.id)
          FROM payment WHERE customer_id = {customer}""",
    # About the customer, and about those of his records that the reader may open.
    "comment": f"""
        SELECT comment.created_at, comment.id, 'talk', 'comment', comment.record_id, CASE record_type {_NUMBERS} END,
               NULL::numeric, app_user.name, comment.text, comment.record_type
          FROM comment JOIN app_user ON app_user.id = author_id
         WHERE comment.customer_id = {{customer}} AND removed_at IS NULL
           AND record_type = ANY (%(types)s::text[])""",
}
_GROUP_OF = {"activity": "contacts", "invoice": "money", "credit_note": "money", "payment": "money", "comment": "talk"}
_TIME_OF = {
    "activity": "coalesce(activity.done_at, activity.created_at)",
    "order_confirmed": "confirmed_at",
    "order_cancelled": "cancelled_at",
    "shipment": "shipment.recorded_at",
    "approval": "decided_at",
    "comment": "comment.created_at",
}


def _part(name: str) -> str:
    moment = _TIME_OF.get(name, "recorded_at")
    return f"""(SELECT * FROM ({_PARTS[name].format(customer="%(customer_id)s::bigint")}
        AND (%(group)s::text IN ('all', '{_GROUP_OF.get(name, "documents")}'))
        AND (%(before)s::timestamptz IS NULL OR {moment} < %(before)s::timestamptz)
        ORDER BY {moment} DESC LIMIT {PAGE + 1}) AS {name})"""


TIMELINE = statement(
    "pages.timeline",
    " UNION ALL ".join(map(_part, _PARTS)) + f" ORDER BY at DESC, id DESC LIMIT {PAGE + 1}",
    tables="activity app_user contact sales_order quotation shipment sales_order_shipment invoice credit_note payment "
    "payment_allocation approval_decision approval_request comment opportunity",
    scope="by_root",
    fact=Entry,
)


@dataclass(frozen=True)
class Timeline:
    """One page of it; `older` is the moment to go on from, None at the end."""

    entries: list[Entry]
    older: str | None


def timeline(
    connection: Connection,
    customer_id: int,
    *,
    group: str = "all",
    before: datetime | None = None,
    types: Collection[str] = (),
) -> Timeline:
    """The newest entries before a moment; of comments those on records of `types`, which the reader may open.

    Several of the very same moment stay together on the page they begin on.
    """
    chosen = group if group in GROUPS else "all"
    [entries] = fetch(connection, TIMELINE(customer_id=customer_id, group=chosen, before=before, types=types))
    if len(entries) <= PAGE:
        return Timeline(entries, None)
    shown = entries[:PAGE]
    return Timeline(shown, shown[-1].at.isoformat())
