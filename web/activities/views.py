"""Record, plan and finish activities; the list of follow-ups."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core import database as db
from core.errors import DomainError
from crm.activities import complete_activity, record_activity, reopen_activity
from crm.queries.customer_page import get_customer
from web.activities import area
from web.activities.forms import ActivityForm
from web.activities.listing import ACTIVITY_LIST
from web.filters import day, today
from web.http import apply_errors, flash_done, flash_refusal, run_command, safe_target, see_other, version_in
from web.lists.pages import show_list


@area.route("", permission="home.read")
def index() -> ResponseReturnValue:
    """Activities: the list."""
    return show_list(ACTIVITY_LIST)


@area.route("/customers/<int:customer_id>", permission="activities.write")
def new(customer_id: int) -> str:
    """The form on a page of its own."""
    kind = request.args.get("kind", "note")
    return _page(ActivityForm(formdata=None, kind=kind), customer_id)


@area.route("/customers/<int:customer_id>", permission="activities.write", methods=["POST"], endpoint="create")
def create(customer_id: int) -> ResponseReturnValue:
    """Record something done, or plan it."""
    form = ActivityForm()
    if form.validate():
        try:
            result = run_command(record_activity, customer_id, _values(form))
            flash_done(_("Planned for %(day)s", day=_day(result["due_on"])) if result["due_on"] else _("Recorded"))
            back = safe_target(request.form.get("next"), "")
            return redirect(back, 303) if back else see_other("customers.show", customer_id=customer_id)
        except DomainError as error:
            apply_errors(form, error)
    return _page(form, customer_id), 422


@area.route("/<int:activity_id>/done", permission="activities.write", methods=["POST"])
def done(activity_id: int) -> ResponseReturnValue:
    """Mark as done."""
    back = safe_target(request.form.get("next"), "/activities")
    try:
        result = run_command(complete_activity, activity_id)
        undo = url_for("activities.reopen", activity_id=activity_id, version=result["version"], next=back)
        flash_done(_("Done: %(subject)s", subject=str(result["subject"])[:80]), undo if result["due_on"] else None)
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return redirect(back, 303)


@area.route("/<int:activity_id>/reopen", permission="activities.write", methods=["POST"])
def reopen(activity_id: int) -> ResponseReturnValue:
    """Put what was marked as done back to what waits."""
    try:
        run_command(reopen_activity, activity_id, version=version_in(request.args.get("version")))
        flash_done(_("It waits again"))
    except DomainError as error:
        if error.http_status == 404:
            raise
        flash_refusal(error)
    return redirect(safe_target(request.args.get("next"), "/activities"), 303)


def _values(form: ActivityForm) -> dict[str, Any]:
    """What the chosen kind asks for; the other fields of the form are hidden and do not count."""
    kind = form.kind.data
    planned = kind == "task" or bool(form.planned.data)
    return {
        "kind": kind,
        "subject": form.subject.data,
        "due_on": form.due_on.data if planned else None,
        "result": form.result.data if kind == "call" else None,
        "contact_id": form.id_in("contact_id"),
        "opportunity_id": form.id_in("opportunity_id"),
    }


def _day(value: str) -> str:
    return day(date.fromisoformat(value))


def _page(form: ActivityForm, customer_id: int) -> str:
    with db.current().reading() as connection:
        customer = get_customer(connection, customer_id, today())
        form.offer(connection, customer_id)
    return render_template("activities/form.html", form=form, customer=customer)
