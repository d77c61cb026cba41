"""The list of suppliers as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from core.lists.suppliers import SUPPLIERS
from web.lists.declared import Empty, Head, ListPage, View, declare

SUPPLIER_LIST = declare(
    ListPage(
        source=SUPPLIERS,
        title=_("Suppliers"),
        permission="suppliers.read",
        endpoint="suppliers.index",
        record=("suppliers.show", "supplier_id"),
        heads={
            "name": Head(label=_("Name"), place=""),
            "code": Head(label=_("Code")),
            "contact_name": Head(label=_("Contact"), place="p2"),
            "contact_title": Head(label=_("Job title")),
            "phone": Head(label=_("Phone"), place=""),
            "email": Head(label=_("E-mail")),
            "website": Head(label=_("Website")),
            "street": Head(label=_("Street")),
            "postal_code": Head(label=_("Postal code")),
            "city": Head(label=_("City")),
            "region": Head(label=_("Region")),
            "country": Head(label=_("Country"), place="p2"),
            "products": Head(label=_("Products"), place=""),
            "created_at": Head(label=_("Created")),
        },
        shown=("name", "code", "contact_name", "phone", "city", "country", "products"),
        default_sort="name",
        views=(
            View("all", _("All")),
            View("idle", _("Without products"), State(demands=(demand("products", "eq", 0),))),
        ),
        imports="suppliers",
        find=_("Name, code, contact or town"),
        empty=Empty(
            _("No suppliers yet"),
            _("Goods are received from a supplier, and reordered there. Begin with the first one."),
        ),
        template="suppliers/index.html",
        cells="suppliers/cells.html",
        phone_lines=("contact_name",),
    )
)
