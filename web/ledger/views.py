"""Journal, entries, accounts, trial balance."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from core import database as db
from core.money import ZERO
from core.queries.customers import get_customer
from finance.manual import MANUAL
from finance.queries.ledger import (
    AccountRow,
    balances,
    get_account,
    get_entry,
    running_lines,
)
from web.filters import today
from web.i18n import language
from web.ledger import area
from web.ledger.listing import JOURNAL_LIST
from web.lists.address import day_of, id_of, window_of
from web.lists.pages import show_list


@area.route("", permission="ledger.read")
def journal() -> ResponseReturnValue:
    """Entries of all journals."""
    return show_list(JOURNAL_LIST)


@area.route("/entries/<int:entry_id>", permission="ledger.read")
def entry(entry_id: int) -> str:
    """One entry with its lines."""
    with db.current().reading() as connection:
        record, lines = get_entry(connection, entry_id, chinese=language() == "zh")
    return render_template("ledger/entry.html", entry=record, lines=lines, is_manual=record.event == MANUAL)


@area.route("/accounts", permission="ledger.read")
def accounts() -> str:
    """The chart with balances."""
    with db.current().reading() as connection:
        rows = balances(connection, chinese=language() == "zh", until=today())
    return render_template("ledger/accounts.html", accounts=rows)


@area.route("/accounts/<int:account_id>", permission="ledger.read")
def account(account_id: int) -> str:
    """One account, line by line."""
    customer_id = id_of("customer")
    with db.current().reading() as connection:
        return render_template(
            "ledger/account.html",
            account=get_account(connection, account_id, chinese=language() == "zh"),
            page=running_lines(connection, account_id, window_of((), ""), customer_id=customer_id),
            customer=get_customer(connection, customer_id) if customer_id else None,
        )


@area.route("/trial-balance", permission="ledger.read")
def trial_balance() -> str:
    """All accounts as of any day; debit and credit must be equal."""
    as_of = day_of("as_of") or today()
    with db.current().reading() as connection:
        used = read_trial_balance(connection)
    return render_template(
        "ledger/trial_balance.html",
        accounts=used,
        as_of=as_of,
        debit=sum((row.debit for row in used), ZERO),
        credit=sum((row.credit for row in used), ZERO),
        left=sum((row.balance for row in used if row.balance > 0), ZERO),
    )


def read_trial_balance(connection: Connection) -> list[AccountRow]:
    """The accounts that have entries, as of the day that the address asks for."""
    rows = balances(connection, chinese=language() == "zh", until=day_of("as_of") or today())
    return [row for row in rows if row.debit or row.credit]
