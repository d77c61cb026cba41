"""Giving a customer's credit back."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.columns import read_id
from core.errors import DomainError, NotFound
from core.queries.customers import get_customer
from core.queries.paging import Window
from finance.corrections import refund
from finance.queries.payments import unapplied_sources
from web.effects import effect_lines
from web.filters import money, today
from web.http import apply_errors, flash_done, preview_command, run_command, see_other
from web.lists.address import id_of
from web.payments import area
from web.payments.forms import RefundForm
from web.payments.rows import carried_values


@area.route("/refunds/new", permission="payments.write")
def new_refund() -> str:
    """The form, with the credit there is."""
    customer_id = id_of("customer_id")
    if customer_id is None:
        raise NotFound("customer")
    form = RefundForm(formdata=None, refunded_on=today(), customer_id=str(customer_id))
    with db.current().reading() as connection:
        form.amount.data = get_customer(connection, customer_id).unapplied or None
    return _page(form, customer_id)


@area.route("/refunds/new", permission="payments.write", methods=["POST"], endpoint="create_refund")
def create() -> ResponseReturnValue:
    """Preview or post."""
    form = RefundForm()
    customer_id, preview = read_id(form.customer_id.data), None
    if customer_id is None:
        raise NotFound("customer")
    if form.validate():
        asked = {
            "customer_id": customer_id,
            "amount": form.amount.data,
            "refunded_on": form.refunded_on.data,
            "reference": form.reference.data or None,
            "bank_account_id": form.bank_id,
        }
        try:
            if request.form.get("step") == "post":
                result = run_command(refund, **asked)
                flash_done(
                    _("Refund %(number)s of %(amount)s posted", number=result["number"], amount=money(form.amount.data))
                )
                return see_other("payments.show", payment_id=result["id"])
            preview = preview_command(refund, **asked)
        except DomainError as error:
            apply_errors(form, error)
    page = _page(form, customer_id, preview)
    return (page, 200) if preview else (page, 422)


def _page(form: RefundForm, customer_id: int, preview: Any = None) -> str:
    with db.current().reading() as connection:
        form.offer(connection)
        return render_template(
            "payments/refund.html",
            form=form,
            customer=get_customer(connection, customer_id),
            sources=unapplied_sources(connection, Window(), customer_id=customer_id),
            effects=effect_lines(preview.effects) if preview else [],
            digest=preview.digest if preview else "",
            carried=carried_values(step="post") if preview else {},
        )
