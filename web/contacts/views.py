"""The list of contacts."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue

from web.contacts import area
from web.contacts.listing import CONTACT_LIST
from web.lists.pages import show_list


@area.route("", permission="customers.read")
def index() -> ResponseReturnValue:
    """The people at all customers."""
    g.nav = "customers.index"
    return show_list(CONTACT_LIST)
