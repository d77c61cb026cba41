"""The list of one's notices, the bell's panel and count, and marking them."""

from __future__ import annotations

from typing import Any

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from werkzeug.utils import redirect

from core.errors import InvalidInput
from core.notices import mark_all_read, mark_read, mark_unread
from core.queries.notices import PANEL, own_notices, some_notices, unread_count
from web.http import flash_done, run_command, safe_target, see_other
from web.limits import LOOKUP
from web.lists.address import choice_of
from web.notices import area
from web.notices.sentences import LOOKS, shown
from web.permissions import SIGNED_IN

VIEWS = {"unread": lazy_gettext("Unread"), "all": lazy_gettext("All")}


@area.route("", permission=SIGNED_IN)
def index() -> str:
    """One's notices, newest first."""
    view, kind = choice_of("view", VIEWS, "all"), choice_of("kind", LOOKS)
    filters = {"unread": True if view == "unread" else None, "kind": kind or None}
    try:
        page = own_notices(g.actor, filters, request.args.get("after") or None)
    except InvalidInput:
        page = own_notices(g.actor, filters)
    return render_template(
        "notices/index.html",
        page=page,
        rows=[shown(told) for told in page.rows],
        view=view,
        views=VIEWS,
        kind=kind,
        kinds={code: look[0] for code, look in LOOKS.items()},
    )


@area.route("/panel", permission=SIGNED_IN, limit=LOOKUP)
def panel() -> str:
    """The newest ones, for the bell."""
    page = own_notices(g.actor, {}, limit=PANEL)
    return render_template("notices/panel.html", rows=[shown(told) for told in page.rows])


@area.route("/count", permission=SIGNED_IN, limit=LOOKUP)
def count() -> ResponseReturnValue:
    """How many are unread, for pages that stay open."""
    return jsonify({"unread": unread_count(g.actor.user_id)})


@area.route("/<int:notice_id>/open", permission=SIGNED_IN, methods=["POST"])
def open_notice(notice_id: int) -> ResponseReturnValue:
    """Mark one as read and go to what it is about."""
    run_command(mark_read, [notice_id])
    found = some_notices(g.actor, [notice_id])
    target = shown(found[0]).url if found else None
    return redirect(target, 303) if target else see_other("notices.index")


@area.route("/<int:notice_id>/read", permission=SIGNED_IN, methods=["POST"])
def read(notice_id: int) -> ResponseReturnValue:
    """Mark one as read."""
    run_command(mark_read, [notice_id])
    return _back()


@area.route("/<int:notice_id>/unread", permission=SIGNED_IN, methods=["POST"])
def unread(notice_id: int) -> ResponseReturnValue:
    """Mark one as unread again."""
    run_command(mark_unread, notice_id)
    return _back()


@area.route("/read-all", permission=SIGNED_IN, methods=["POST"])
def read_all() -> ResponseReturnValue:
    """Mark all as read."""
    result: Any = run_command(mark_all_read)
    number = result.data["read"]
    if number:
        flash_done(ngettext("%(num)s marked as read", "%(num)s marked as read", number))
    else:
        flash_done(_("Nothing was unread"))
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(safe_target(request.form.get("next"), "/notifications"), 303)
