"""Payments: list and record."""

from __future__ import annotations

from datetime import date

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from core import database as db
from finance.models import PaymentAllocation, PaymentKind
from finance.queries.allocations import allocations_where, entries_of
from finance.queries.payments import get_payment
from web.i18n import language
from web.lists.pages import show_list
from web.payments import area
from web.payments.listing import PAYMENT_LIST
from web.payments.refused import refused_of


@area.app_template_filter("short_day")
def short_day(value: date | None) -> str:
    """A day in a narrow column: `22 Nov`, `11/22`."""
    if value is None:
        return ""
    return f"{value.month}/{value.day}" if language() == "zh" else format_date(value, "d MMM", rebase=False)


@area.route("", permission="payments.read")
def index() -> ResponseReturnValue:
    """All payments."""
    return show_list(PAYMENT_LIST)


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
            refused=list(refused_of(payment)),
            allocations=allocations_where(connection, condition),
            entries=entries_of(connection, payment.number, condition),
        )
