"""How many things want somebody's hand: the small numbers beside the places of the side bar."""

from __future__ import annotations

from typing import NamedTuple

from core.statements import statement

MOST = 100
"""Counting stops here, so that the numbers cost the same whatever lies there."""


class Work(NamedTuple):
    """Per place; None where the reader may not act."""

    to_ship: int | None
    alerts: int | None
    to_match: int | None
    tasks: int | None
    approvals: int | None
    notices: int | None


# Sent with the look-up of the session in one round trip, so it finds out by itself whose session it is.
WORK = statement(
    "work.counts",
    f"""
    WITH may AS MATERIALIZED (
         SELECT min(session.user_id) AS user_id,
                min(coalesce(session.viewing_as_id, session.user_id)) AS reader_id,
                coalesce(bool_or('approvals.read' = ANY (role.permissions)), false) AS decide,
                array_agg(role.id) AS roles,
                EXISTS (SELECT FROM approval_delegation AS away
                         WHERE away.to_user_id = min(session.user_id) AND away.ended_at IS NULL
                           AND away.since <= now() AND away.until > now()) AS stands_in,
                coalesce(bool_or('orders.ship' = ANY (role.permissions)), false) AS ship,
                coalesce(bool_or('stock.receive' = ANY (role.permissions)), false) AS receive,
                coalesce(bool_or('payments.write' = ANY (role.permissions)), false) AS pay
           FROM user_session AS session JOIN user_role
                ON user_role.user_id = coalesce(session.viewing_as_id, session.user_id)
           JOIN role ON role.id = user_role.role_id
          WHERE (session.token_hash = %(token_hash)s OR session.previous_hash = %(token_hash)s)
            AND session.ended_at IS NULL)
    SELECT CASE WHEN may.ship THEN (SELECT count(*) FROM (
               SELECT FROM sales_order WHERE state = 'confirmed' AND shipping_status <> 'shipped'
                  AND EXISTS (SELECT FROM reservation WHERE origin = sales_order.number AND quantity_reserved > 0)
                LIMIT {MOST}) AS few) END,
           CASE WHEN may.receive THEN (SELECT count(*) FROM (
               SELECT FROM stock_alert WHERE closed_at IS NULL AND dismissed_at IS NULL LIMIT {MOST}) AS few) END,
           CASE WHEN may.pay THEN (SELECT count(*) FROM (
               (SELECT FROM payment WHERE kind = 'receipt' AND amount_allocated < amount LIMIT {MOST})
               UNION ALL (SELECT FROM credit_note WHERE amount_allocated < amount_total LIMIT {MOST})
                LIMIT {MOST}) AS few) END,
           CASE WHEN may.pay THEN (SELECT count(*) FROM (
               SELECT FROM ledger_task WHERE done_at IS NULL LIMIT {MOST}) AS few) END,
           CASE WHEN may.decide THEN (SELECT count(*) FROM (
               SELECT FROM approval_request AS request
                WHERE request.state = 'open' AND request.expires_at > now()
                  AND EXISTS (SELECT FROM approval_request_step AS step
                               WHERE step.request_id = request.id AND step.position = request.position
                                 AND (may.stands_in OR step.user_id = may.user_id OR step.role_id = ANY (may.roles)))
                  AND approver_for(may.user_id, request.id, now()) IS NOT NULL LIMIT {MOST}) AS few) END,
           (SELECT count(*) FROM (
               SELECT FROM notice WHERE user_id = may.reader_id AND read_at IS NULL LIMIT {MOST}) AS few)
      FROM may
    """,
    tables="user_session user_role role sales_order reservation stock_alert payment credit_note "
    "ledger_task approval_request approval_request_step approval_delegation notice",
    scope="system",
    fact=Work,
)
