"""What a request can carry out: the commands that may need an approval, run from the arguments a request keeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.approvals.actions import Arguments, action
from core.plan import Plan
from crm.orders.confirm import confirm_order
from crm.quotations import order_quotation
from finance.periods import reopen_period
from finance.write_offs import write_off
from inventory.documents import StockLine, adjust_stock


@action("confirm_order", "orders.confirm")
def _confirm_order(plan: Plan, arguments: Arguments) -> dict[str, Any]:
    on_short = {int(line_id): choice for line_id, choice in (arguments.get("on_short") or {}).items()}
    return confirm_order(plan, arguments["order_id"], on_short=on_short)


@action("order_quotation", "orders.write")
def _order_quotation(plan: Plan, arguments: Arguments) -> dict[str, Any]:
    return order_quotation(plan, arguments["quotation_id"])


@action("write_off", "invoices.write_off")
def _write_off(plan: Plan, arguments: Arguments) -> dict[str, Any]:
    return write_off(plan, arguments["invoice_id"], amount=Decimal(str(arguments["amount"])), reason=arguments["why"])


@action("adjust_stock", "stock.adjust")
def _adjust_stock(plan: Plan, arguments: Arguments) -> dict[str, Any]:
    lines = [
        StockLine(line["product_id"], Decimal(str(line["quantity"])), _cost(line), line.get("warehouse_id"))
        for line in arguments["lines"]
    ]
    return adjust_stock(plan, reason=arguments["why"], lines=lines, warehouse_id=arguments.get("warehouse_id"))


def _cost(line: Arguments) -> Decimal | None:
    cost = line.get("unit_cost")
    return None if cost is None else Decimal(str(cost))


@action("reopen_period", "periods.close")
def _reopen_period(plan: Plan, arguments: Arguments) -> dict[str, Any]:
    return reopen_period(plan, arguments["period_id"])
