"""What needs an approval, from which measure on, and whose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FormField, SelectField

from core.approvals.models import ApprovalKind
from core.approvals.rules import MOST_STEPS, change_rule
from core.errors import DomainError
from core.queries.approvals import RuleRow, get_rule, list_rules, people_who_approve, roles_that_approve
from web.approvals.sentences import KINDS
from web.forms import AmountField, Form, LineForm, Required, Rows, VersionField, options
from web.http import apply_errors, flash_done, run_command, see_other, shown_version
from web.i18n import language
from web.merging import merge
from web.settings import area

BASES = {"line": _l("the largest discount of a line"), "document": _l("the discount of the whole document")}
SUPERIOR = "superior"


class StepForm(LineForm):
    """One step: who, and from which measure on. Without an approver the step is left out."""

    who = SelectField(_l("Who approves"), validate_choice=False)
    from_measure = AmountField(_l("Needed above"), places=3)


class RuleForm(Form):
    """A rule and its steps in order."""

    is_active = BooleanField(_l("In force"))
    threshold = AmountField(_l("Needs an approval above"), [Required()], places=3)
    basis = SelectField(_l("Measured by"), choices=options(BASES.items()))
    valid_days = AmountField(_l("Days a request stays valid"), [Required()], places=0)
    version = VersionField()
    steps = Rows(FormField(StepForm), min_entries=1, most=MOST_STEPS)

    def offer(self) -> None:
        """Roles, the superior, and people; and an empty step at the end."""
        zh = language() == "zh"
        choices = [(f"role:{role.id}", role.name_zh if zh else role.name) for role in roles_that_approve()]
        choices += [(SUPERIOR, _("The requester's superior"))]
        choices += [(f"user:{person.id}", person.name) for person in people_who_approve()]
        while len(self.steps.entries) < MOST_STEPS and (
            len(self.steps.entries) < 2 or self.steps.entries[-1].form.who.data
        ):
            self.steps.append_entry()
        for entry in self.steps.entries:
            entry.form.who.choices = options(choices, "—")


@area.route("/approvals", permission="approvals.rules", endpoint="approvals")
def show_rules() -> str:
    """All rules."""
    g.nav = "settings.company"
    return render_template("settings/approvals.html", rules=list_rules(), kinds=KINDS, bases=BASES)


@area.route("/approvals/<int:rule_id>", permission="approvals.rules")
def edit_rule(rule_id: int) -> str:
    """The form with what stands in the rule."""
    rule = get_rule(rule_id)
    return _page(_filled(rule), rule)


def _filled(rule: RuleRow) -> RuleForm:
    steps = [{"who": _who(step), "from_measure": Decimal(step["from_measure"])} for step in rule.steps]
    plain = {"version": str(rule.version), "valid_days": Decimal(rule.valid_days), "steps": steps}
    return _of_kind(RuleForm(formdata=None, data=rule._asdict() | plain), rule)


def _of_kind(form: RuleForm, rule: RuleRow) -> RuleForm:
    """The form as it is shown: only a discount can be measured in two ways."""
    if rule.kind != ApprovalKind.DISCOUNT:
        del form.basis
    return form


def _who(step: dict[str, Any]) -> str:
    if step["approver"] == SUPERIOR:
        return SUPERIOR
    return f"role:{step['role_id']}" if step["approver"] == "role" else f"user:{step['user_id']}"


@area.route("/approvals/<int:rule_id>", permission="approvals.rules", methods=["POST"], endpoint="change_rule")
def change(rule_id: int) -> ResponseReturnValue:
    """Change a rule."""
    rule = get_rule(rule_id)
    form = _of_kind(RuleForm(), rule)
    if form.validate():
        try:
            days = form.valid_days.data
            values = {
                "is_active": form.is_active.data,
                "threshold": form.threshold.data,
                "basis": form.basis.data if "basis" in form else rule.basis,
                "valid_days": None if days is None else int(days),
                "steps": [_step(entry.form) for entry in form.steps.entries if entry.form.who.data],
            }
            run_command(change_rule, rule_id, values, version=shown_version(form))
            flash_done(_("Rule saved"))
            return see_other("settings.approvals")
        except DomainError as error:
            if error.code == "not_found":
                raise
            if not merge(form, error, lambda: _filled(get_rule(rule_id)), "approval_rule", rule_id):
                apply_errors(form, error)
    return _page(form, rule), 422


def _step(row: StepForm) -> dict[str, Any]:
    """What a row says; one that nobody offered names no approver, which the command refuses."""
    kind, _colon, text = str(row.who.data).partition(":")
    step: dict[str, Any] = {
        "approver": {"role": "role", "user": "person", SUPERIOR: SUPERIOR}.get(kind, ""),
        "from_measure": row.from_measure.data or Decimal(0),
    }
    if kind in ("role", "user"):
        step[f"{kind}_id"] = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    return step


def _page(form: RuleForm, rule: RuleRow) -> str:
    g.nav = "settings.company"
    form.offer()
    return render_template("settings/approval_form.html", form=form, rule=rule, kinds=KINDS)
