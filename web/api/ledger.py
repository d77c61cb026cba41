"""The ledger: entries, accounts, trial balance, aging."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.money import total
from core.queries.reading import today
from finance.queries.book_record import ACCOUNT_LINES, get_account
from finance.queries.ledger_record import list_accounts, list_entries, trial_balance
from finance.queries.receivables import BUCKETS, OPEN_INVOICES, aging
from web.api.fields import Body, Day, Flag, Id, Text
from web.api.operation import PAGING, Call, operation

LINE = {
    "account": str, "account_role": str | None, "account_name": str, "debit": Decimal, "credit": Decimal,
    "currency": str, "customer_id": int | None,
}  # fmt: skip
ENTRY = {
    "id": int, "number": str, "journal": str, "event": str, "effective_on": date, "recorded_at": str,
    "origin": str | None, "document": str | None, "memo": str | None, "reverses_id": int | None, "lines": [LINE],
}  # fmt: skip
ACCOUNT = {
    "id": int, "code": str, "name": str, "name_zh": str, "kind": str, "role": str | None, "is_active": bool,
    "version": int,
}  # fmt: skip
AS_OF = Body(as_of=Day(help="Today when left out."))


@operation(
    "GET", "/journal-entries", "ledger.read", summary="Journal entries, of an origin in the order of recording",
    query=Body(**{
        "origin": Text(limit=40, help="A document's number: the order, invoice, payment, or the entry's own."),
        "account": Text(limit=20), "from": Day(), "to": Day(),
    }) | PAGING,
    answer=[ENTRY],
)  # fmt: skip
def list_journal_entries(call: Call) -> Any:
    page = list_entries(call.query, call.query.get("cursor"), call.query.get("limit"))
    return {"items": [row._asdict() for row in page.rows], "next_cursor": page.next}


@operation("GET", "/accounts", "ledger.read", summary="The chart of accounts", answer=[ACCOUNT])
def list_accounts_call(call: Call) -> Any:
    return {"items": [row._asdict() for row in list_accounts()], "next_cursor": None}


@operation(
    "GET", "/accounts/{account_id}/lines", "ledger.read",
    summary="One account line by line, the latest first, with the balance after each",
    query=Body(**{"customer_id": Id(), "from": Day(), "to": Day()}) | PAGING,
    answer=[{
        "id": int, "entry_id": int, "number": str, "event": str, "effective_on": date, "origin": str | None,
        "memo": str | None, "customer_id": int | None, "debit": Decimal, "credit": Decimal, "balance": Decimal,
    }],
)  # fmt: skip
def list_account_lines(call: Call, account_id: int) -> Any:
    get_account(account_id)
    customer_id = call.query.get("customer_id")
    return call.page(ACCOUNT_LINES, lambda row: row._asdict(), account_id=account_id, customer_id=customer_id)


@operation(
    "GET", "/trial-balance", "ledger.read", summary="Trial balance as of a day", query=AS_OF,
    answer={
        "as_of": date, "debit": Decimal, "credit": Decimal, "balance": Decimal,
        "items": [{
            "account": str, "account_role": str | None, "account_name": str, "kind": str, "debit": Decimal,
            "credit": Decimal, "balance": Decimal,
        }],
    },
)  # fmt: skip
def get_trial_balance(call: Call) -> Any:
    as_of = call.query.get("as_of") or today()
    rows = trial_balance(as_of)
    return {
        "as_of": as_of,
        "debit": total(row.debit for row in rows),
        "credit": total(row.credit for row in rows),
        "balance": total(row.balance for row in rows),
        "items": [row._asdict() for row in rows],
    }


AGED = (*BUCKETS, "open", "unapplied", "balance")


@operation(
    "GET", "/aging", "invoices.read", summary="Receivables by age as of a day", query=AS_OF | Body(customer_id=Id()),
    answer={
        "as_of": date, "totals": dict.fromkeys(AGED, Decimal),
        "items": [{"customer_id": int, "customer_name": str} | dict.fromkeys(AGED, Decimal)],
    },
)  # fmt: skip
def get_aging(call: Call) -> Any:
    as_of = call.query.get("as_of") or today()
    rows = aging(as_of, call.query.get("customer_id"))
    return {
        "as_of": as_of,
        "totals": {name: total(getattr(row, name) for row in rows) for name in AGED},
        "items": [row._asdict() for row in rows],
    }


@operation(
    "GET", "/open-invoices", "invoices.read", summary="The invoices behind the aging, as they stood on a day",
    query=AS_OF | Body(customer_id=Id(), overdue=Flag()) | PAGING,
    answer=[{
        "id": int, "number": str, "customer_id": int, "customer_name": str, "issued_on": date, "due_on": date | None,
        "currency": str, "amount_total": Decimal, "amount_open": Decimal, "days_overdue": int,
    }],
)  # fmt: skip
def list_open_invoices(call: Call) -> Any:
    return call.page(OPEN_INVOICES, lambda row: row._asdict(), as_of=call.query.get("as_of") or today())
