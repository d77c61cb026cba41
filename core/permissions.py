"""What may be done, by name, and which role may do it from the start.

A permission is declared on every route, task and command; roles map to permissions in the database, so that a company
can change them. Names are `area.verb`; `read` covers lists, records, search, export and PDF.
"""

from __future__ import annotations

from collections.abc import Collection
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
    "invoices.write_off": "Write off what will not be paid",
    "banks.write": "Open, rename and archive bank accounts and cash boxes",
    "reports.read": "See management reports",
    "company.write": "Change company settings",
    "custom_fields.manage": "Add fields to records, change and archive them",
    "users.manage": "Manage users, roles and sessions",
    "users.view_as": "Look at the product as somebody else sees it",
    "audit.read": "See the audit trail and the history of every record",
    "approvals.read": "Ask for approvals, decide those one is asked for, and name a deputy",
    "approvals.rules": "Say what needs an approval, and whose",
    "comments.write": "Comment on the records one sees, and call upon colleagues",
    "files.write": "Put files beside the records one sees",
    "files.remove": "Remove files that others put there",
    "exports.create": "Export lists",
    "views.share": "Show one's views of lists to everybody",
    "imports.create": "Bring records in from files",
    "imports.read_all": "See what everybody brings in from files",
    "phones.read": "See telephone numbers",
    "phones.unmask": "Uncover a telephone number, on record",
    "emails.read": "See e-mail addresses",
    "emails.unmask": "Uncover an e-mail address, on record",
    "costs.read": "See what goods cost and what stock is worth",
    "costs.unmask": "Uncover a cost, on record",
    "margins.read": "See margins",
    "margins.unmask": "Uncover a margin, on record",
    "bank_details.read": "See bank accounts of customers, suppliers and the company",
    "bank_details.unmask": "Uncover a bank account, on record",
    "api.use": "Use the API with a token",
}

# What a permission is no use without: a role that has the one has the others.
REQUIRED: dict[str, frozenset[str]] = {
    permission: frozenset(others.split())
    for permission, others in {
        "customers.write": "customers.read",
        "customers.assign": "customers.read",
        "customers.credit": "customers.read",
        "activities.write": "customers.read",
        "opportunities.read": "customers.read",
        "opportunities.write": "opportunities.read",
        "quotations.read": "customers.read",
        "quotations.write": "quotations.read products.read",
        "orders.read": "customers.read",
        "orders.write": "orders.read products.read",
        "orders.confirm": "orders.read",
        "orders.cancel": "orders.read",
        "orders.ship": "orders.read",
        "orders.return": "orders.read",
        "orders.bill": "orders.read",
        "products.write": "products.read",
        "stock.read": "products.read",
        "stock.receive": "stock.read",
        "stock.adjust": "stock.read",
        "stock.plan": "stock.read",
        "warehouses.write": "stock.read",
        "suppliers.write": "suppliers.read",
        "invoices.read": "customers.read",
        "invoices.write_off": "invoices.read",
        "payments.read": "customers.read",
        "payments.write": "payments.read invoices.read",
        "banks.write": "payments.read",
        "ledger.post": "ledger.read",
        "periods.close": "ledger.read",
        "approvals.rules": "approvals.read",
        "files.remove": "files.write",
        "imports.read_all": "imports.create",
    }.items()
}


def implied_by(permission: str) -> frozenset[str]:
    """The permission with all that whoever has it has too."""
    found, waiting = set(), [permission]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += REQUIRED.get(name, ())
    return frozenset(found)


def missing_beside(permissions: Collection[str]) -> dict[str, list[str]]:
    """Of each permission that is no use without others, those that are not among `permissions`."""
    held = frozenset(permissions)
    lacking = {permission: sorted(implied_by(permission) - held) for permission in sorted(held)}
    return {permission: others for permission, others in lacking.items() if others}


_READ = {
    "home.read",
    "customers.read",
    "products.read",
    "stock.read",
    "orders.read",
    "invoices.read",
    "payments.read",
    "approvals.read",
    "exports.create",
    "api.use",
}
_TALK = {"comments.write", "files.write"}
_SALES = (
    _READ
    | _TALK
    | {
        "imports.create",
        "phones.read",
        "emails.read",
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
)
_WAREHOUSE = _TALK | {
    "home.read",
    "imports.create",
    "approvals.read",
    "exports.create",
    "phones.unmask",
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
_FINANCE = (
    _READ
    | _TALK
    | {
        "views.share",
        "phones.unmask",
        "emails.unmask",
        "costs.read",
        "margins.read",
        "bank_details.read",
        "invoices.write_off",
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
)
_SALES_MANAGER = _SALES | {"views.share", "files.remove", "customers.assign", "costs.unmask", "margins.unmask"}
_SERVICE = _READ | _TALK | {"activities.write", "phones.read", "emails.read"}
_MARKETING = {
    "home.read",
    "comments.write",
    "api.use",
    "customers.read",
    "opportunities.read",
    "products.read",
    "approvals.read",
    "exports.create",
    "phones.unmask",
    "emails.unmask",
}
_MANAGER = (
    _SALES_MANAGER
    | _FINANCE
    | _WAREHOUSE
    | {
        "products.write",
        "suppliers.write",
        "warehouses.write",
        "audit.read",
        "imports.read_all",
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
    "service": StandardRole("Service", "客服", frozenset(_SERVICE), "all"),
    "marketing": StandardRole("Marketing", "市场", frozenset(_MARKETING), "all"),
    "warehouse": StandardRole("Warehouse", "仓库", frozenset(_WAREHOUSE), "all"),
    "admin": StandardRole("Administrator", "管理员", frozenset(PERMISSIONS), "all"),
}
