"""Side bar, phone tab bar and the New menu, each item only for those who may use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from flask import current_app, g, request, url_for
from flask_babel import lazy_gettext as _

from web.permissions import SIGNED_IN, may


@dataclass(frozen=True, slots=True)
class Item:
    """One place to go. `count` answers how many things there want someone's hand; `hot` shows that number in red."""

    endpoint: str
    icon: str
    label: Any
    permission: str
    count: Callable[[], int | None] | None = None
    hot: bool = False
    short: Any = None

    def exists(self) -> bool:
        return self.endpoint in current_app.view_functions

    def allowed(self) -> bool:
        return self.exists() and may(self.permission)

    def url(self) -> str:
        return url_for(self.endpoint)

    def current(self) -> bool:
        """Whether this item is the one the page belongs to: named by the page (`g.nav`), else same endpoint, else same area."""
        here = getattr(g, "nav", None) or request.endpoint or ""
        if here == self.endpoint:
            return True
        taken = any(item.endpoint == here for section in NAVIGATION for item in section.items)
        return not taken and _first_of_area(here.split(".")[0]) == self.endpoint


@dataclass(frozen=True, slots=True)
class Section:
    """A group of the side bar, without a label for the first."""

    label: Any
    items: tuple[Item, ...] = field(default_factory=tuple)

    def allowed(self) -> list[Item]:
        return [item for item in self.items if item.allowed()]


NAVIGATION: Final = (
    Section(None, (Item("home.index", "home", _("Home"), SIGNED_IN),)),
    Section(
        _("Sell"),
        (
            Item("customers.index", "people", _("Customers"), "customers.read"),
            Item("opportunities.board", "deal", _("Opportunities"), "opportunities.read", short=_("Deals")),
            Item("quotations.index", "pen", _("Quotations"), "quotations.read"),
            Item("orders.index", "order", _("Orders"), "orders.read"),
        ),
    ),
    Section(
        _("Stock"),
        (
            Item("products.index", "box", _("Products"), "products.read"),
            Item("stock.levels", "store", _("Stock levels"), "stock.read", short=_("Stock")),
            Item("stock.alerts", "warn", _("Stock alerts"), "stock.read", hot=True, short=_("Alerts")),
            Item("shipments.index", "truck", _("To ship"), "shipments.read"),
        ),
    ),
    Section(
        _("Money"),
        (
            Item("invoices.index", "coin", _("Receivables"), "invoices.read"),
            Item("payments.index", "bank", _("Payments"), "payments.read"),
            Item("payments.match", "swap", _("Match payments"), "payments.match", short=_("Match")),
            Item("ledger.journal", "group", _("Journal"), "ledger.read"),
            Item("reports.index", "chart", _("Reports"), "reports.read"),
        ),
    ),
)

SETTINGS: Final = (
    Item("users.index", "user", _("Users"), "users.manage"),
    Item("settings.company", "gear", _("Settings"), "company.manage"),
)

NEW: Final = (
    Item("customers.new", "people", _("Customer"), "customers.write"),
    Item("opportunities.new", "deal", _("Opportunity"), "opportunities.write"),
    Item("quotations.new", "pen", _("Quotation"), "quotations.write"),
    Item("orders.new", "order", _("Order"), "orders.write"),
    Item("payments.new", "coin", _("Payment"), "payments.write"),
    Item("products.new", "box", _("Product"), "products.write"),
)

# The four places of a role's phone tab bar; the fifth is always the menu of all places.
TABS: Final = {
    "sales": ("home.index", "customers.index", "opportunities.board", "orders.index"),
    "manager": ("home.index", "customers.index", "orders.index", "invoices.index"),
    "finance": ("home.index", "invoices.index", "payments.match", "reports.index"),
    "warehouse": ("home.index", "shipments.index", "stock.alerts", "stock.levels"),
    "admin": ("home.index", "customers.index", "orders.index", "invoices.index"),
}


def _first_of_area(area: str) -> str | None:
    items = [item for section in NAVIGATION for item in section.items] + list(SETTINGS)
    return next((item.endpoint for item in items if item.endpoint.split(".")[0] == area), None)


def sections() -> list[Section]:
    """Sections of the side bar that hold anything for the present user."""
    return [section for section in NAVIGATION if section.allowed()]


def settings_items() -> list[Item]:
    """Items at the foot of the side bar."""
    return [item for item in SETTINGS if item.allowed()]


def new_items() -> list[Item]:
    """What the present user may create."""
    return [item for item in NEW if item.allowed()]


def tabs() -> list[Item]:
    """The phone's tab bar for the first role of the present user, filled up from the side bar when a place is closed to him."""
    roles = tuple(getattr(g.actor, "roles", ()) or ())
    wished = next((TABS[role] for role in ("sales", "warehouse", "finance", "manager", "admin") if role in roles), TABS["manager"])
    allowed = {item.endpoint: item for section in NAVIGATION for item in section.allowed()}
    chosen = [allowed[endpoint] for endpoint in wished if endpoint in allowed]
    chosen += [item for endpoint, item in allowed.items() if endpoint not in wished]
    return chosen[:4]
