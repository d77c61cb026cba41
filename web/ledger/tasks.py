"""What finance must look at by hand: the list, done, and open again."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.errors import DomainError
from core.queries.customers import get_customer
from core.queries.paging import Page, Window
from finance.queries.tasks import TaskRow, count_tasks, list_tasks
from finance.tasks import finish_task, reopen_task
from web.http import flash_done, run_command, see_other
from web.ledger import area
from web.lists.address import id_of, text_of, window_of
from web.sentences import sentence


@area.app_template_filter("task_reason")
def task_reason(kind: str) -> str:
    """Why a task is on the list."""
    if kind == "payment_after_cancellation":
        return _("A payment names what was cancelled. Ask the customer what it is for, then match or refund it.")
    return _("Look at this: %(kind)s", kind=kind.replace("_", " "))


@area.route("/tasks", permission="ledger.read")
def tasks() -> str:
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
        return _page(text, faulty=task_id, typed=note), error.http_status
    flash_done(_("Task done"), url_for("ledger.reopen_task", task_id=task_id))
    return see_other("ledger.tasks", customer=id_of("customer"))


@area.route("/tasks/<int:task_id>/reopen", permission="payments.write", methods=["POST"], endpoint="reopen_task")
def reopen(task_id: int) -> ResponseReturnValue:
    """Put a task back on the list."""
    try:
        run_command(reopen_task, task_id)
    except DomainError as error:
        if error.code == "not_found":
            raise
        return _page(sentence(error.code, error.data)), error.http_status
    flash_done(_("Task open again"))
    return see_other("ledger.tasks")


def _page(refusal: str = "", faulty: int | None = None, typed: str = "") -> str:
    g.nav = "ledger.tasks"
    is_done, customer_id = text_of("tab") == "done", id_of("customer")
    window = window_of(("done",), "-done") if is_done else window_of(("created",), "created")
    with db.current().reading() as connection:
        chosen: dict[str, Any] = {"customer_id": customer_id}
        return render_template(
            "ledger/tasks.html",
            page=read_tasks(connection, window),
            counts=count_tasks(connection, **chosen),
            customer=get_customer(connection, customer_id) if customer_id else None,
            is_done=is_done,
            sort=window.sort,
            refusal=refusal,
            faulty=faulty,
            typed=typed,
        )


def read_tasks(connection: Connection, window: Window) -> Page[TaskRow]:
    """The tasks that the address asks for."""
    return list_tasks(connection, window, is_done=text_of("tab") == "done", customer_id=id_of("customer"))
