"""Balance sheet, and profit and loss: the figures of the report pages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core import database as db
from core.masks import Cost, Margin
from core.money import ZERO
from core.queries.reading import today
from finance.models import AccountKind
from finance.queries.ledger import AccountRow, StatementPart, balances, result_of, statement_part
from web.api.fields import Body, Day
from web.api.ledger import AS_OF
from web.api.operation import Call, operation
from web.i18n import language

PART = {"total": Cost, "items": [{"account_id": int, "account": str, "account_name": str, "amount": Cost}]}


def _rows(since: date | None, until: date) -> list[AccountRow]:
    with db.current().reading() as connection:
        return balances(connection, chinese=language() == "zh", since=since, until=until)


def _shape(part: StatementPart) -> dict[str, Any]:
    items = [
        {"account_id": row.id, "account": row.code, "account_name": row.name, "amount": amount}
        for row, amount in part.lines
    ]
    return {"total": part.total, "items": items}


@operation(
    "GET", "/balance-sheet", "reports.read", summary="Balance sheet as of a day", query=AS_OF,
    answer={
        "as_of": date, "assets": PART, "liabilities": PART, "equity": PART, "result": Margin, "difference": Decimal
    },
)  # fmt: skip
def get_balance_sheet(call: Call) -> Any:
    as_of = call.query.get("as_of") or today()
    rows = _rows(None, as_of)
    parts = {kind: statement_part(rows, kind) for kind in AccountKind}
    result = result_of(parts[AccountKind.INCOME], parts[AccountKind.EXPENSE])
    return {
        "as_of": as_of,
        "assets": _shape(parts[AccountKind.ASSET]),
        "liabilities": _shape(parts[AccountKind.LIABILITY]),
        "equity": _shape(parts[AccountKind.EQUITY]),
        "result": result,
        "difference": sum((row.balance for row in rows), ZERO),
    }


@operation(
    "GET", "/profit-and-loss", "reports.read", summary="Income less expenses of a span of days",
    query=Body(**{
        "from": Day(help="The first of this month when left out."), "to": Day(help="Today when left out.")
    }),
    answer={"from": date, "to": date, "income": PART, "expenses": PART, "result": Margin},
)  # fmt: skip
def get_profit_and_loss(call: Call) -> Any:
    since, until = call.query.get("from") or today().replace(day=1), call.query.get("to") or today()
    rows = _rows(since, until)
    income, expense = statement_part(rows, AccountKind.INCOME), statement_part(rows, AccountKind.EXPENSE)
    return {
        "from": since,
        "to": until,
        "income": _shape(income),
        "expenses": _shape(expense),
        "result": result_of(income, expense),
    }
