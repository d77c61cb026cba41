"""Taking back one's own last change of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.errors import DomainError
from core.undo import undo_change
from web.http import flash_done, flash_refusal, run_command, safe_target
from web.permissions import SIGNED_IN
from web.sentences import sentence_for
from web.talk.records import record_address
from web.undo import area


@area.route("/<record_type>/<int:record_id>/<int:version>", permission=SIGNED_IN, methods=["POST"])
def change(record_type: str, record_id: int, version: int) -> ResponseReturnValue:
    """Put back what stood there; where it was changed since, say so and leave it."""
    back = safe_target(request.args.get("next"), "") or record_address(record_type, record_id) or "/"
    try:
        run_command(undo_change, record_type, record_id, version)
        flash_done(_("Taken back"))
    except DomainError as error:
        if error.http_status in (403, 404):
            raise
        flash_refusal(error)
    return redirect(back, 303)


@sentence_for("changed_by_another")
def _changed_by_another(data: Mapping[str, Any]) -> str:
    if data["name"]:
        return _("Not taken back: %(name)s changed it since. Look at what stands there now.", name=data["name"])
    return _("Not taken back: it was changed since. Look at what stands there now.")


@sentence_for("nothing_to_undo")
def _nothing_to_undo(data: Mapping[str, Any]) -> str:
    return _("There was nothing to take back: no field had changed.")


@sentence_for("cannot_undo")
def _cannot_undo(data: Mapping[str, Any]) -> str:
    return _("Not taken back: what stood there cannot be put back by you. Edit the record instead.")
