"""What finance must look at by hand: the list, done, and open again."""

from __future__ import annotations

from flask import g, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.errors import DomainError
from finance.tasks import finish_task, reopen_task
from web.http import flash_done, run_command
from web.ledger import area
from web.ledger.listing import TASK_LIST
from web.lists.address import with_parameters
from web.lists.pages import show_list
from web.sentences import sentence


@area.route("/tasks", permission="ledger.read")
def tasks() -> ResponseReturnValue:
    """Open tasks; under the other tab those dealt with."""
    return _page()


@area.route("/tasks/<int:task_id>/done", permission="payments.write", methods=["POST"], endpoint="finish_task")
def finish(task_id: int) -> ResponseReturnValue:
    """Take a task off the list, with what was done about it."""
    note = request.form.get("note", "").strip()
    try:
        run_command(finish_task, task_id, note=note or None)
    except DomainError as error:
        if error.code == "not_found":
            raise
        faults = [sentence(fault.code, fault.data) for fault in error.fields.values()]
        text = " ".join(faults) or sentence(error.code, error.data)
        return make_response(_page(text), error.http_status)
    flash_done(_("Task done"), url_for("ledger.reopen_task", task_id=task_id))
    return redirect(_here(), 303)


@area.route("/tasks/<int:task_id>/reopen", permission="payments.write", methods=["POST"], endpoint="reopen_task")
def reopen(task_id: int) -> ResponseReturnValue:
    """Put a task back on the list."""
    try:
        run_command(reopen_task, task_id)
    except DomainError as error:
        if error.code == "not_found":
            raise
        return make_response(_page(sentence(error.code, error.data)), error.http_status)
    flash_done(_("Task open again"))
    return redirect(_here(), 303)


def _page(refusal: str = "") -> ResponseReturnValue:
    g.nav = "ledger.tasks"
    return show_list(TASK_LIST, refusal=refusal)


def _here() -> str:
    """The list as it stood when the button was pressed: its address came along."""
    return with_parameters(url_for("ledger.tasks"), request.args.to_dict(flat=False))
