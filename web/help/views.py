"""The page of all keys; a script opens the same as a dialog."""

from __future__ import annotations

from flask import render_template, request

from web.help import area
from web.help.keys import allowed_groups, table
from web.permissions import SIGNED_IN


@area.route("/keys", permission=SIGNED_IN)
def keys() -> str:
    """All keys, the places only as far as the reader may go there."""
    return render_template("help/keys.html", groups=allowed_groups(), within="HX-Request" in request.headers)


@area.app_template_global("keys_table")
def keys_table() -> dict[str, tuple[str, str]]:
    """What the script of the page does at each key."""
    return table()
