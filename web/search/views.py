"""The search page. A number that fits exactly one record goes straight to it."""

from __future__ import annotations

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from werkzeug.utils import redirect

from core import database as db
from crm.queries.search import search
from web.limits import SEARCH
from web.navigation import link
from web.search import area

TARGETS = {
    "customers": ("customers.show", "customer_id", lazy_gettext("Customers"), "people"),
    "opportunities": ("opportunities.show", "opportunity_id", lazy_gettext("Opportunities"), "deal"),
    "quotations": ("quotations.show", "quotation_id", lazy_gettext("Quotations"), "pen"),
    "orders": ("orders.show", "order_id", lazy_gettext("Orders"), "order"),
    "invoices": ("invoices.show", "invoice_id", lazy_gettext("Invoices"), "coin"),
    "products": ("products.show", "product_id", lazy_gettext("Products"), "box"),
}
LISTS = {
    "customers": "customers.index",
    "opportunities": "opportunities.index",
    "quotations": "quotations.index",
    "orders": "orders.index",
    "invoices": "invoices.index",
    "products": "products.index",
}
LONGEST = 80


@area.route("", permission="home.read", limit=SEARCH)
def index() -> ResponseReturnValue:
    """Results by kind."""
    text = request.args.get("q", "").strip()[:LONGEST]
    groups = {}
    if text:
        with db.current().reading() as connection:
            groups = search(connection, text, g.actor.permissions)
    exact = [(kind, hit) for kind, hits in groups.items() for hit in hits if hit.exact]
    if len(exact) == 1:
        url = _url(exact[0][0], exact[0][1].id)
        if url:
            return redirect(url, 303)
    shown = [
        (TARGETS[kind][2], TARGETS[kind][3], [(hit, _url(kind, hit.id)) for hit in hits], link(LISTS[kind], q=text))
        for kind, hits in groups.items()
    ]
    return render_template("search/index.html", text=text, groups=shown)


def _url(kind: str, identity: int) -> str | None:
    endpoint, argument, _label, _icon = TARGETS[kind]
    return link(endpoint, **{argument: identity})
