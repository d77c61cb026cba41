"""The chart of accounts: add, rename, archive."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField

from core.errors import DomainError
from finance.accounts import change_account, create_account
from finance.queries.book_record import AccountRecord, get_account
from web.forms import Form, Required, VersionField, options
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.ledger import area
from web.merging import merge

KINDS = {
    "asset": _l("Asset"),
    "liability": _l("Liability"),
    "equity": _l("Equity"),
    "income": _l("Income"),
    "expense": _l("Expense"),
}


class AccountForm(Form):
    """Code, names, kind."""

    code = StringField(_l("Code"), [Required()])
    name = StringField(_l("Name in English"), [Required()])
    name_zh = StringField(_l("Name in Chinese"))
    kind = SelectField(_l("Kind"), choices=options(KINDS.items()))
    is_active = BooleanField(_l("Open for entries"))
    version = VersionField()


@area.route("/accounts/new", permission="ledger.post")
def new_account() -> str:
    """Empty form."""
    return _page(AccountForm(formdata=None, is_active=True))


@area.route("/accounts/new", permission="ledger.post", methods=["POST"], endpoint="create_account")
def create() -> ResponseReturnValue:
    """Add an account."""
    form = AccountForm()
    if form.validate():
        try:
            result = run_command(create_account, _values(form))
            flash_done(_("%(name)s created", name=result["code"]))
            return see_other("ledger.accounts")
        except DomainError as error:
            apply_errors(form, error)
    return _page(form), 422


@area.route("/accounts/<int:account_id>/edit", permission="ledger.post")
def edit_account(account_id: int) -> str:
    """The form with what stands in the record."""
    row = get_account(account_id)
    return _page(_filled(row), row)


def _filled(row: AccountRecord) -> AccountForm:
    return AccountForm(formdata=None, data=row._asdict())


@area.route("/accounts/<int:account_id>/edit", permission="ledger.post", methods=["POST"], endpoint="change_account")
def change(account_id: int) -> ResponseReturnValue:
    """Rename, archive, open again."""
    row, form = get_account(account_id), AccountForm()
    if form.validate():
        try:
            values = _values(form) | {"is_active": form.is_active.data}
            result = run_command(change_account, account_id, values, version=shown_version(form))
            flash_done(_("%(name)s saved", name=result["code"]))
            return see_other("ledger.account", account_id=account_id)
        except DomainError as error:
            if not merge(form, error, lambda: _filled(get_account(account_id)), "account", account_id):
                apply_errors(form, error)
    return _page(form, row), 422


def _values(form: AccountForm) -> dict[str, Any]:
    return {name: form[name].data for name in ("code", "name", "name_zh", "kind")}


def _page(form: AccountForm, row: AccountRecord | None = None) -> str:
    return render_template("ledger/account_form.html", form=form, account=row)
