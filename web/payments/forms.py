"""The forms of a payment and of a refund."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from wtforms import HiddenField, SelectField, StringField

from core.columns import longest_texts
from finance.models import Payment
from finance.queries.payments import bank_accounts
from web.forms import AmountField, DayField, Form, Required, options


class MoneyForm(Form):
    """An amount on a bank account on a day."""

    longest = longest_texts(Payment)

    amount = AmountField(_("Amount"), [Required()])
    bank_account_id = SelectField(_("Bank account"), validate_choice=False)
    reference = StringField(_("Reference"))

    def offer(self, connection: Connection) -> None:
        """Fill the bank accounts from the database, the default one first."""
        accounts = bank_accounts(connection, only_active=True)
        self.bank_account_id.choices = options((account.id, account.name) for account in accounts)

    @property
    def bank_id(self) -> int | None:
        return self.id_in("bank_account_id")


class PaymentForm(MoneyForm):
    """Money received. The customer is typed; `customer_id` is the one found for `customer_found`."""

    customer = StringField(_("Customer"), [Required()])
    customer_id = HiddenField()
    customer_found = HiddenField()
    received_on = DayField(_("Received on"), [Required()])


class RefundForm(MoneyForm):
    """Money given back."""

    customer_id = HiddenField()
    refunded_on = DayField(_("Paid on"), [Required()])
