"""Something done with many rows of a list: the question before it, its progress, stopping it, taking it back; and a
field of one row edited in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.utils import redirect

from core import database as db
from core.columns import read_id
from core.command import Result
from core.errors import DomainError, NotFound, PermissionDenied
from core.lists.bulk import (
    ACTIONS,
    MOST_RECORDS,
    act_here,
    list_jobs,
    read_job,
    resume_job,
    start_job,
    stop_job,
    undo_job,
)
from core.lists.bulk_models import JobState
from core.lists.edits import EDIT, EDITINGS, decode, edit_record
from core.lists.reading import asked_for, matching
from core.lists.source import Asked
from core.lists.state import State
from web.http import flash_done, flash_refusal, run_command, safe_target, see_other
from web.lists import area
from web.lists.asking import address_of, asked
from web.lists.declared import LISTS, Act, ListPage
from web.lists.pages import acts_of
from web.lists.values import BadValue, Control, as_typed, chosen_columns, control_of, in_words, typed
from web.lists.views import list_page
from web.permissions import SIGNED_IN
from web.sentences import sentence

AT_ONCE_HERE = 50
SAMPLE = 5
REFUSED_SHOWN = 100


@area.route("/<list_name>/act", permission=SIGNED_IN, methods=["POST"])
def act(list_name: str) -> ResponseReturnValue:
    """Asks what is to be done with the rows chosen, and begins it once that is answered."""
    page = list_page(list_name)
    chosen = next((found for found in acts_of(page) if found.name == request.values.get("action")), None)
    if chosen is None:
        abort(404)
    who, state = asked(), State.of_text(request.form.get("state", ""))
    back = address_of(page, state, request.form.get("view", ""))
    with db.current().reading() as connection:
        ids = _chosen_ids(connection, page, state, who)
        if not ids or len(ids) > MOST_RECORDS:
            flash_refusal(
                DomainError("too_many_selected", most=MOST_RECORDS) if ids else DomainError("nothing_selected")
            )
            return redirect(back, 303)
        control = control_of(connection, page, request.form.get("column", "")) if chosen.name == EDIT else None
        names = _names(connection, page, ids[:SAMPLE], who)
    error, value = "", None
    if control is not None and "value" in request.form:
        try:
            value = typed(control, request.form["value"])
        except BadValue as fault:
            error = str(fault)
    if (chosen.is_direct or "confirmed" in request.form) and not error and (chosen.name != EDIT or control is not None):
        return _begin(page, chosen, ids, _data(page, control, value), back)
    shown = {"column": request.form.get("column", ""), "value": request.form.get("value", "")}
    return render_template(
        "lists/act.html", list=page, act=chosen, ids=ids, names=names, back=back, control=control, error=error,
        columns=chosen_columns(page, who) if chosen.name == EDIT else {}, sent=shown, everything="all" in request.form,
        state=request.form.get("state", ""), view=request.form.get("view", ""),
        undoable=ACTIONS[page.name, chosen.name].undo,
    ), 422 if error else 200  # fmt: skip


def _chosen_ids(connection: Connection, page: ListPage, state: State, who: Asked) -> list[int]:
    """The records chosen that who asks sees: all that the state asks for, or those whose boxes were ticked."""
    if "all" in request.form:
        query = matching(page.source, state, who, MOST_RECORDS + 1)
    else:
        boxes = request.args.getlist("only") or request.form.getlist("id")  # a row's own button names the row
        ids = [number for text in boxes[:1000] if (number := read_id(text))]
        query = asked_for(page.source, State(), who).add_columns(page.source.identity)
        query = query.where(page.source.identity.in_(ids)).order_by(page.source.identity)
    return list(connection.execute(query, who.parameters).scalars())


def _names(connection: Connection, page: ListPage, ids: list[int], who: Asked) -> dict[int, str]:
    """What records are called, as the first column of their list shows it."""
    first = page.source.columns[page.shown[0]]
    value = first.value if first.label is None else first.label
    query = asked_for(page.source, State(), who, first.needs).add_columns(page.source.identity, value)
    found = connection.execute(query.where(page.source.identity.in_(ids)), who.parameters).all()
    return {identity: str(name) for identity, name in found}


def _data(page: ListPage, control: Control | None, value: Any) -> dict[str, Any]:
    return {} if control is None else {"field": control.field, "column": control.column.name, "value": value}


def _begin(page: ListPage, chosen: Act, ids: list[int], data: dict[str, Any], back: str) -> ResponseReturnValue:
    try:
        result = run_command(start_job, page.name, chosen.name, ids, data | {"back": safe_target(back)})
    except DomainError as error:
        flash_refusal(error)
        return redirect(back, 303)
    if not result.replayed:
        act_here(result["id"], g.actor, AT_ONCE_HERE)
    found, progress, _refused = read_job(result["id"], g.actor.user_id, 0)
    if found.state != JobState.DONE or progress.refused:
        return see_other("lists.job", job_id=found.id)
    undo_url = url_for("lists.undo", job_id=found.id) if ACTIONS[page.name, chosen.name].undo else None
    text = _("%(title)s: done with %(count)s", title=_job_words(found)["title"], count=progress.changed)
    flash_done(text, undo_url)
    return redirect(back, 303)


@area.route("/jobs", permission=SIGNED_IN)
def jobs() -> str:
    """What one has had done with many rows, the latest first."""
    return render_template("lists/jobs.html", jobs=[_job_words(found) for found in list_jobs(g.actor.user_id)])


@area.route("/jobs/<int:job_id>", permission=SIGNED_IN)
def job(job_id: int) -> str:
    """How far a job is, what was refused and why, and the way back."""
    found, progress, refused = read_job(job_id, g.actor.user_id, REFUSED_SHOWN)
    page = LISTS[found.list_name]
    who = asked()
    with db.current().reading() as connection:
        names = _names(connection, page, [row.record_id for row in refused], who)
    reasons = [
        (names[row.record_id], _record_url(page, row.record_id), sentence(row.refusal["code"], row.refusal["data"]))
        for row in refused
        if row.record_id in names
    ]
    return render_template(
        "lists/job.html", **_job_words(found), progress=progress, reasons=reasons,
        back=safe_target(found.data.get("back"), url_for(page.endpoint)),
        is_running=found.state in ("running", "undoing"), undoable=ACTIONS[found.list_name, found.action].undo,
    )  # fmt: skip


def _record_url(page: ListPage, record_id: int) -> str | None:
    if page.record is None or page.leads_by != "id":
        return None
    return url_for(page.record[0], **{page.record[1]: record_id})  # type: ignore[arg-type]


def _job_words(found: Any) -> dict[str, Any]:
    """What a job is called: the list, and what is done to its rows."""
    page = LISTS[found.list_name]
    if found.action != EDIT:
        named = next(one for one in page.acts if one.name == found.action)
        return {"title": str(named.label), "list": page, "job": found}
    with db.current().reading() as connection:
        control = control_of(connection, page, found.data["column"])
    label = str(page.heads[found.data["column"]].label) if found.data["column"] in page.heads else found.data["column"]
    if control is None:
        return {"title": label, "list": page, "job": found}
    value = in_words(control, decode(EDITINGS[page.name], found.data))
    return {"title": _("%(field)s: %(value)s", field=label, value=value), "list": page, "job": found}


@area.route("/jobs/<int:job_id>/stop", permission=SIGNED_IN, methods=["POST"])
def stop(job_id: int) -> ResponseReturnValue:
    """Leaves what still waits as it is."""
    return _do(run_command(stop_job, job_id), job_id)


@area.route("/jobs/<int:job_id>/resume", permission=SIGNED_IN, methods=["POST"])
def resume(job_id: int) -> ResponseReturnValue:
    """Goes on."""
    return _do(run_command(resume_job, job_id), job_id)


@area.route("/jobs/<int:job_id>/undo", permission=SIGNED_IN, methods=["POST"])
def undo(job_id: int) -> ResponseReturnValue:
    """Takes back what was done."""
    try:
        result = run_command(undo_job, job_id)
    except DomainError as error:
        if error.code != "not_undoable":
            raise
        flash_refusal(error)
        return see_other("lists.job", job_id=job_id)
    if not result.replayed:
        act_here(job_id, g.actor, AT_ONCE_HERE)
    return _do(result, job_id)


def _do(_result: Result, job_id: int) -> ResponseReturnValue:
    return see_other("lists.job", job_id=job_id)


# one field of one row -------------------------------------------------------------------------------------------------
@area.route("/<list_name>/<int:record_id>/<column>", permission=SIGNED_IN)
def edit(list_name: str, record_id: int, column: str) -> str:
    """The form of one field of one row; within the table where the page asks for that."""
    page = list_page(list_name)
    return _cell_form(page, record_id, column)


@area.route("/<list_name>/<int:record_id>/<column>", permission=SIGNED_IN, methods=["POST"], endpoint="change")
def change(list_name: str, record_id: int, column: str) -> ResponseReturnValue:
    """Saves one field; refused where somebody changed it since it was shown."""
    page = list_page(list_name)
    with db.current().reading() as connection:
        control = control_of(connection, page, column)
    if control is None:
        raise PermissionDenied(page.permission)
    try:
        value = typed(control, request.values.get("value", ""))
        was = _was(control, request.values.get("was", ""))
        run_command(edit_record, page.name, record_id, control.field, value, was)
    except BadValue as bad:
        return _cell_form(page, record_id, column, error=str(bad)), 422
    except DomainError as error:
        told = next(iter(error.fields.values()), error)
        is_newer = error.code == "changed_since"
        return _cell_form(page, record_id, column, error=sentence(told.code, told.data), is_newer=is_newer), 409
    label, back = str(control.head.label), safe_target(request.values.get("next"), url_for(page.endpoint))
    undo_url = url_for(
        "lists.change", list_name=page.name, record_id=record_id, column=column,
        value=as_typed(was), was=as_typed(value), next=back,
    )  # fmt: skip
    flash_done(_("%(field)s: %(value)s", field=label, value=in_words(control, value)), undo_url)
    return redirect(back, 303)


def _was(control: Control, text: str) -> Any:
    """The value that was shown. Raises BadValue for one that the form did not carry."""
    return typed(replace(control, is_required=False, choices=()), text)


def _cell_form(page: ListPage, record_id: int, column: str, error: str = "", *, is_newer: bool = False) -> str:
    who = asked()
    with db.current().reading() as connection:
        control = control_of(connection, page, column)
        if control is None:
            raise NotFound(page.name, record_id)
        query = asked_for(page.source, State(), who, control.column.needs)
        query = query.add_columns(control.column.value).where(page.source.identity == record_id)
        found = connection.execute(query, who.parameters).all()
        names = _names(connection, page, [record_id], who)
    if not found:
        raise NotFound(page.name, record_id)
    if is_newer:
        now = in_words(control, found[0][0])
        error = _(
            "Somebody changed it meanwhile: it now says “%(value)s”. Your entry is kept; save it again.", value=now
        )
    return render_template(
        "lists/cell.html", list=page, record_id=record_id, control=control, name=names[record_id], error=error,
        was=as_typed(found[0][0]), value=request.values.get("value", as_typed(found[0][0])),
        back=safe_target(request.values.get("next"), url_for(page.endpoint)),
        within="HX-Request" in request.headers,
    )  # fmt: skip
