"""A new payment: who and how much, then the open invoices with the proposed parts, then the preview."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.columns import read_id
from core.errors import DomainError
from core.queries.customers import CustomerChoice, customer_names, find_customers, get_customer
from finance.payments import Wanted, record_payment
from finance.queries.payments import open_invoices_of
from finance.queries.proposals import explain
from web.effects import effect_lines
from web.filters import money, today
from web.forms import parse_number
from web.http import apply_errors, flash_done, preview_command, run_command, see_other
from web.lists.address import id_of, text_of
from web.payments import area
from web.payments.forms import PaymentForm
from web.payments.rows import InvoiceRows, back_to, carried_values


@area.route("/new", permission="payments.write")
def new() -> str:
    """The form; with a customer in the address, the open invoices at once."""
    came_back = "customer_found" in request.args
    if came_back:
        form = PaymentForm(formdata=request.args)
    else:
        form = PaymentForm(formdata=None, received_on=today(), reference=text_of("reference"))
        form.amount.data = parse_number(text_of("amount"))
    with db.current().reading() as connection:
        customer_id = id_of("customer_id")
        customer = get_customer(connection, customer_id) if customer_id else None
        rows = None
        if customer is not None:
            form.customer.data = customer.name
            rows = _rows(connection, form, customer)
            if came_back:
                rows.read()
            else:
                rows.propose()
        return _page(connection, form, customer, rows)


@area.route("/new", permission="payments.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Find the customer, propose, preview or post, by the button that was pressed."""
    form, step = PaymentForm(), request.form.get("step", "find")
    valid = form.validate()
    with db.current().reading() as connection:
        customer, candidates = _customer(connection, form)
        if customer is None:
            return _page(connection, form, None, None, candidates), 422
        rows = _rows(connection, form, customer)
        if not valid:
            rows.read()
            return _page(connection, form, customer, rows), 422
        if step in ("find", "propose"):
            rows.propose()
            return _page(connection, form, customer, rows)
    wanted = rows.read()
    preview = None
    if not rows.faults:
        try:
            if step == "post":
                result = run_command(record_payment, **_asked(form, customer, wanted))
                flash_done(
                    _(
                        "Payment %(number)s of %(amount)s posted",
                        number=result["number"],
                        amount=money(form.amount.data),
                    )
                )
                return see_other("payments.show", payment_id=result["id"])
            preview = preview_command(record_payment, **_asked(form, customer, wanted))
        except DomainError as error:
            if not rows.place(error, wanted):
                apply_errors(form, error)
            if error.code == "plan_changed":
                preview = preview_command(record_payment, **_asked(form, customer, wanted))
    with db.current().reading() as connection:
        page = _page(connection, form, customer, rows, preview=preview)
    return (page, 200) if preview is not None and not form.form_errors else (page, 422)


def _customer(connection: Connection, form: PaymentForm) -> tuple[CustomerChoice | None, list[CustomerChoice]]:
    """The customer meant by the form; a chosen candidate counts, a changed text is looked up again."""
    chosen = read_id(request.form.get("choose"))
    if chosen is not None:
        return get_customer(connection, chosen), []
    text, identity = (form.customer.data or "").strip(), read_id(form.customer_id.data)
    if identity is not None and text == (form.customer_found.data or ""):
        return get_customer(connection, identity), []
    if not text:
        return None, []
    found = find_customers(connection, text)
    if len(found) == 1:
        return found[0], []
    fault = (
        _("Several customers fit. Choose one below.")
        if found
        else _("No customer fits “%(text)s”. Type a part of the name or the code.", text=text)
    )
    form.customer.errors = [*form.customer.errors, fault]
    return None, found


def _rows(connection: Connection, form: PaymentForm, customer: CustomerChoice) -> InvoiceRows:
    form.customer.data = form.customer_found.data = customer.name
    form.customer.raw_data = [customer.name]
    form.customer_id.data = str(customer.id)
    invoices = open_invoices_of(connection, [customer.id]).get(customer.id, [])
    amount = form.amount.data
    proposal = explain(invoices, amount, form.reference.data, today=today()) if amount and amount > 0 else None
    return InvoiceRows(invoices, proposal)


def _asked(form: PaymentForm, customer: CustomerChoice, wanted: list[Wanted]) -> dict[str, Any]:
    return {
        "customer_id": customer.id,
        "amount": form.amount.data,
        "received_on": form.received_on.data,
        "reference": form.reference.data or None,
        "bank_account_id": form.bank_id,
        "allocations": wanted,
    }


def _page(
    connection: Connection,
    form: PaymentForm,
    customer: CustomerChoice | None,
    rows: InvoiceRows | None,
    candidates: list[CustomerChoice] | None = None,
    preview: Any = None,
) -> str:
    form.offer(connection)
    return render_template(
        "payments/new.html",
        form=form,
        customer=customer,
        rows=rows,
        candidates=candidates or [],
        names=customer_names(connection) if customer is None else [],
        effects=effect_lines(preview.effects) if preview else [],
        digest=preview.digest if preview else "",
        left=(form.amount.data or 0) - rows.total if rows and form.amount.data else None,
        carried=carried_values(step="post") if preview else {},
        back=back_to("payments.new") if preview else "",
    )
