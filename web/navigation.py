"""Side bar, phone tab bar and the New menu, each item only for those who may open it (by the permission its route
declares).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from flask import current_app, g, request, url_for
from flask_babel import lazy_gettext as _
from werkzeug.routing import BuildError

from crm.queries.work import MOST
from web.permissions import may, required_permission


@dataclass(frozen=True, slots=True)
class Item:
    """One place to go. `count` answers how many things there want the reader's hand, or nothing; `hot` shows that
    number in red."""

    endpoint: str
    icon: str
    label: Any
    count: Callable[[], str] | None = None
    hot: bool = False
    short: Any = None

    def exists(self) -> bool:
        return self.endpoint in current_app.view_functions

    def allowed(self) -> bool:
        return self.exists() and may(required_permission(current_app, self.endpoint, "GET"))

    def url(self) -> str:
        return url_for(self.endpoint)

    def current(self) -> bool:
        """Whether this item is the one the page belongs to: named by the page (`g.nav`), else same endpoint, else same
        area.
        """
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


def waiting(place: str) -> Callable[[], str]:
    """The number of things that wait at a place of `crm.queries.work.Work`, as it came with the session."""

    def count() -> str:
        number = getattr(getattr(g, "work", None), place, None) or 0
        return f"{MOST - 1}+" if number >= MOST else str(number or "")

    return count


NAVIGATION: Final = (
    Section(
        None,
        (
            Item("home.index", "home", _("Home")),
            Item("approvals.index", "seen", _("Approvals"), waiting("approvals"), hot=True),
        ),
    ),
    Section(
        _("Sell"),
        (
            Item("customers.index", "people", _("Customers")),
            Item("opportunities.board", "deal", _("Opportunities"), short=_("Deals")),
            Item("quotations.index", "pen", _("Quotations")),
            Item("orders.index", "order", _("Orders")),
        ),
    ),
    Section(
        _("Stock"),
        (
            Item("products.index", "box", _("Products")),
            Item("stock.levels", "store", _("Stock levels"), short=_("Stock")),
            Item("stock.alerts", "warn", _("Stock alerts"), waiting("alerts"), hot=True, short=_("Alerts")),
            Item("shipments.index", "truck", _("To ship"), waiting("to_ship")),
        ),
    ),
    Section(
        _("Money"),
        (
            Item("invoices.index", "coin", _("Receivables")),
            Item("payments.index", "bank", _("Payments")),
            Item("payments.match", "swap", _("Match payments"), waiting("to_match"), short=_("Match")),
            Item("ledger.journal", "group", _("Journal")),
            Item("ledger.tasks", "task", _("Finance tasks"), waiting("tasks"), hot=True, short=_("Tasks")),
            Item("reports.index", "chart", _("Reports")),
        ),
    ),
)

SETTINGS: Final = (
    Item("history.index", "seen", _("Audit trail")),
    Item("users.index", "user", _("Users")),
    Item("settings.company", "gear", _("Settings")),
)

NEW: Final = (
    Item("customers.new", "people", _("Customer")),
    Item("opportunities.new", "deal", _("Opportunity")),
    Item("quotations.new", "pen", _("Quotation")),
    Item("orders.new", "order", _("Order")),
    Item("payments.new", "coin", _("Payment")),
    Item("products.new", "box", _("Product")),
)

# The four places of a role's phone tab bar; of several roles the first one's. The fifth is always the menu of all.
TABS: Final = {
    "sales": ("home.index", "customers.index", "opportunities.board", "orders.index"),
    "sales_manager": ("home.index", "customers.index", "opportunities.board", "orders.index"),
    "warehouse": ("home.index", "shipments.index", "stock.alerts", "stock.levels"),
    "finance": ("home.index", "invoices.index", "payments.match", "reports.index"),
    "manager": ("home.index", "customers.index", "orders.index", "invoices.index"),
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
    """The phone's tab bar for the first role of the present user, filled up from the side bar when a place is closed
    to him.
    """
    roles = tuple(getattr(g.actor, "roles", ()) or ())
    wished = next((TABS[role] for role in TABS if role in roles), TABS["manager"])
    allowed = {item.endpoint: item for section in NAVIGATION for item in section.allowed()}
    chosen = [allowed[endpoint] for endpoint in wished if endpoint in allowed]
    chosen += [item for endpoint, item in allowed.items() if endpoint not in wished]
    return chosen[:4]


def link(endpoint: str, **values: Any) -> str | None:
    """Address of a page; None where there is no such page or the present user may not open it."""
    if endpoint not in current_app.view_functions or not may(required_permission(current_app, endpoint, "GET")):
        return None
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return None
