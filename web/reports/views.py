"""The list of reports, balance sheet, profit and loss."""

from __future__ import annotations

from datetime import date

from flask import render_template

from core import database as db
from core.money import ZERO
from finance.models import AccountKind
from finance.queries.ledger import balances, result_of, statement_part
from finance.queries.receivables import aging_totals
from web.filters import today
from web.i18n import language
from web.lists.address import day_of
from web.reports import area


@area.route("", permission="reports.read")
def index() -> str:
    """All reports with their headline figures of today."""
    with db.current().reading() as connection:
        rows = balances(connection, chinese=language() == "zh", until=today())
        owed = aging_totals(connection, today())
        since, until = _month()
        month = balances(connection, chinese=language() == "zh", since=since, until=until)
    income, expense = statement_part(month, AccountKind.INCOME), statement_part(month, AccountKind.EXPENSE)
    return render_template(
        "reports/index.html",
        owed=owed,
        assets=statement_part(rows, AccountKind.ASSET).total,
        income=income.total,
        profit=result_of(income, expense),
        difference=sum((row.balance for row in rows), ZERO),
        since=since,
        until=until,
    )


@area.route("/balance-sheet", permission="reports.read")
def balance_sheet() -> str:
    """Assets against liabilities and equity as of any day; the result so far stands within equity."""
    as_of = day_of("as_of") or today()
    with db.current().reading() as connection:
        rows = balances(connection, chinese=language() == "zh", until=as_of)
    parts = {kind: statement_part(rows, kind) for kind in AccountKind}
    result = result_of(parts[AccountKind.INCOME], parts[AccountKind.EXPENSE])
    return render_template(
        "reports/balance_sheet.html",
        as_of=as_of,
        assets=parts[AccountKind.ASSET],
        liabilities=parts[AccountKind.LIABILITY],
        equity=parts[AccountKind.EQUITY],
        result=result,
        difference=sum((row.balance for row in rows), ZERO),
        other_side=parts[AccountKind.LIABILITY].total + parts[AccountKind.EQUITY].total + result,
    )


@area.route("/profit-and-loss", permission="reports.read")
def profit_and_loss() -> str:
    """Income less expenses of a span of days."""
    first, last = _month()
    since, until = day_of("since") or first, day_of("until") or last
    with db.current().reading() as connection:
        rows = balances(connection, chinese=language() == "zh", since=since, until=until)
    income, expense = statement_part(rows, AccountKind.INCOME), statement_part(rows, AccountKind.EXPENSE)
    return render_template(
        "reports/profit_and_loss.html",
        since=since,
        until=until,
        income=income,
        expense=expense,
        result=result_of(income, expense),
    )


def _month() -> tuple[date, date]:
    return today().replace(day=1), today()
