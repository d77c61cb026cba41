"""The list of customers, the form, and the page that shows everything about one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.utils import redirect

from core import database as db
from core.custom_fields.values import read_values, values_of
from core.customers import create_customer
from core.errors import DomainError
from crm.owners import change_customer
from crm.queries.customer_page import CustomerRecord, customer_page, get_customer
from crm.queries.timeline import GROUPS, timeline
from web.custom_fields.forms import filled
from web.custom_fields.shown import facts_of
from web.customers import area
from web.customers.forms import LIFECYCLE_TONES, LIFECYCLES, CustomerForm, country_name
from web.customers.listing import CUSTOMER_LIST
from web.customers.timeline import days_of
from web.filters import today
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.lists.pages import show_list
from web.merging import merge
from web.navigation import link
from web.orders.sentences import PAYMENT, PAYMENT_TONES
from web.talk.records import open_types
from web.undo import undo_of

GROUP_NAMES = {
    "all": lazy_gettext("All"),
    "contacts": lazy_gettext("Contacts"),
    "talk": lazy_gettext("Comments"),
    "documents": lazy_gettext("Documents"),
    "money": lazy_gettext("Billing"),
}


@area.route("", permission="customers.read")
def index() -> ResponseReturnValue:
    """Customers: the list."""
    return show_list(CUSTOMER_LIST)


@area.route("/new", permission="customers.write")
def new() -> str:
    """Empty form."""
    form = CustomerForm(formdata=None, owner_id=str(g.actor.user_id or ""), country="CN", name=request.args.get("name"))
    return _form_page(form)


@area.route("/new", permission="customers.write", methods=["POST"], endpoint="create")
def create() -> ResponseReturnValue:
    """Create a customer; a duplicate is refused with the name of who owns it."""
    form = CustomerForm()
    form.offer()
    refusal: DomainError | None = None
    if form.validate():
        try:
            result = run_command(create_customer, form.values())
            flash_done(_("Customer %(name)s created", name=result["name"]))
            return see_other("customers.show", customer_id=result["id"])
        except DomainError as error:
            refusal = error
            _show_refusal(form, error)
    return _form_page(form, refusal=refusal), 422


@area.route("/<int:customer_id>", permission="customers.read")
def show(customer_id: int) -> str:
    """Everything about one customer."""
    group = request.args.get("show", "all")
    group = group if group in GROUPS else "all"
    with db.current().reading() as connection:
        page = customer_page(connection, customer_id, today())
        history = timeline(
            connection, customer_id, group=group, before=_moment(request.args.get("before")), types=open_types()
        )
        custom = read_values(connection, "customer", [customer_id]).get(customer_id)
    return render_template(
        "customers/show.html",
        **vars(page),
        history=history,
        more=facts_of("customer", custom),
        days=days_of(history.entries),
        group=group,
        groups=GROUP_NAMES,
        lifecycles=LIFECYCLES,
        lifecycle_tones=LIFECYCLE_TONES,
        country_name=country_name,
        payment=PAYMENT,
        payment_tones=PAYMENT_TONES,
        later="before" in request.args,
    )


@area.route("/<int:customer_id>/edit", permission="customers.write")
def edit(customer_id: int) -> str:
    """The form with what stands there now."""
    customer = _customer(customer_id)
    return _form_page(_filled(customer), customer)


def _filled(customer: CustomerRecord) -> CustomerForm:
    custom = values_of("customer", [customer.id]).get(customer.id)
    form = CustomerForm(formdata=None, obj=customer, custom=filled("customer", custom))
    form.owner_id.data = str(customer.owner_id)
    form.payment_terms_id.data = str(customer.payment_terms_id or "")
    form.offer(customer.owner_id, customer.payment_terms_id)
    return form


@area.route("/<int:customer_id>/edit", permission="customers.write", methods=["POST"], endpoint="change")
def change(customer_id: int) -> ResponseReturnValue:
    """Save; when somebody else saved meanwhile, put both's entries together and ask where both changed one."""
    customer = _customer(customer_id)
    form = CustomerForm()
    form.offer(customer.owner_id, customer.payment_terms_id)
    refusal: DomainError | None = None
    if form.validate():
        try:
            result = run_command(change_customer, customer_id, form.values(), version=shown_version(form))
            there = url_for("customers.show", customer_id=customer_id)
            undo = undo_of("customer", customer_id, shown_version(form), result["version"], there)
            flash_done(_("Customer %(name)s saved", name=result["name"]), undo)
            return redirect(there, 303)
        except DomainError as error:
            refusal = error
            if not merge(form, error, lambda: _filled(_customer(customer_id)), "customer", customer_id):
                _show_refusal(form, error)
    return _form_page(form, customer, refusal=refusal), 422


def _customer(customer_id: int) -> CustomerRecord:
    with db.current().reading() as connection:
        return get_customer(connection, customer_id, today())


def _show_refusal(form: CustomerForm, error: DomainError) -> None:
    apply_errors(form, error)
    if error.code == "duplicate_customer":
        for name in error.data["same"]:
            if name in form:
                form[name].errors = [
                    *form[name].errors,
                    _("The same as at %(customer)s.", customer=error.data["customer"]),
                ]


def _form_page(form: CustomerForm, customer: CustomerRecord | None = None, **more: Any) -> str:
    if form.country.choices is None:
        form.offer(*((customer.owner_id, customer.payment_terms_id) if customer else ()))
    refusal: DomainError | None = more.get("refusal")
    duplicate = None
    if refusal is not None and refusal.code == "duplicate_customer":
        duplicate = link("customers.show", customer_id=refusal.data["customer_id"])
    return render_template("customers/form.html", form=form, customer=customer, duplicate=duplicate, **more)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+")) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
