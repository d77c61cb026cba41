"""Writing a draft: new and edit, with prices, stock and credit looked at before anything is saved."""

from __future__ import annotations

import re
from typing import Any

from flask import g, get_template_attribute, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.errors import DomainError
from crm.orders.create import change_order, create_order
from crm.queries.orders import DraftOrder, FormCustomer, form_customer, get_draft
from web.filters import company_currency, today
from web.http import apply_line_errors, flash_done, run_command, see_other, shown_version
from web.lists.address import id_of, text_of
from web.merging import merge
from web.orders import area
from web.orders.forms import OrderForm, find_customer
from web.orders.lines import Grid, add_empty_rows, fill_rows, read_grid
from web.orders.lookups import short_numbers, short_texts, short_ways


class Draft:
    """The form together with what was understood of it."""

    def __init__(self, connection: Connection, form: OrderForm, order: DraftOrder | None = None) -> None:
        self.form, self.order = form, order
        if order is not None and "customer" in form:
            del form.customer
        self.is_valid = bool(form.validate())
        form.offer(connection)
        self.customer: FormCustomer | None = None
        match = find_customer(connection, form.customer) if order is None else None
        customer_id = order.customer_id if order else match.id if match else None
        if customer_id is not None:
            self.customer = form_customer(connection, customer_id, today())
        currency = self.customer.currency if self.customer else company_currency()
        rounding = self.customer.tax_rounding if self.customer else "line"
        self.grid: Grid = read_grid(connection, form.lines, form.warehouse, currency=currency, tax_rounding=rounding)
        self.is_valid = self.is_valid and self.grid.is_valid and self.customer is not None
        if not self.grid.requests and self.grid.is_valid is False and not any(map(_has_errors, form.lines.entries)):
            form.form_errors = [*form.form_errors, _("Write at least one line: a product and a quantity.")]

    def values(self) -> dict[str, Any]:
        """What the commands take."""
        form = self.form
        return {
            "lines": self.grid.requests,
            "warehouse_id": form.warehouse,
            "requested_on": form.requested_on.data,
            "customer_reference": (form.customer_reference.data or "").strip() or None,
            "note": (form.note.data or "").strip() or None,
            "ship_to": (form.ship_to.data or "").strip(),
            "carrier": (form.carrier.data or "").strip()[:80] or None,
        }


def _has_errors(entry: Any) -> bool:
    return any(part.errors for part in entry.form)


@area.route("/new", permission="orders.write")
def new() -> str:
    """Empty form; `customer_id` or `customer` says for whom."""
    form = OrderForm(formdata=None)
    add_empty_rows(form.lines, 6)
    with db.current().reading() as connection:
        form.offer(connection)
        customer_id = id_of("customer_id")
        customer = form_customer(connection, customer_id, today()) if customer_id else None
    form.customer.data = customer.name if customer else text_of("customer")
    return _page(form, Grid(), customer)


@area.route("/new", permission="orders.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Save a new draft; or only look again (`check`, `way`)."""
    form = OrderForm()
    with db.current().reading() as connection:
        draft = Draft(connection, form)
    if _only_looking(draft):
        return _page_of(draft)
    if draft.is_valid and draft.customer is not None:
        try:
            result = run_command(create_order, customer_id=draft.customer.id, **draft.values())
            return _saved(result["id"], result["number"])
        except DomainError as error:
            apply_line_errors(form, error, draft.grid.rows)
    return _page_of(draft), 422


@area.route("/<int:order_id>/edit", permission="orders.write")
def edit(order_id: int) -> str:
    """The draft in the form."""
    with db.current().reading() as connection:
        form, order = _filled(connection, order_id)
        customer = form_customer(connection, order.customer_id, today())
        form.customer.data = customer.name if customer else ""
        grid = read_grid(connection, form.lines, order.warehouse_id, currency=company_currency(), tax_rounding="line")
    add_empty_rows(form.lines)
    return _page(form, grid, customer, order)


def _filled(connection: Connection, order_id: int) -> tuple[OrderForm, DraftOrder]:
    order, lines = get_draft(connection, order_id)
    _require_draft(order)
    form = OrderForm(formdata=None, obj=order)
    form.warehouse_id.data = str(order.warehouse_id)
    form.offer(connection)
    fill_rows(form.lines, lines)
    return form, order


def _filled_now(order_id: int) -> OrderForm:
    with db.current().reading() as connection:
        return _filled(connection, order_id)[0]


@area.route("/<int:order_id>/edit", permission="orders.write", methods=["POST"], endpoint="change")
def change(order_id: int) -> ResponseReturnValue:
    """Save the draft; when somebody else saved meanwhile, put both's entries together, line by line."""
    form = OrderForm()
    with db.current().reading() as connection:
        order, _lines = get_draft(connection, order_id)
        _require_draft(order)
        draft = Draft(connection, form, order)
    if _only_looking(draft):
        return _page_of(draft)
    if draft.is_valid:
        try:
            result = run_command(change_order, order_id, version=shown_version(form), **draft.values())
            return _saved(order_id, result["number"])
        except DomainError as error:
            if merge(form, error, lambda: _filled_now(order_id), "sales_order", order_id):
                with db.current().reading() as connection:
                    draft = Draft(connection, form, order)
            else:
                apply_line_errors(form, error, draft.grid.rows)
    return _page_of(draft), 422


@area.route("/check", permission="orders.write", methods=["POST"])
def check() -> str:
    """Totals and credit of the form as it is being typed: a part of the page."""
    form = OrderForm()
    with db.current().reading() as connection:
        draft = Draft(connection, form)
    return render_template("orders/checks.html", grid=draft.grid, customer=draft.customer)


def _require_draft(order: DraftOrder) -> None:
    if order.state != "draft":
        raise DomainError("order_state", number=order.number, state=order.state, needed=["draft"])


def _only_looking(draft: Draft) -> bool:
    """Whether the form was sent to see prices and stock, or to take a way out of a short line; then apply it."""
    way, _colon, index_text = request.form.get("way", "").partition(":")
    if not way:
        return "check" in request.form
    index = int(index_text) if re.fullmatch("[0-9]{1,6}", index_text) else -1
    if 0 <= index < len(draft.form.lines.entries):
        row = draft.form.lines.entries[index].form
        if way == "back_order":
            row.on_short.data = "back_order"
        elif way == "reduce" and index in draft.grid.shorts:
            row.quantity.data, row.quantity.raw_data = draft.grid.shorts[index].available, None
        elif way == "drop":
            for part in (row.product, row.quantity, row.price, row.discount_percent):
                part.data, part.raw_data = None, None
    with db.current().reading() as connection:
        currency = draft.customer.currency if draft.customer else company_currency()
        rounding = draft.customer.tax_rounding if draft.customer else "line"
        for entry in draft.form.lines.entries:
            _remember(entry.form)
        draft.grid = read_grid(
            connection, draft.form.lines, draft.form.warehouse, currency=currency, tax_rounding=rounding
        )
    return True


def _remember(row: Any) -> None:
    """Values set here count as typed, so that the grid reads them again."""
    for part in (row.product, row.quantity, row.price):
        if part.data is None and not part.errors:
            part.raw_data = None
        elif part.raw_data is None:
            part.raw_data = [str(part.data) if part is row.product else part._value()]
        part.errors = []


def _saved(order_id: int, number: str) -> ResponseReturnValue:
    if "confirm" in request.form:
        return see_other("orders.show", order_id=order_id, preview="confirm")
    flash_done(_("Draft %(number)s saved", number=number))
    return see_other("orders.show", order_id=order_id)


def _page_of(draft: Draft) -> str:
    filled = [entry for entry in draft.form.lines.entries if entry.form.is_empty()]
    add_empty_rows(draft.form.lines, max(0, 2 - len(filled)))
    return _page(draft.form, draft.grid, draft.customer, draft.order)


def _page(form: OrderForm, grid: Grid, customer: FormCustomer | None, order: DraftOrder | None = None) -> str:
    g.nav = "orders.index"
    return render_template(
        "orders/form.html", form=form, grid=grid, shorts=_shorts(grid), customer=customer, order=order
    )


def _shorts(grid: Grid) -> dict[int, Any]:
    """The row below each short line: its numbers and, until one was taken, the ways out."""
    short_line = get_template_attribute("macros/linegrid.html", "short_line")
    shown = {}
    for index, request_ in zip(grid.rows, grid.requests, strict=True):
        product = grid.shorts.get(index)
        if product is not None:
            later = request_.on_short == "back_order"
            ways = [] if later else short_ways(product, request_.quantity, index)
            texts = short_texts(product, request_.quantity, later)
            shown[index] = short_line(*texts, short_numbers(product), ways)
    return shown
