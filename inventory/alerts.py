"""Low-stock alerts: opened once when available falls to the reorder point, closed on recovery. Applied by a worker from
events."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from core.audit import record
from core.errors import NotFound
from core.needs import needs
from core.notices import holders_of, notify
from core.outbox import consumer
from core.plan import Plan
from core.statements import statement
from inventory.models import StockAlert


class PointFact(NamedTuple):
    product_id: int
    warehouse_id: int
    available: Decimal
    reorder_point: Decimal | None
    is_discontinued: bool
    alert_id: int | None


# Locked before they are read with their alerts, so that of two events about one product the later one sees what the
# earlier one did: a statement that waits for a lock re-reads the locked row only, not what is joined to it.
LOCK_LEVELS = statement(
    "alerts.lock_levels",
    """
    SELECT id FROM stock_level
     WHERE warehouse_id = %(warehouse_id)s::bigint AND product_id = ANY (%(product_ids)s::bigint[])
     ORDER BY id FOR NO KEY UPDATE
    """,
    tables="stock_level",
    scope="system",
)
POINTS = statement(
    "alerts.points",
    """
    SELECT level.product_id, level.warehouse_id, level.available, point.quantity, product.is_discontinued, alert.id
      FROM stock_level AS level
      JOIN product ON product.id = level.product_id
      LEFT JOIN reorder_point AS point USING (product_id, warehouse_id)
      LEFT JOIN stock_alert AS alert ON alert.product_id = level.product_id AND alert.warehouse_id = level.warehouse_id
                                    AND alert.closed_at IS NULL
     WHERE level.warehouse_id = %(warehouse_id)s::bigint AND level.product_id = ANY (%(product_ids)s::bigint[])
       AND (point.id IS NOT NULL OR alert.id IS NOT NULL)
    """,
    tables="stock_level product reorder_point stock_alert",
    scope="system",
    fact=PointFact,
)


@consumer("stock_changed", "low_stock_alerts")
def refresh_alerts(plan: Plan, payload: Mapping[str, Any]) -> None:
    """Opens and closes alerts for the products that changed; a discontinued product is not reordered and raises
    none."""
    where = {"warehouse_id": payload["warehouse_id"], "product_ids": payload["product_ids"]}
    _, points = plan.fetch(LOCK_LEVELS(**where), POINTS(**where))
    for point in points:
        low = point.reorder_point is not None and point.available <= point.reorder_point and not point.is_discontinued
        if low and point.alert_id is None:
            plan.insert(
                StockAlert,
                product_id=point.product_id,
                warehouse_id=point.warehouse_id,
                available=point.available,
                reorder_point=point.reorder_point,
                opened_at=plan.now,
            )
            told = {"warehouse_id": point.warehouse_id, "available": point.available, "point": point.reorder_point}
            notify(plan, "stock_alert", holders_of(plan, "stock.receive"), ("product", point.product_id), **told)
        elif not low and point.alert_id is not None:
            plan.set(StockAlert, point.alert_id, closed_at=plan.now)


ALERT = statement(
    "alerts.alert",
    "SELECT id, dismissed_at FROM stock_alert WHERE id = %(alert_id)s::bigint AND closed_at IS NULL FOR NO KEY UPDATE",
    tables="stock_alert",
    scope="system",
)


@needs("stock.plan")
def dismiss_alert(plan: Plan, alert_id: int) -> dict[str, Any]:
    """Marks an open alert as seen; it closes by itself on recovery and then is armed again."""
    [rows] = plan.fetch(ALERT(alert_id=alert_id))
    if not rows:
        raise NotFound("stock_alert", alert_id)
    plan.set(StockAlert, alert_id, dismissed_at=plan.now, dismissed_by_id=plan.actor.user_id)
    record(plan, "stock_alert.dismissed", "stock_alert", alert_id)
    return {"id": alert_id}


@needs("stock.plan")
def restore_alert(plan: Plan, alert_id: int) -> dict[str, Any]:
    """Puts a dismissed alert back among those to answer. Raises NotFound, also for one that stock has closed."""
    [rows] = plan.fetch(ALERT(alert_id=alert_id))
    if not rows:
        raise NotFound("stock_alert", alert_id)
    if rows[0][1] is not None:
        plan.set(StockAlert, alert_id, dismissed_at=None, dismissed_by_id=None)
        record(plan, "stock_alert.restored", "stock_alert", alert_id)
    return {"id": alert_id}
