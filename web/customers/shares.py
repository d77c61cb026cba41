"""Whom a customer is shown to beyond its owner."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from core.columns import longest_texts
from core.errors import DomainError
from core.parties import CustomerShare
from core.queries.units import list_members, list_shares, list_units
from core.units import end_share, share_customer
from crm.queries.departures import list_owners
from finance.queries.customer_record import get_customer
from web.customers import area
from web.forms import Form, options
from web.http import apply_errors, flash_done, run_command, see_other


class ShareForm(Form):
    """A person, or a region or team, and why."""

    longest = longest_texts(CustomerShare)
    user_id = SelectField(_l("Person"), validate_choice=False)
    unit_id = SelectField(_l("Region or team"), validate_choice=False)
    reason = StringField(_l("Reason"))

    def offer(self) -> None:
        """Everybody who signs in, and the tree."""
        nobody = SelectChoice("", "—")
        self.user_id.choices = [nobody, *options((person.id, person.name) for person in list_members())]
        self.unit_id.choices = [nobody, *options((unit.id, unit.name) for unit in list_units())]


@area.route("/<int:customer_id>/shares", permission="customers.assign", endpoint="shares")
def show_shares(customer_id: int) -> str:
    """Who sees this customer beside its owner, and the form that shows it to somebody more."""
    return _page(ShareForm(formdata=None), customer_id)


@area.route("/<int:customer_id>/shares", permission="customers.assign", methods=["POST"], endpoint="share")
def share(customer_id: int) -> ResponseReturnValue:
    """Show a customer and all that is his to somebody."""
    customer, form = get_customer(customer_id), ShareForm()
    form.offer()
    if form.validate():
        try:
            reader = {"user_id": form.id_in("user_id"), "unit_id": form.id_in("unit_id")}
            run_command(share_customer, customer_id, **reader, reason=form.reason.data)
            flash_done(_("%(name)s is shared", name=customer.name))
            return see_other("customers.shares", customer_id=customer_id)
        except DomainError as error:
            apply_errors(form, error)
    return _page(form, customer_id), 422


@area.route(
    "/<int:customer_id>/shares/<int:share_id>/end",
    permission="customers.assign",
    methods=["POST"],
    endpoint="end_share",
)
def take_back(customer_id: int, share_id: int) -> ResponseReturnValue:
    """Take a shared customer back."""
    customer = get_customer(customer_id)
    run_command(end_share, customer_id, share_id)
    flash_done(_("%(name)s is taken back", name=customer.name))
    return see_other("customers.shares", customer_id=customer_id)


def _page(form: ShareForm, customer_id: int) -> str:
    customer = get_customer(customer_id)
    form.offer()
    shares, owners = list_shares(customer_id), list_owners(customer_id)
    return render_template("customers/shares.html", form=form, customer=customer, shares=shares, owners=owners)
