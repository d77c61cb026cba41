"""Outbox, audit trail, customers' keys and owners."""

from __future__ import annotations

from web.integrity.check import Check, check


def _audited(table: str, action: str, condition: str = "true") -> str:
    return f"""
        SELECT document.number, 'audit', 'none', '{action}' FROM {table} AS document
         WHERE {condition} AND NOT EXISTS (SELECT FROM audit_row WHERE record_type = '{table}' AND record_id = document.id
                                              AND action = '{action}')
    """


def _unique(column: str, extra: str = "") -> str:
    return f"""
        SELECT string_agg(code, ' '), '{column}', {column}, count(*) FROM customer
         WHERE merged_into_id IS NULL AND {column} IS NOT NULL GROUP BY {column}{extra} HAVING count(*) > 1
    """


CHECKS: tuple[Check, ...] = (
    check(
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
    check(
        "I11.audit",
        "Every document has its row in the audit trail",
        "sales_order invoice credit_note payment audit_row",
        _audited("sales_order", "sales_order.created"),
        _audited("sales_order", "sales_order.confirmed", "document.confirmed_at IS NOT NULL"),
        _audited("invoice", "invoice.posted"),
        _audited("credit_note", "credit_note.posted"),
        _audited("payment", "payment.recorded", "document.kind = 'receipt'"),
        _audited("payment", "refund.recorded", "document.kind = 'refund'"),
    ),
    check(
        "I12.keys",
        "Tax id, phone, e-mail and name of a customer are unique",
        "customer",
        _unique("tax_id_key"),
        _unique("phone_key"),
        _unique("email_key"),
        _unique("name_key", ", country"),
    ),
    check(
        "I12.owners",
        "Every customer has an owner who is still here, and an account",
        "customer app_user customer_account",
        """SELECT customer.code, 'owner', app_user.login, 'active'
             FROM customer JOIN app_user ON app_user.id = customer.owner_id
            WHERE customer.merged_into_id IS NULL AND NOT app_user.is_active""",
        """SELECT customer.code, 'customer_account', 'none', 'one' FROM customer
             LEFT JOIN customer_account AS account ON account.customer_id = customer.id WHERE account.customer_id IS NULL""",
    ),
    check(
        "I12.documents",
        "Every document's owner is its customer's",
        "customer opportunity quotation sales_order invoice credit_note payment shipment",
        *(
            f"""SELECT document.number, '{table}.owner_id', document.owner_id, customer.owner_id
                  FROM {table} AS document JOIN customer ON customer.id = document.customer_id
                 WHERE document.owner_id <> customer.owner_id"""
            for table in ("opportunity", "quotation", "sales_order", "invoice", "credit_note", "payment", "shipment")
        ),
    ),
    check(
        "I12.departed",
        "Whoever left has no live session or token",
        "app_user user_session api_token",
        """SELECT app_user.login, 'session', session.id, 'ended' FROM user_session AS session
             JOIN app_user ON app_user.id = session.user_id
            WHERE NOT app_user.is_active AND session.ended_at IS NULL AND session.expires_at > now()""",
        """SELECT app_user.login, 'token', token.name, 'ended' FROM api_token AS token
             JOIN app_user ON app_user.id = token.user_id WHERE NOT app_user.is_active AND token.ended_at IS NULL
              AND (token.expires_at IS NULL OR token.expires_at > now())""",
    ),
)
