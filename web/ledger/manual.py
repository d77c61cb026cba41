"""Entries posted by hand, and their reversal."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from wtforms import FormField, SelectField, StringField

from core import database as db
from core.columns import longest_texts, read_id
from core.errors import DomainError
from core.money import ZERO
from finance.manual import ManualLine, post_manual_entry, reverse_manual_entry
from finance.models import JournalEntry
from finance.queries.ledger import account_choices, get_entry
from web.effects import effect_lines
from web.filters import today
from web.forms import AmountField, DayField, Form, LineForm, Required, Rows, options
from web.http import apply_errors, apply_line_errors, flash_done, preview_command, run_command, see_other
from web.i18n import language
from web.ledger import area
from web.payments.rows import back_to, carried_values

LINES = 6


class ManualLineForm(LineForm):
    """An account and one side; a line without an account and amounts is left out."""

    account_id = SelectField(_l("Account"), validate_choice=False)
    debit = AmountField(_l("Debit"))
    credit = AmountField(_l("Credit"))


class ManualForm(Form):
    """A manual entry."""

    longest = longest_texts(JournalEntry)

    effective_on = DayField(_l("Date"), [Required()])
    memo = StringField(_l("What for"), [Required()])
    lines = Rows(FormField(ManualLineForm), min_entries=LINES, most=40)

    def offer(self, connection: Connection) -> None:
        """Fill the accounts from the database."""
        choices = account_choices(connection, chinese=language() == "zh", only_active=True)
        offered = options(choices, "")
        for entry in self.lines.entries:
            entry.form.account_id.choices = offered

    def asked(self, indices: list[int]) -> dict[str, Any]:
        """What the command takes; `indices` gets the form's row of each line."""
        lines = []
        for index, entry in enumerate(self.lines.entries):
            row = entry.form
            text = row.account_id.data or ""
            if text or row.debit.data or row.credit.data:
                lines.append(ManualLine(read_id(text) or 0, row.debit.data or ZERO, row.credit.data or ZERO))
                indices.append(index)
        return {"effective_on": self.effective_on.data, "memo": self.memo.data or "", "lines": lines}


class ReversalForm(Form):
    """When and why an entry is reversed."""

    longest = longest_texts(JournalEntry)

    effective_on = DayField(_l("Date"), [Required()])
    memo = StringField(_l("Reason"), [Required()])


@area.route("/entries/new", permission="ledger.post")
def new_entry() -> str:
    """Empty form."""
    if "lines-0-account_id" in request.args:
        return _page(ManualForm(formdata=request.args))
    return _page(ManualForm(formdata=None, effective_on=today()))


@area.route("/entries/new", permission="ledger.post", methods=["POST"], endpoint="post_entry")
def post_entry() -> ResponseReturnValue:
    """Preview or post."""
    form, preview = ManualForm(), None
    if form.validate():
        indices: list[int] = []
        asked = form.asked(indices)
        try:
            if request.form.get("step") == "post":
                result = run_command(post_manual_entry, **asked)
                flash_done(_("Entry %(number)s posted", number=result["number"]))
                return see_other("ledger.entry", entry_id=result["id"])
            preview = preview_command(post_manual_entry, **asked)
        except DomainError as error:
            apply_line_errors(form, error, indices)
    page = _page(form, preview)
    return (page, 200) if preview else (page, 422)


def _page(form: ManualForm, preview: Any = None) -> str:
    g.nav = "ledger.journal"
    with db.current().reading() as connection:
        form.offer(connection)
    debit = sum((entry.form.debit.data or ZERO for entry in form.lines.entries), ZERO)
    credit = sum((entry.form.credit.data or ZERO for entry in form.lines.entries), ZERO)
    return render_template(
        "ledger/new_entry.html",
        form=form,
        debit=debit,
        credit=credit,
        effects=effect_lines(preview.effects) if preview else [],
        digest=preview.digest if preview else "",
        carried=carried_values(step="post") if preview else {},
        back=back_to("ledger.new_entry") if preview else "",
    )


@area.route("/entries/<int:entry_id>/reverse", permission="ledger.post")
def reverse(entry_id: int) -> str:
    """Ask for date and reason, and show what the reversal does."""
    return _reversal_page(entry_id, ReversalForm(formdata=None, effective_on=today()))


@area.route("/entries/<int:entry_id>/reverse", permission="ledger.post", methods=["POST"], endpoint="post_reversal")
def post_reversal(entry_id: int) -> ResponseReturnValue:
    """Post the opposite."""
    form = ReversalForm()
    if form.validate():
        try:
            result = run_command(
                reverse_manual_entry, entry_id, effective_on=form.effective_on.data, memo=form.memo.data
            )
            flash_done(_("Entry %(number)s posted", number=result["number"]))
            return see_other("ledger.entry", entry_id=result["id"])
        except DomainError as error:
            if error.code == "not_found":
                raise
            apply_errors(form, error)
    return _reversal_page(entry_id, form), 422


def _reversal_page(entry_id: int, form: ReversalForm) -> str:
    g.nav = "ledger.journal"
    with db.current().reading() as connection:
        entry, _lines = get_entry(connection, entry_id, chinese=language() == "zh")
    effects: list[Any] = []
    on: date | None = form.effective_on.data
    try:
        effects = effect_lines(preview_command(reverse_manual_entry, entry_id, effective_on=on).effects)
    except DomainError as error:
        if not form.form_errors and not form.effective_on.errors:
            apply_errors(form, error)
    return render_template("ledger/reverse.html", entry=entry, form=form, effects=effects)
