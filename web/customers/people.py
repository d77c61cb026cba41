"""Contacts and addresses of a customer: add and change."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core import database as db
from core.command import Result
from core.custom_fields.values import values_of
from core.customers import save_address, save_contact
from core.errors import DomainError, NotFound
from core.queries.reading import fetch
from crm.queries.customer_page import ADDRESSES, CONTACTS, CustomerRecord, get_customer
from web.custom_fields.forms import filled
from web.customers import area
from web.customers.forms import AddressForm, ContactForm
from web.filters import today
from web.http import apply_errors, flash_done, run_command, shown_version
from web.merging import merge
from web.undo import undo_of

CONTACT_FIELDS = (
    "name",
    "title",
    "decision_power",
    "phone",
    "email",
    "preferred_channel",
    "do_not_call",
    "note",
    "is_active",
)
ADDRESS_FIELDS = ("kind", "name", "street", "postal_code", "city", "region", "country", "is_default", "is_active")


@area.route("/<int:customer_id>/contacts/new", permission="customers.write")
def new_contact(customer_id: int) -> str:
    """Empty form of a contact."""
    return _contact_page(ContactForm(formdata=None, is_active=True), customer_id)


@area.route(
    "/<int:customer_id>/contacts/new", permission="customers.write", methods=["POST"], endpoint="create_contact"
)
def create_contact(customer_id: int) -> ResponseReturnValue:
    """Add a contact."""
    form = ContactForm()
    form.is_active.data = True
    return _save_contact(form, customer_id)


@area.route("/<int:customer_id>/contacts/<int:contact_id>", permission="customers.write")
def edit_contact(customer_id: int, contact_id: int) -> str:
    """The form of a contact."""
    return _contact_page(_filled_contact(customer_id, contact_id), customer_id, contact_id)


def _filled_contact(customer_id: int, contact_id: int) -> ContactForm:
    contact = _one(CONTACTS, customer_id, contact_id)
    custom = filled("contact", values_of("contact", [contact_id]).get(contact_id))
    return ContactForm(formdata=None, obj=contact, custom=custom)


@area.route(
    "/<int:customer_id>/contacts/<int:contact_id>",
    permission="customers.write",
    methods=["POST"],
    endpoint="change_contact",
)
def change_contact(customer_id: int, contact_id: int) -> ResponseReturnValue:
    """Save a contact."""
    return _save_contact(ContactForm(), customer_id, contact_id)


@area.route("/<int:customer_id>/addresses/new", permission="customers.write")
def new_address(customer_id: int) -> str:
    """Empty form of an address."""
    customer = _customer(customer_id)
    form = AddressForm(formdata=None, country=customer.country, is_default=True, is_active=True)
    return _address_page(form, customer_id)


@area.route(
    "/<int:customer_id>/addresses/new", permission="customers.write", methods=["POST"], endpoint="create_address"
)
def create_address(customer_id: int) -> ResponseReturnValue:
    """Add an address."""
    form = AddressForm()
    form.is_active.data = True
    return _save_address(form, customer_id)


@area.route("/<int:customer_id>/addresses/<int:address_id>", permission="customers.write")
def edit_address(customer_id: int, address_id: int) -> str:
    """The form of an address."""
    return _address_page(_filled_address(customer_id, address_id), customer_id, address_id)


def _filled_address(customer_id: int, address_id: int) -> AddressForm:
    form = AddressForm(formdata=None, obj=_one(ADDRESSES, customer_id, address_id))
    form.offer()
    return form


@area.route(
    "/<int:customer_id>/addresses/<int:address_id>",
    permission="customers.write",
    methods=["POST"],
    endpoint="change_address",
)
def change_address(customer_id: int, address_id: int) -> ResponseReturnValue:
    """Save an address."""
    return _save_address(AddressForm(), customer_id, address_id)


def _customer(customer_id: int) -> CustomerRecord:
    with db.current().reading() as connection:
        return get_customer(connection, customer_id, today())


def _one(query: Any, customer_id: int, identity: int) -> Any:
    with db.current().reading() as connection:
        get_customer(connection, customer_id, today())
        [rows] = fetch(connection, query(customer_id=customer_id))
    found = next((row for row in rows if row.id == identity), None)
    if found is None:
        raise NotFound(query.name, identity)
    return found


def _save_contact(form: ContactForm, customer_id: int, contact_id: int | None = None) -> ResponseReturnValue:
    if form.validate():
        values = {name: form[name].data for name in CONTACT_FIELDS} | form.custom_values()
        version = shown_version(form) if contact_id else None
        try:
            result = run_command(
                save_contact,
                customer_id,
                values,
                contact_id=contact_id,
                version=version,
            )
            return _saved("contact", customer_id, version, result, _("Contact %(name)s saved", name=result["name"]))
        except DomainError as error:
            if not merge(
                form, error, lambda: _filled_contact(customer_id, contact_id or 0), "contact", contact_id or 0
            ):
                apply_errors(form, error)
    return _contact_page(form, customer_id, contact_id), 422


def _saved(record_type: str, customer_id: int, version: int | None, result: Result, text: str) -> ResponseReturnValue:
    """Says that a part of a customer is saved; what was there before can be put back."""
    there = url_for("customers.show", customer_id=customer_id)
    undo = undo_of(record_type, result["id"], version, result["version"], there) if version else None
    flash_done(text, undo)
    return redirect(there, 303)


def _save_address(form: AddressForm, customer_id: int, address_id: int | None = None) -> ResponseReturnValue:
    form.offer()
    if form.validate():
        values = {name: form[name].data for name in ADDRESS_FIELDS}
        version = shown_version(form) if address_id else None
        try:
            result = run_command(
                save_address,
                customer_id,
                values,
                address_id=address_id,
                version=version,
            )
            return _saved("address", customer_id, version, result, _("Address saved"))
        except DomainError as error:
            if not merge(
                form, error, lambda: _filled_address(customer_id, address_id or 0), "address", address_id or 0
            ):
                apply_errors(form, error)
    return _address_page(form, customer_id, address_id), 422


def _contact_page(form: ContactForm, customer_id: int, contact_id: int | None = None) -> str:
    customer = _customer(customer_id)
    return render_template("customers/contact.html", form=form, customer=customer, contact_id=contact_id)


def _address_page(form: AddressForm, customer_id: int, address_id: int | None = None) -> str:
    form.offer()
    return render_template("customers/address.html", form=form, customer=_customer(customer_id), address_id=address_id)
