"""My sessions: which browsers are signed in as me, and signing them out."""

from __future__ import annotations

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from core.queries.user_record import open_sessions
from core.sessions import end_own_sessions
from web.account import area
from web.account.devices import device_name
from web.http import flash_done, run_command, see_other
from web.permissions import SIGNED_IN
from web.sign_in import session


@area.route("/sessions", permission=SIGNED_IN)
def sessions() -> str:
    """All of them, this one marked."""
    found = open_sessions(g.actor.user_id)
    return render_template("account/sessions.html", sessions=found, device_name=device_name, this=session.session_id())


@area.route("/sessions/<int:session_id>/end", permission=SIGNED_IN, methods=["POST"])
def session_end(session_id: int) -> ResponseReturnValue:
    """Sign one browser out."""
    run_command(end_own_sessions, session_id=session_id)
    flash_done(_("Session ended"))
    return see_other("account.sessions")


@area.route("/sessions/end-others", permission=SIGNED_IN, methods=["POST"])
def session_end_others() -> ResponseReturnValue:
    """Sign out everywhere but here; tokens stay."""
    result = run_command(end_own_sessions, but=session.session_id())
    flash_done(ngettext("%(num)s session ended", "%(num)s sessions ended", result["ended"]))
    return see_other("account.sessions")
