"""Follow a record, and stop doing so."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.talk.followers import follow as follow_record
from core.talk.followers import stop_following
from web.http import flash_done, run_command
from web.talk import area
from web.talk.comments import back_to


@area.route("/<record_type>/<int:record_id>/follow", permission="home.read", methods=["POST"])
def follow(record_type: str, record_id: int) -> ResponseReturnValue:
    """Hear of what is said here."""
    run_command(follow_record, record_type, record_id)
    undo = url_for("talk.unfollow", record_type=record_type, record_id=record_id, next=request.form.get("next"))
    flash_done(_("You follow this now"), undo)
    return redirect(back_to(record_type, record_id), 303)


@area.route("/<record_type>/<int:record_id>/unfollow", permission="home.read", methods=["POST"])
def unfollow(record_type: str, record_id: int) -> ResponseReturnValue:
    """Hear no more of it, but where one is called upon."""
    run_command(stop_following, record_type, record_id)
    undo = url_for("talk.follow", record_type=record_type, record_id=record_id, next=request.form.get("next"))
    flash_done(_("You follow this no more"), undo)
    return redirect(back_to(record_type, record_id), 303)
