"""Writing a quotation: from an opportunity, or for a customer; changing one that is still open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.columns import read_id
from core.errors import DomainError
from crm.queries.orders import FormCustomer, form_customer
from crm.queries.pipeline import DealRecord, deal_page
from crm.queries.quotations import QuotationPage, other_quotations, quotation_page
from crm.quotations import DEFAULT_VALID_DAYS, change_quotation, create_quotation
from web.filters import company_currency, today
from web.http import apply_line_errors, flash_done, run_command, see_other, shown_version
from web.lists.address import id_of, text_of
from web.merging import merge
from web.orders.forms import find_customer
from web.orders.lines import Grid, add_empty_rows, fill_rows, read_grid
from web.quotations import area
from web.quotations.forms import QuotationForm


class Draft:
    """The form together with what was understood of it."""

    def __init__(self, connection: Connection, form: QuotationForm, page: QuotationPage | None = None) -> None:
        self.form, self.page = form, page
        self.deal: DealRecord | None = None
        deal_id = read_id(form.opportunity_id.data)
        if (page is not None or deal_id is not None) and "customer" in form:
            del form.customer
        self.is_valid = bool(form.validate())
        if page is not None:
            customer_id: int | None = page.quotation.customer_id
        elif deal_id is not None:
            self.deal = deal_page(connection, deal_id).deal
            customer_id = self.deal.customer_id
        else:
            match = find_customer(connection, form.customer)
            customer_id = match.id if match else None
        self.customer = form_customer(connection, customer_id, today()) if customer_id else None
        rounding = self.customer.tax_rounding if self.customer else "line"
        currency = self.customer.currency if self.customer else company_currency()
        self.grid = read_grid(connection, form.lines, None, currency=currency, tax_rounding=rounding)
        self.is_valid = self.is_valid and self.grid.is_valid and self.customer is not None
        typed = [entry for entry in form.lines.entries if not entry.form.is_empty()]
        if not typed:
            form.form_errors = [*form.form_errors, _("Write at least one line: a product and a quantity.")]


@area.route("/new", permission="quotations.write")
def new() -> str:
    """Empty form; `opportunity_id` or `customer_id` says for what."""
    form = QuotationForm(formdata=None, valid_until=today() + timedelta(days=DEFAULT_VALID_DAYS))
    add_empty_rows(form.lines, 5)
    deal_id, customer_id = id_of("opportunity_id"), id_of("customer_id")
    with db.current().reading() as connection:
        deal = deal_page(connection, deal_id).deal if deal_id else None
        customer_id = deal.customer_id if deal else customer_id
        customer = form_customer(connection, customer_id, today()) if customer_id else None
        form.customer.data = customer.name if customer else text_of("customer")
        form.opportunity_id.data = str(deal.id) if deal else ""
        return _page(connection, form, Grid(), customer, deal=deal)


@area.route("/new", permission="quotations.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Save a new quotation; or only look at the amounts again (`check`)."""
    form = QuotationForm()
    with db.current().reading() as connection:
        draft = Draft(connection, form)
    if "check" not in request.form and draft.is_valid and draft.customer is not None:
        try:
            result = run_command(
                create_quotation,
                lines=draft.grid.requests,
                opportunity_id=draft.deal.id if draft.deal else None,
                customer_id=draft.customer.id,
                valid_until=form.valid_until.data,
                note=form.note.data,
            )
            flash_done(_("Quotation %(number)s saved", number=result["number"]))
            return see_other("quotations.show", quotation_id=result["id"])
        except DomainError as error:
            apply_line_errors(form, error, draft.grid.rows)
    return _again(draft)


@area.route("/<int:quotation_id>/edit", permission="quotations.write")
def edit(quotation_id: int) -> str:
    """The quotation in the form."""
    with db.current().reading() as connection:
        form, page = _filled(connection, quotation_id)
        grid = read_grid(connection, form.lines, None, currency=page.quotation.currency, tax_rounding="line")
        customer = form_customer(connection, page.quotation.customer_id, today())
        add_empty_rows(form.lines)
        return _page(connection, form, grid, customer, page)


def _filled(connection: Connection, quotation_id: int) -> tuple[QuotationForm, QuotationPage]:
    page = quotation_page(connection, quotation_id)
    _require_open(page)
    form = QuotationForm(formdata=None, obj=page.quotation)
    fill_rows(form.lines, page.lines)
    return form, page


def _filled_now(quotation_id: int) -> QuotationForm:
    with db.current().reading() as connection:
        return _filled(connection, quotation_id)[0]


@area.route("/<int:quotation_id>/edit", permission="quotations.write", methods=["POST"], endpoint="change")
def change(quotation_id: int) -> ResponseReturnValue:
    """Save; when somebody else saved meanwhile, put both's entries together, line by line."""
    form = QuotationForm()
    with db.current().reading() as connection:
        page = quotation_page(connection, quotation_id)
        _require_open(page)
        draft = Draft(connection, form, page)
    if "check" not in request.form and draft.is_valid:
        try:
            result = run_command(
                change_quotation,
                quotation_id,
                lines=draft.grid.requests,
                valid_until=form.valid_until.data,
                note=form.note.data,
                version=shown_version(form),
            )
            flash_done(_("Quotation %(number)s saved", number=result["number"]))
            return see_other("quotations.show", quotation_id=quotation_id)
        except DomainError as error:
            if merge(form, error, lambda: _filled_now(quotation_id), "quotation", quotation_id):
                with db.current().reading() as connection:
                    draft = Draft(connection, form, page)
            else:
                apply_line_errors(form, error, draft.grid.rows)
    return _again(draft)


def _require_open(page: QuotationPage) -> None:
    if not page.quotation.is_open():
        raise DomainError("quotation_state", number=page.quotation.number, state=page.quotation.state)


def _again(draft: Draft) -> ResponseReturnValue:
    empty = [entry for entry in draft.form.lines.entries if entry.form.is_empty()]
    add_empty_rows(draft.form.lines, max(0, 2 - len(empty)))
    with db.current().reading() as connection:
        page = _page(connection, draft.form, draft.grid, draft.customer, draft.page, deal=draft.deal)
    return page if "check" in request.form else (page, 422)


def _page(
    connection: Connection,
    form: QuotationForm,
    grid: Grid,
    customer: FormCustomer | None,
    page: QuotationPage | None = None,
    **more: Any,
) -> str:
    quotation = page.quotation if page else None
    others = other_quotations(connection, customer.id, quotation.id if quotation else 0) if customer else []
    g.nav = "quotations.index"
    return render_template(
        "quotations/form.html", form=form, grid=grid, customer=customer, quotation=quotation, others=others, **more
    )
