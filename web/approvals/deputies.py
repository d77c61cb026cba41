"""Deputies: who decides for me while I am away, and for whom I decide."""

from __future__ import annotations

from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from core import clock
from core.approvals.deputies import delegate, end_delegation
from core.errors import DomainError
from core.queries.approvals import DELEGATIONS, people_who_approve
from web.approvals import area
from web.filters import today
from web.forms import DayField, Form, Required, options
from web.http import apply_errors, flash_done, flash_refusal, run_command, see_other


class DeputyForm(Form):
    """Who, and from when to when."""

    to_user_id = SelectField(_l("Deputy"), validate_choice=False)
    since = DayField(_l("From"), [Required()])
    until = DayField(_l("To, included"), [Required()])

    def offer(self) -> None:
        """Everybody who decides approvals, but oneself."""
        people = [(person.id, person.name) for person in people_who_approve() if person.id != g.actor.user_id]
        self.to_user_id.choices = options(people, "—")


@area.route("/deputy", permission="approvals.read")
def deputy() -> str:
    """Who stands in for whom, and the form that names a deputy."""
    return _page(DeputyForm(formdata=None, since=today()))


@area.route("/deputy", permission="approvals.read", methods=["POST"], endpoint="name_deputy")
def name_deputy() -> ResponseReturnValue:
    """Name a deputy."""
    form = DeputyForm()
    if form.validate():
        try:
            result = run_command(delegate, form.id_in("to_user_id"), since=form.since.data, until=form.until.data)
            flash_done(_("%(name)s decides for you from then on", name=result["name"]))
            return see_other("approvals.deputy")
        except DomainError as error:
            apply_errors(form, error)
    return _page(form), 422


@area.route("/deputy/<int:delegation_id>/end", permission="approvals.read", methods=["POST"], endpoint="end_deputy")
def end(delegation_id: int) -> ResponseReturnValue:
    """End it at once."""
    try:
        run_command(end_delegation, delegation_id)
        flash_done(_("The deputy decides for you no more"))
    except DomainError as error:
        if error.http_status != 409:
            raise
        flash_refusal(error)
    return see_other("approvals.deputy")


def _page(form: DeputyForm) -> str:
    g.nav = "approvals.index"
    form.offer()
    asked: dict[str, Any] = {"user_id": g.actor.user_id, "now": clock.now()}
    return render_template("approvals/deputy.html", form=form, page=DELEGATIONS.page({}, **asked), now=asked["now"])
