"""The kinds of records that have a history: who may see one of them, what it is called, and where it stands.

A history is open to those who may read the audit trail and may see the record itself, so each kind names the permission
its own page demands, and is looked up as that page looks it up: a foreign id answers like a missing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import request
from flask_babel import lazy_gettext as _

from core.errors import NotFound
from core.queries.history import HANGING, ON_INVOICES, OWNED
from core.queries.reading import read_one
from core.statements import Statement, statement
from web.navigation import link
from web.permissions import may

AUDIT = "audit.read"


class Found(NamedTuple):
    """A record: its label and the customer it hangs on, if any."""

    label: str | None
    parent_id: int | None


@dataclass(frozen=True)
class Kind:
    """A kind of record. `endpoint` takes its id as `argument`; some have no page of their own."""

    table: str
    name: Any
    permission: str
    label: str = "name"
    endpoint: str = ""
    argument: str = ""
    lookup: Statement | None = None

    def find(self, record_id: int) -> Found:
        """The record, where the reader may see it. Raises NotFound."""
        found = read_one(self.lookup(record_id=record_id)) if self.lookup and may(self.permission) else None
        if found is None:
            raise NotFound(self.table, record_id)
        return found

    def address(self, record_id: int, parent_id: int | None = None) -> str | None:
        """Where the record stands; None without a page, or where the reader may not open it."""
        if not self.endpoint:
            return None
        values = {self.argument: record_id} if self.argument else {}
        if self.table in ("contact", "address"):
            if parent_id is None:
                return None
            values["customer_id"] = parent_id
        return link(self.endpoint, **values)


def _lookup(table: str, label: str) -> Statement:
    joined, scope, predicate, parent, tables = "", "system", "", "NULL::bigint", table
    if table == "customer":
        scope, predicate = "scoped", "AND visible(row, row.id)"
    elif table in OWNED:
        scope, predicate = "scoped", "AND visible(row)"
    elif table in HANGING:
        joined, scope = "JOIN customer ON customer.id = row.customer_id", "scoped"
        predicate, parent, tables = "AND visible(customer, customer.id)", "row.customer_id", f"{table} customer"
    elif table in ON_INVOICES:
        joined, scope = "JOIN invoice ON invoice.id = row.invoice_id", "scoped"
        predicate, tables = "AND visible(invoice)", f"{table} invoice"
    text = f"""
        SELECT ({label})::text, {parent} FROM {table} AS row {joined} WHERE row.id = %(record_id)s::bigint {predicate}
    """  # noqa: S608 (names of tables and columns, no values)
    return statement(f"history.{table}", text, tables=tables, scope=scope, fact=Found)  # type: ignore[arg-type]


def _kind(
    table: str, name: Any, permission: str, endpoint: str = "", argument: str = "", label: str = "row.name"
) -> Kind:
    return Kind(table, name, permission, label, endpoint, argument, _lookup(table, label))


_NUMBER = "row.number"
KINDS: dict[str, Kind] = {
    kind.table: kind
    for kind in (
        _kind("customer", _("Customer"), "customers.read", "customers.show", "customer_id"),
        _kind("contact", _("Contact"), "customers.read", "customers.edit_contact", "contact_id"),
        _kind("address", _("Address"), "customers.read", "customers.edit_address", "address_id", "row.street"),
        _kind("activity", _("Activity"), "customers.read", label="row.subject"),
        _kind("opportunity", _("Opportunity"), "opportunities.read", "opportunities.show", "opportunity_id", _NUMBER),
        _kind("quotation", _("Quotation"), "quotations.read", "quotations.show", "quotation_id", _NUMBER),
        _kind("sales_order", _("Order"), "orders.read", "orders.show", "order_id", _NUMBER),
        _kind("shipment", _("Shipment"), "stock.read", "shipments.show", "shipment_id", _NUMBER),
        _kind("invoice", _("Invoice"), "invoices.read", "invoices.show", "invoice_id", _NUMBER),
        _kind("credit_note", _("Credit note"), "invoices.read", "invoices.credit_note", "credit_note_id", _NUMBER),
        _kind("write_off", _("Write-off"), "invoices.read", label=_NUMBER),
        _kind("payment", _("Payment"), "payments.read", "payments.show", "payment_id", _NUMBER),
        _kind("bank_account", _("Bank account"), "payments.read", "payments.edit_bank_account", "bank_account_id"),
        _kind("product", _("Product"), "products.read", "products.show", "product_id"),
        _kind("product_category", _("Category"), "products.read", "products.edit_category", "category_id"),
        _kind("supplier", _("Supplier"), "suppliers.read", "suppliers.show", "supplier_id"),
        _kind("warehouse", _("Warehouse"), "stock.read", "warehouses.edit", "warehouse_id"),
        _kind("reorder_point", _("Reorder point"), "stock.read", label="row.product_id"),
        _kind("stock_document", _("Stock document"), "stock.read", "stock.document", "document_id", _NUMBER),
        _kind("stock_alert", _("Stock alert"), "stock.read", "stock.alerts", label="row.product_id"),
        _kind("account", _("Account"), "ledger.read", "ledger.account", "account_id", "row.code || ' ' || row.name"),
        _kind("journal", _("Journal"), "ledger.read"),
        _kind("journal_entry", _("Journal entry"), "ledger.read", "ledger.entry", "entry_id", _NUMBER),
        _kind("fiscal_period", _("Period"), "ledger.read", "ledger.periods", label="to_char(row.starts_on, 'YYYY-MM')"),
        _kind("ledger_task", _("Finance task"), "ledger.read", "ledger.tasks", label="row.origin"),
        _kind("payment_terms", _("Payment terms"), "company.write", "settings.edit_terms", "terms_id"),
        _kind("company", _("Company settings"), "company.write", "settings.company"),
        _kind("oidc_provider", _("Sign-in provider"), "company.write", "settings.edit_provider", "provider_id"),
        _kind("mail_message", _("Mail"), "company.write", "settings.mail", label="row.kind"),
        # Of requests and deputies a person's own page shows those that concern him. All of them are open to whoever
        # keeps the rules; what became of a request stands on the record it is about too.
        _kind(
            "approval_request",
            _("Approval request"),
            "approvals.rules",
            "approvals.show",
            "request_id",
            "row.subject_label",
        ),
        _kind("approval_delegation", _("Deputy"), "approvals.rules", label="to_char(row.since, 'YYYY-MM-DD')"),
        _kind("approval_rule", _("Approval rule"), "approvals.rules", "settings.edit_rule", "rule_id", "row.kind"),
        _kind(
            "custom_field",
            _("Custom field"),
            "custom_fields.manage",
            "settings.edit_field",
            "field_id",
            "row.record_type || '.' || row.key",
        ),
        _kind("pipeline_stage", _("Stage"), "company.write"),
        _kind("unit_of_measure", _("Unit"), "company.write"),
        _kind("app_user", _("User"), "users.manage", "users.edit", "user_id"),
        _kind("role", _("Role"), "users.manage", "users.edit_role", "role_id"),
        _kind("org_unit", _("Region or team"), "users.manage", "users.edit_unit", "unit_id"),
        _kind("api_token", _("API token"), "users.manage"),
        _kind("departure", _("Departure"), "users.manage", label="row.reason"),
        _kind("saved_view", _("Saved view"), AUDIT, "lists.view", "view_id"),
        _kind("bulk_job", _("Change of many rows"), AUDIT, "lists.job", "job_id", "row.list_name"),
        _kind("notice_setting", _("How one is told"), "users.manage", label="row.user_id"),
        _kind("customer_share", _("Shared customer"), "users.manage", label="row.reason"),
    )
}
# What rows are about that stand in no table.
OTHERS: dict[str, tuple[Any, str]] = {
    "list": (_("List"), AUDIT),
    "audit": (_("Audit trail"), AUDIT),
    "import_batch": (_("Import"), AUDIT),
    "number_series": (_("Number series"), "company.write"),
    # An adjustment that waits for its approval: there is no document yet.
    "stock_adjustment": (_("Stock adjustment"), "approvals.rules"),
}


def kind_of(record_type: str) -> Kind:
    """The kind of that name. Raises NotFound for none, as for a record that is not there."""
    if record_type not in KINDS:
        raise NotFound(record_type)
    return KINDS[record_type]


def open_types() -> list[str]:
    """The kinds whose records the reader may see, in so far as he may read the trail."""
    own = [name for name, kind in KINDS.items() if may(kind.permission)]
    return own + [name for name, (_name, permission) in OTHERS.items() if may(permission)]


def type_name(record_type: str) -> str:
    """What a kind of record is called."""
    if record_type in KINDS:
        return str(KINDS[record_type].name)
    return str(OTHERS[record_type][0]) if record_type in OTHERS else record_type


def history_address(record_type: str, record_id: int) -> str | None:
    """Where the history of a record stands, for those who may read it: asks for permissions only, no row."""
    if record_type not in KINDS or not may(KINDS[record_type].permission):
        return None
    return link("history.show", record_type=record_type, record_id=record_id)


# The argument by which addresses name a record of each kind; the more particular first.
_BY_ARGUMENT = {kind.argument: kind.table for kind in KINDS.values() if kind.argument and kind.table != "customer"}
_BY_ARGUMENT["customer_id"] = "customer"


def history_here() -> str | None:
    """Where the history of the record stands that this page is about; None for a page about none."""
    if request.endpoint in ("settings.company", "settings.save"):
        return history_address("company", 1)
    given = request.view_args or {}
    argument = next((name for name in _BY_ARGUMENT if name in given), None)
    return history_address(_BY_ARGUMENT[argument], given[argument]) if argument else None
