"""All places on one page: what the phone's tab bar cannot hold."""

from __future__ import annotations

from flask import render_template

from web.permissions import SIGNED_IN, Area

area = Area("menu", __name__, url_prefix="/menu")


@area.route("", permission=SIGNED_IN)
def index() -> str:
    """Every place open to the present user, grouped as in the side bar."""
    return render_template("menu.html")
