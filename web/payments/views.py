"""Payments: list and record."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template
from flask_babel import format_date
from sqlalchemy import Connection

from core import database as db
from core.queries.customers import get_customer
from core.queries.paging import Page, Window
from finance.models import PaymentAllocation, PaymentKind
from finance.queries.allocations import allocations_where, entries_of
from finance.queries.payments import PaymentRow, count_payments, get_payment, list_payments
from web.i18n import language
from web.lists.address import choice_of, id_of, text_of, window_of
from web.payments import area

TABS = ("unmatched", "refunds")
ORDERS = ("received", "number", "customer", "amount", "unapplied")


@area.app_template_filter("short_day")
def short_day(value: date | None) -> str:
    """A day in a narrow column: `22 Nov`, `11/22`."""
    if value is None:
        return ""
    return f"{value.month}/{value.day}" if language() == "zh" else format_date(value, "d MMM", rebase=False)


@area.route("", permission="payments.read")
def index() -> str:
    """All payments."""
    tab = choice_of("tab", TABS)
    chosen: dict[str, Any] = {"search": text_of("q"), "customer_id": id_of("customer")}
    window = window_of(ORDERS, "-received")
    with db.current().reading() as connection:
        return render_template(
            "payments/index.html",
            page=read_list(connection, window),
            counts=count_payments(connection, **chosen),
            customer=get_customer(connection, chosen["customer_id"]) if chosen["customer_id"] else None,
            tab=tab,
            sort=window.sort,
            **chosen,
        )


def read_list(connection: Connection, window: Window) -> Page[PaymentRow]:
    """The payments that the address asks for."""
    return list_payments(
        connection, window, tab=choice_of("tab", TABS), search=text_of("q"), customer_id=id_of("customer")
    )


@area.route("/<int:payment_id>", permission="payments.read")
def show(payment_id: int) -> str:
    """One payment with where its money went."""
    with db.current().reading() as connection:
        payment = get_payment(connection, payment_id)
        side = PaymentAllocation.refund_id if payment.kind == PaymentKind.REFUND else PaymentAllocation.payment_id
        condition = side == payment_id
        return render_template(
            "payments/show.html",
            payment=payment,
            allocations=allocations_where(connection, condition),
            entries=entries_of(connection, payment.number, condition),
        )
