"""Outbox, audit trail, customers' keys and owners."""

from __future__ import annotations

from core.outbox import CONSUMERS
from web.consumers import load
from web.integrity.check import Group, alone

load()

# Which consumer has to have applied an event of which kind. One that is registered for a kind that is in use already
# needs a migration that writes the proofs of older events, or those count as not applied.
_CONSUMERS = ", ".join(f"('{kind}', '{name}')" for kind, names in CONSUMERS.items() for name in names)
# Documents with the action that their audit row names.
_AUDITED = (
    ("opportunity", "opportunity.created", "true"),
    ("quotation", "quotation.created", "true"),
    ("quotation", "quotation.ordered", "state = 'ordered'"),
    ("sales_order", "sales_order.created", "true"),
    ("sales_order", "sales_order.confirmed", "confirmed_at IS NOT NULL"),
    ("sales_order", "sales_order.cancelled", "cancelled_at IS NOT NULL"),
    ("invoice", "invoice.posted", "true"),
    ("credit_note", "credit_note.posted", "true"),
    ("payment", "payment.recorded", "kind = 'receipt'"),
    ("payment", "refund.recorded", "kind = 'refund'"),
    ("write_off", "write_off.posted", "true"),
    ("stock_document", "stock.opening", "kind = 'opening'"),
    ("stock_document", "stock.receipt", "kind = 'receipt'"),
    ("stock_document", "stock.adjustment", "kind = 'adjustment'"),
    ("journal_entry", "journal_entry.manual", "event = 'manual'"),
    ("journal_entry", "journal_entry.reversal", "event = 'reversal'"),
)
# Steps of an order are audited on the order, one row a paper.
_STEPS = """
    SELECT link.order_id, CASE shipment.kind WHEN 'out' THEN 'sales_order.shipped' ELSE 'sales_order.returned' END,
           shipment.number
      FROM shipment JOIN sales_order_shipment AS link ON link.shipment_id = shipment.id
    UNION ALL
    SELECT link.order_id, 'sales_order.billed', invoice.number
      FROM invoice JOIN sales_order_invoice AS link ON link.invoice_id = invoice.id
      JOIN sales_order AS orders ON orders.id = link.order_id WHERE orders.invoicing_policy = 'on_delivery'
"""
_STEP_ACTIONS = ("sales_order.shipped", "sales_order.returned", "sales_order.billed")
_ACTIONS = ", ".join(f"'{action}'" for action in (*(action for _, action, _ in _AUDITED), *_STEP_ACTIONS))
_FACTS = {
    "audited": f"SELECT record_id, action, changes FROM audit_row WHERE action IN ({_ACTIONS})",
    "owed (record_id, action, number)": " UNION ALL ".join(
        (
            *(f"SELECT id, '{action}', number FROM {table} WHERE {condition}" for table, action, condition in _AUDITED),
            _STEPS,
        )
    ),
    "missing": """
        SELECT max(number) AS number, action, sum(owed) AS owed, sum(found) AS found
          FROM (SELECT record_id, action, number, 1 AS owed, 0 AS found FROM owed
                UNION ALL SELECT record_id, action, NULL, 0, 1 FROM audited) AS rows
         GROUP BY record_id, action HAVING sum(found) < sum(owed)
    """,
    "amounts (record_id, action, number, name, amount)": """
        SELECT id, 'invoice.posted', number, 'amount_total', amount_total FROM invoice
        UNION ALL SELECT id, 'credit_note.posted', number, 'amount_total', amount_total FROM credit_note
        UNION ALL SELECT id, CASE kind WHEN 'refund' THEN 'refund.recorded' ELSE 'payment.recorded' END, number, 'amount',
                         amount FROM payment
        UNION ALL SELECT id, 'write_off.posted', number, 'amount', amount FROM write_off
    """,
}

# What nobody who left may have, once his departure is done: what it is called, the row, what it should be, the rows.
_IN_HAND = (
    ("planned activity", "activity.id", "another",
     "app_user JOIN activity ON activity.owner_id = app_user.id AND activity.done_at IS NULL"),
    ("superior of", "report.login", "another",
     "app_user JOIN app_user AS report ON report.reports_to_id = app_user.id AND report.is_active"),
    ("shared customer", "share.customer_id", "ended",
     "app_user JOIN customer_share AS share ON share.user_id = app_user.id AND share.ended_at IS NULL"),
    ("heir of", "part.customer_id", "another",
     "app_user JOIN departure_customer AS part ON part.heir_id = app_user.id AND part.done_at IS NULL"),
)  # fmt: skip


def _unique(column: str, extra: str = "") -> str:
    return f"""
        SELECT string_agg(code, ' '), '{column}', {column}, count(*) FROM customer
         WHERE merged_into_id IS NULL AND {column} IS NOT NULL GROUP BY {column}{extra} HAVING count(*) > 1
    """


GROUPS: tuple[Group, ...] = (
    alone(
        "I11.audit",
        "Every document has its row in the audit trail, with its amount",
        "sales_order sales_order_shipment sales_order_invoice shipment invoice credit_note payment write_off quotation opportunity "
        "stock_document journal_entry audit_row",
        "SELECT number, 'audit ' || action, found, owed FROM missing",
        """SELECT amounts.number, 'audit ' || audited.action, audited.changes->>amounts.name, amounts.amount
             FROM audited JOIN amounts ON amounts.record_id = audited.record_id AND amounts.action = audited.action
            WHERE CASE WHEN audited.changes->>amounts.name ~ '^[0-9]+([.][0-9]+)?$'
                       THEN (audited.changes->>amounts.name)::numeric END IS DISTINCT FROM amounts.amount""",
        facts=_FACTS,
    ),
    alone(
        "I10",
        "No event is stuck, and effects belong to events that are done",
        "outbox_event outbox_consumption",
        "SELECT kind || ' ' || id, 'state', state, 'done' FROM outbox_event WHERE state = 'dead'",
        """SELECT kind || ' ' || id, 'leased_until', leased_until, 'done' FROM outbox_event
            WHERE state = 'leased' AND leased_until < now() - interval '15 minutes'""",
        """SELECT kind || ' ' || id, 'attempts', attempts, 'done' FROM outbox_event
            WHERE state = 'pending' AND attempts > 0 AND available_at < now() - interval '15 minutes'""",
        """SELECT event.kind || ' ' || event.id, consumption.consumer, event.state, 'done'
             FROM outbox_consumption AS consumption JOIN outbox_event AS event ON event.id = consumption.event_id
            WHERE event.state <> 'done'""",
    ),
    alone(
        "I10.effects",
        "Every event that is done was applied by each of its consumers",
        "outbox_event outbox_consumption",
        f"""SELECT event.kind || ' ' || event.id, wanted.consumer, 'none', 'applied'
              FROM outbox_event AS event JOIN (VALUES {_CONSUMERS}) AS wanted (kind, consumer) ON wanted.kind = event.kind
             WHERE event.state = 'done' AND NOT EXISTS (
                   SELECT FROM outbox_consumption WHERE event_id = event.id AND consumer = wanted.consumer)""",
    ),
    alone(
        "I12.keys",
        "Tax id, phone, e-mail and name of a customer are unique",
        "customer",
        _unique("tax_id_key"),
        _unique("phone_key"),
        _unique("email_key"),
        _unique("name_key", ", country"),
    ),
    alone(
        "I12.owners",
        "Every customer has an owner who is still here, and an account",
        "customer app_user customer_account departure",
        """SELECT customer.code, 'owner', app_user.login, 'active'
             FROM customer JOIN app_user ON app_user.id = customer.owner_id
            WHERE customer.merged_into_id IS NULL AND NOT app_user.is_active
              AND NOT EXISTS (SELECT FROM departure WHERE user_id = app_user.id AND state = 'running')""",
        """SELECT customer.code, 'customer_account', 'none', 'one' FROM customer
             LEFT JOIN customer_account AS account ON account.customer_id = customer.id WHERE account.customer_id IS NULL""",
    ),
    alone(
        "I12.ownership",
        "Every customer has one open period of ownership, its owner's, and no gap before it",
        "customer customer_ownership",
        """SELECT customer.code, 'open period', coalesce(string_agg(period.user_id::text, ' '), 'none'), customer.owner_id
             FROM customer LEFT JOIN customer_ownership AS period
                                  ON period.customer_id = customer.id AND period.until IS NULL
            GROUP BY customer.id HAVING count(period.id) <> 1 OR min(period.user_id) <> customer.owner_id""",
        """SELECT customer.code, 'until', period.until, period.next
             FROM (SELECT customer_id, until, lead(since) OVER (PARTITION BY customer_id
                                                                 ORDER BY since, until NULLS LAST, id) AS next
                     FROM customer_ownership) AS period JOIN customer ON customer.id = period.customer_id
            WHERE period.next IS NOT NULL AND period.until IS DISTINCT FROM period.next""",
    ),
    alone(
        "I12.documents",
        "Every document's owner is its customer's, and so is who is kept as such with an activity",
        "customer opportunity quotation sales_order invoice credit_note payment shipment activity",
        *(
            f"""SELECT document.number, '{table}.owner_id', document.owner_id, customer.owner_id
                  FROM {table} AS document JOIN customer ON customer.id = document.customer_id
                 WHERE document.owner_id <> customer.owner_id"""
            for table in ("opportunity", "quotation", "sales_order", "invoice", "credit_note", "payment", "shipment")
        ),
        """SELECT activity.id, 'activity.customer_owner_id', customer_owner_id, customer.owner_id
             FROM activity JOIN customer ON customer.id = activity.customer_id
            WHERE customer_owner_id <> customer.owner_id""",
    ),
    alone(
        "I12.departures",
        "A departure's counters are its customers', and its work goes on until it is done",
        "departure departure_customer app_user outbox_event",
        *(
            f"""SELECT app_user.login, 'departure.{counter}', departure.{counter}, parts.{counter}
                  FROM departure JOIN app_user ON app_user.id = departure.user_id CROSS JOIN LATERAL (
                       SELECT count(*) AS customers_total, count(done_at) AS customers_done FROM departure_customer
                        WHERE departure_id = departure.id) AS parts
                 WHERE departure.{counter} <> parts.{counter}"""
            for counter in ("customers_total", "customers_done")
        ),
        """SELECT app_user.login, 'departure.event', event.state, departure.state FROM departure
             JOIN app_user ON app_user.id = departure.user_id JOIN outbox_event AS event ON event.id = departure.event_id
            WHERE departure.state = 'running' AND event.state = 'done'""",
    ),
    alone(
        "I12.departed",
        "Whoever left has no live session or token, and nothing in hand",
        "app_user user_session api_token activity customer_share departure departure_customer",
        *(
            f"""SELECT app_user.login, '{what}', {row}, '{wanted}' FROM {source}
                 WHERE NOT app_user.is_active
                   AND NOT EXISTS (SELECT FROM departure WHERE user_id = app_user.id AND state = 'running')"""
            for what, row, wanted, source in _IN_HAND
        ),
        """SELECT app_user.login, 'session', session.id, 'ended' FROM user_session AS session
             JOIN app_user ON app_user.id = session.user_id
            WHERE NOT app_user.is_active AND session.ended_at IS NULL""",
        """SELECT app_user.login, 'token', token.name, 'ended' FROM api_token AS token
             JOIN app_user ON app_user.id = token.user_id WHERE NOT app_user.is_active AND token.ended_at IS NULL
              AND (token.expires_at IS NULL OR token.expires_at > now())""",
    ),
)
