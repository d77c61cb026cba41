"""Begin and end looking at the product as somebody else sees it."""

from __future__ import annotations

from dataclasses import replace

from flask import g
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.command import run
from core.sessions import digest
from core.view_as import start_viewing, stop_viewing
from web.http import flash_done, form_context, run_command, see_other
from web.permissions import SIGNED_IN
from web.sign_in.session import current_token
from web.users import area


@area.route("/<int:user_id>/view-as", permission="users.view_as", methods=["POST"])
def start_view(user_id: int) -> ResponseReturnValue:
    """Look as this user from here on."""
    run_command(start_viewing, digest(current_token() or ""), user_id)
    return see_other("home.index")


@area.route("/view-as/stop", permission=SIGNED_IN, methods=["POST"], endpoint="stop_viewing")
def stop_view() -> ResponseReturnValue:
    """Look as oneself again."""
    context = replace(form_context(), actor=g.actor.real)
    result = run(stop_viewing, digest(current_token() or ""), context=context)
    if result["id"] is None:
        return see_other("home.index")
    flash_done(_("You look as yourself again"))
    return see_other("users.edit", user_id=result["id"])
