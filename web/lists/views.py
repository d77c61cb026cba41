"""Views that people save: kept, renamed, shared, deleted; and the view that a list opens with."""

from __future__ import annotations

from typing import Any

from flask import abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from werkzeug.utils import redirect
from wtforms import BooleanField, StringField

from core import database as db
from core.columns import longest_texts
from core.errors import DomainError, NotFound, PermissionDenied
from core.lists.opening import open_with
from core.lists.saved import SavedView, change_view, delete_view, save_view
from core.lists.state import State
from web.forms import Form, Required, VersionField
from web.http import apply_errors, flash_done, flash_refusal, run_command, safe_target, shown_version
from web.lists import area
from web.lists.asking import address_of, first_of, views_of
from web.lists.declared import LISTS, ListPage
from web.merging import merge
from web.permissions import SIGNED_IN, may


class ViewForm(Form):
    """A saved view as its owner edits it."""

    longest = longest_texts(SavedView)

    name = StringField(_l("Name of the view"), [Required()])
    is_shared = BooleanField(_l("Everybody sees it, each with his own rows"))
    version = VersionField()


def list_page(name: str) -> ListPage:
    """The list by name, for who may open its page. Raises NotFound, PermissionDenied."""
    page = LISTS.get(name)
    if page is None:
        abort(404)
    if not may(page.permission):
        raise PermissionDenied(page.permission)
    return page


@area.route("/<list_name>/views", permission=SIGNED_IN, methods=["POST"])
def save(list_name: str) -> ResponseReturnValue:
    """Keeps what is asked for as a tab."""
    page = list_page(list_name)
    query = State.of_text(request.form.get("query", "")).text()
    values = {"name": request.form.get("name"), "query": query, "is_shared": "is_shared" in request.form}
    try:
        result = run_command(save_view, page.name, values)
    except DomainError as error:
        flash_refusal(error)
        return redirect(address_of(page, State.of_text(query)), 303)
    flash_done(_("View %(name)s saved", name=result["name"]))
    return redirect(address_of(page, State(), f"v{result['id']}"), 303)


@area.route("/views/<int:view_id>", permission=SIGNED_IN)
def view(view_id: int) -> str:
    """A view of one's own: its name, who sees it."""
    found = _own(view_id)
    form = ViewForm(formdata=None, obj=found)
    return _view_page(found, form)


@area.route("/views/<int:view_id>", permission=SIGNED_IN, methods=["POST"], endpoint="change_view")
def change(view_id: int) -> ResponseReturnValue:
    """Saves the name, or what the view asks for: whichever was sent."""
    found = _own(view_id)
    page = list_page(found.list_name)
    form = ViewForm()
    if "query" in request.form:
        values: dict[str, Any] = {"query": State.of_text(request.form["query"]).text()}
    elif form.validate():
        values = {"name": form.name.data, "is_shared": form.is_shared.data}
    else:
        return _view_page(found, form), 422
    try:
        result = run_command(change_view, view_id, values, version=shown_version(form))
    except DomainError as error:
        if not merge(form, error, lambda: _filled(view_id), "saved_view", view_id, only_own=True):
            apply_errors(form, error)
        return _view_page(found, form), 422
    flash_done(_("View %(name)s saved", name=result["name"]))
    return redirect(address_of(page, State(), f"v{view_id}"), 303)


@area.route("/views/<int:view_id>/delete", permission=SIGNED_IN, methods=["POST"])
def delete(view_id: int) -> ResponseReturnValue:
    """Deletes a view of one's own."""
    found = _own(view_id)
    page = list_page(found.list_name)
    run_command(delete_view, view_id)
    flash_done(_("View %(name)s deleted", name=found.name))
    return redirect(address_of(page, State()), 303)


@area.route("/<list_name>/opening", permission=SIGNED_IN, methods=["POST"])
def opening(list_name: str) -> ResponseReturnValue:
    """Lets the list open with a view for who asks; the first tab, or none, leaves it to the list."""
    page = list_page(list_name)
    tabs = {view.code: str(view.label) for view in views_of(page)}
    code = request.values.get("view", "")
    if code not in tabs and code and not code[1:].isdecimal():
        abort(404)
    back = safe_target(request.values.get("next"), url_for(page.endpoint))
    try:
        result = run_command(open_with, page.name, None if code in ("", first_of(page)) else code)
    except DomainError as error:
        flash_refusal(error)
        return redirect(back, 303)
    undo_url = url_for("lists.opening", list_name=page.name, view=result["was"] or "", next=back)
    name = result["name"] or tabs.get(code or first_of(page), "")
    flash_done(_("%(list)s opens with %(view)s", list=page.title, view=name), undo_url)
    return redirect(back, 303)


def _filled(view_id: int) -> ViewForm:
    return ViewForm(formdata=None, obj=_own(view_id))


def _own(view_id: int) -> SavedView:
    with db.current().session() as session:
        found = session.execute(
            select(SavedView).where(SavedView.id == view_id, SavedView.user_id == g.actor.user_id)
        ).scalar_one_or_none()
        if found is None:
            raise NotFound("saved_view", view_id)
        session.expunge(found)
        return found


def seen_view(view_id: int) -> SavedView:
    """A view that who asks sees: his own or a shared one, of a list he may open. Raises NotFound, PermissionDenied."""
    with db.current().session() as session:
        is_seen = or_(SavedView.user_id == g.actor.user_id, SavedView.is_shared)
        found = session.execute(select(SavedView).where(SavedView.id == view_id, is_seen)).scalar_one_or_none()
        if found is None:
            raise NotFound("saved_view", view_id)
        session.expunge(found)
    list_page(found.list_name)
    return found


def _view_page(found: SavedView, form: ViewForm) -> str:
    page = list_page(found.list_name)
    back = address_of(page, State(), f"v{found.id}")
    return render_template("lists/view.html", view=found, form=form, list=page, back=back)
