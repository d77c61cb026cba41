"""What may be done, by name, and which role may do it from the start.

A permission is declared on every route, task and command; roles map to permissions in the database, so that a company
can change them. Names are `area.verb`; `read` covers lists, records, search, export and PDF.
"""

from __future__ import annotations

from typing import NamedTuple

PERMISSIONS: dict[str, str] = {
    "home.read": "See the home page and search",
    "customers.read": "See customers",
    "customers.write": "Create and change customers, contacts and addresses",
    "customers.assign": "Give customers to others and share them",
    "customers.credit": "Set credit limits and payment terms",
    "activities.write": "Record notes, calls, visits and tasks",
    "opportunities.read": "See opportunities",
    "opportunities.write": "Create, change and move opportunities",
    "quotations.read": "See quotations",
    "quotations.write": "Write and send quotations",
    "orders.read": "See sales orders",
    "orders.write": "Write draft orders and order from quotations",
    "orders.confirm": "Confirm orders",
    "orders.cancel": "Cancel orders",
    "orders.ship": "Ship orders",
    "orders.return": "Take goods back",
    "orders.bill": "Invoice shipped orders, credit invoices, record fiscal invoices",
    "products.read": "See products and prices",
    "products.write": "Create and change products",
    "stock.read": "See stock, moves and alerts",
    "stock.receive": "Receive goods",
    "stock.adjust": "Adjust stock",
    "stock.plan": "Set reorder points",
    "warehouses.write": "Create and change warehouses",
    "suppliers.read": "See suppliers",
    "suppliers.write": "Create and change suppliers",
    "invoices.read": "See invoices, credit notes and receivables",
    "payments.read": "See payments",
    "payments.write": "Record, match, un-match and refund payments",
    "ledger.read": "See journal entries, accounts and reports",
    "ledger.post": "Post manual journal entries and reversals",
    "periods.close": "Open fiscal years, close and re-open months",
    "banks.write": "Open, rename and archive bank accounts and cash boxes",
    "reports.read": "See management reports",
    "company.write": "Change company settings",
    "users.manage": "Manage users, roles and sessions",
    "audit.read": "See the audit trail",
    "api.use": "Use the API with a token",
}

_READ = {
    "home.read",
    "customers.read",
    "products.read",
    "stock.read",
    "orders.read",
    "invoices.read",
    "payments.read",
    "api.use",
}
_SALES = _READ | {
    "customers.write",
    "activities.write",
    "opportunities.read",
    "opportunities.write",
    "quotations.read",
    "quotations.write",
    "orders.write",
    "orders.confirm",
    "orders.cancel",
}
_WAREHOUSE = {
    "home.read",
    "api.use",
    "products.read",
    "customers.read",
    "stock.read",
    "stock.receive",
    "stock.adjust",
    "stock.plan",
    "orders.read",
    "orders.ship",
    "orders.return",
    "suppliers.read",
}
_FINANCE = _READ | {
    "customers.credit",
    "activities.write",
    "quotations.read",
    "orders.bill",
    "orders.cancel",
    "payments.write",
    "ledger.read",
    "ledger.post",
    "periods.close",
    "banks.write",
    "reports.read",
    "suppliers.read",
}
_SALES_MANAGER = _SALES | {"customers.assign"}
_MANAGER = (
    _SALES_MANAGER
    | _FINANCE
    | _WAREHOUSE
    | {
        "products.write",
        "suppliers.write",
        "warehouses.write",
        "audit.read",
    }
)


class StandardRole(NamedTuple):
    """A role every company begins with. `row_scope`: whose rows it sees, own, team, region or all."""

    name: str
    name_zh: str
    permissions: frozenset[str]
    row_scope: str


ROLES: dict[str, StandardRole] = {
    "sales": StandardRole("Sales", "销售", frozenset(_SALES), "own"),
    "sales_manager": StandardRole("Sales manager", "销售主管", frozenset(_SALES_MANAGER), "team"),
    "manager": StandardRole("Manager", "经理", frozenset(_MANAGER), "all"),
    "finance": StandardRole("Finance", "财务", frozenset(_FINANCE), "all"),
    "warehouse": StandardRole("Warehouse", "仓库", frozenset(_WAREHOUSE), "all"),
    "admin": StandardRole("Administrator", "管理员", frozenset(PERMISSIONS), "all"),
}
