"""Bank accounts and cash boxes: list, new, rename, archive."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from core import database as db
from core.errors import DomainError
from finance.banks import change_bank_account, create_bank_account
from finance.queries.banks import BankRecord, free_money_accounts, get_bank_account
from finance.queries.payments import bank_accounts
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.i18n import language
from web.merging import merge
from web.payments import area
from web.sentences import sentence


class BankForm(Form):
    """What money comes in on. Kind and ledger account are chosen once."""

    name = StringField(_l("Name"), [Required()])
    kind = SelectField(
        _l("Kind"), choices=[SelectChoice("bank", _l("Bank account")), SelectChoice("cash", _l("Cash box"))]
    )
    number = StringField(_l("Account number"))
    account_id = SelectField(_l("Ledger account"), validate_choice=False)
    is_default = BooleanField(_l("Payments go there unless another is chosen"))
    version = VersionField()


@area.route("/bank-accounts", permission="payments.read", endpoint="bank_accounts")
def show_bank_accounts() -> str:
    """Bank accounts and cash boxes with their balance in the books."""
    return _list()


@area.route("/bank-accounts/new", permission="banks.write")
def new_bank_account() -> str:
    """Empty form."""
    return _form(BankForm(formdata=None))


@area.route("/bank-accounts/new", permission="banks.write", methods=["POST"], endpoint="create_bank_account")
def create() -> ResponseReturnValue:
    """Open a bank account or a cash box, with a ledger account."""
    form = BankForm()
    if form.validate():
        text = form.account_id.data or ""
        values = _values(form) | {"kind": form.kind.data, "account_id": int(text) if text.isdecimal() else None}
        try:
            result = run_command(create_bank_account, values)
            flash_done(_("%(name)s created", name=result["name"]))
            return see_other("payments.bank_accounts")
        except DomainError as error:
            apply_errors(form, error)
    return _form(form), 422


@area.route("/bank-accounts/<int:bank_account_id>", permission="banks.write")
def edit_bank_account(bank_account_id: int) -> str:
    """The form with what stands in the record."""
    row = get_bank_account(bank_account_id)
    return _form(_filled(row), row)


def _filled(row: BankRecord) -> BankForm:
    """What is the usual one already is not asked to become it."""
    return BankForm(formdata=None, data=row._asdict() | {"is_default": False})


@area.route(
    "/bank-accounts/<int:bank_account_id>", permission="banks.write", methods=["POST"], endpoint="change_bank_account"
)
def change(bank_account_id: int) -> ResponseReturnValue:
    """Rename, renumber, make it the usual one."""
    row, form = get_bank_account(bank_account_id), BankForm()
    form.kind.data = row.kind
    if form.validate():
        try:
            result = run_command(change_bank_account, bank_account_id, _values(form), version=shown_version(form))
            flash_done(_("%(name)s saved", name=result["name"]))
            return see_other("payments.bank_accounts")
        except DomainError as error:
            row = get_bank_account(bank_account_id)
            if not merge(form, error, lambda: _filled(row), "bank_account", bank_account_id):
                apply_errors(form, error)
    return _form(form, row), 422


@area.route("/bank-accounts/<int:bank_account_id>/archive", permission="banks.write", methods=["POST"])
def archive_bank_account(bank_account_id: int) -> ResponseReturnValue:
    """Offer it for payments no more; what stands on it stays."""
    return _set_active(bank_account_id, False)


@area.route("/bank-accounts/<int:bank_account_id>/restore", permission="banks.write", methods=["POST"])
def restore_bank_account(bank_account_id: int) -> ResponseReturnValue:
    """Offer it again."""
    return _set_active(bank_account_id, True)


def _set_active(bank_account_id: int, is_active: bool) -> ResponseReturnValue:
    try:
        result = run_command(change_bank_account, bank_account_id, {"is_active": is_active})
    except DomainError as error:
        if error.code == "not_found":
            raise
        return _list(sentence(error.code, error.data)), error.http_status
    name = result["name"]
    opposite = "payments.archive_bank_account" if is_active else "payments.restore_bank_account"
    undo = url_for(opposite, bank_account_id=bank_account_id)
    flash_done(_("%(name)s in use again", name=name) if is_active else _("%(name)s archived", name=name), undo)
    return see_other("payments.bank_accounts")


def _values(form: BankForm) -> dict[str, Any]:
    return {name: form[name].data for name in ("name", "number", "is_default")}


def _list(refusal: str = "") -> str:
    with db.current().reading() as connection:
        return render_template("payments/bank_accounts.html", accounts=bank_accounts(connection), refusal=refusal)


def _form(form: BankForm, row: BankRecord | None = None) -> str:
    g.nav = "payments.index"
    with db.current().reading() as connection:
        free = [] if row else free_money_accounts(connection, chinese=language() == "zh")
    own = SelectChoice("", _("A new one of its own"))
    form.account_id.choices = [own, *[SelectChoice(str(choice.id), choice.text) for choice in free]]
    return render_template("payments/bank_account.html", form=form, bank=row)
