"""The kinds of records the search knows: where each is shown, what it is called, which list holds it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import request
from flask_babel import lazy_gettext as _

from crm.queries.search import Hit
from web.navigation import link


class Target(NamedTuple):
    """A kind: the page of a record and the name of its argument, its label and icon, its list."""

    endpoint: str
    argument: str
    label: Any
    icon: str
    list: str | None

    def url(self, hit: Hit) -> str | None:
        """The page that shows a hit; None where the reader may not open it."""
        return link(self.endpoint, **{self.argument: hit.target_id})


TARGETS: Final = {
    "customers": Target("customers.show", "customer_id", _("Customers"), "people", "customers.index"),
    "contacts": Target("customers.show", "customer_id", _("Contacts"), "user", None),
    "opportunities": Target("opportunities.show", "opportunity_id", _("Opportunities"), "deal", "opportunities.index"),
    "quotations": Target("quotations.show", "quotation_id", _("Quotations"), "pen", "quotations.index"),
    "orders": Target("orders.show", "order_id", _("Orders"), "order", "orders.index"),
    "invoices": Target("invoices.show", "invoice_id", _("Invoices"), "coin", "invoices.index"),
    "payments": Target("payments.show", "payment_id", _("Payments"), "bank", "payments.index"),
    "entries": Target("ledger.entry", "entry_id", _("Journal entries"), "group", None),
    "products": Target("products.show", "product_id", _("Products"), "box", "products.index"),
    "suppliers": Target("suppliers.show", "supplier_id", _("Suppliers"), "truck", "suppliers.index"),
}
_BY_ENDPOINT: Final = {target.endpoint: kind for kind, target in TARGETS.items() if kind != "contacts"}


def opened_record() -> str | None:
    """Which record the page shows, as `kind id`; None where it is no record's page."""
    kind = _BY_ENDPOINT.get(request.endpoint or "")
    identity = (request.view_args or {}).get(TARGETS[kind].argument) if kind else None
    return f"{kind} {identity}" if identity else None
