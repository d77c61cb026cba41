"""Every list that can be exported, with its columns. Heads are the words of its page."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _
from sqlalchemy import Connection

from core.money import ZERO
from finance.queries.ledger import AccountRow, balances
from inventory.queries.alerts import AlertRow, open_alerts
from web.activities.listing import ACTIVITY_LIST
from web.customers.listing import CUSTOMER_LIST
from web.exports.lists import Exported, ExportedList, PageExport, column, whole
from web.filters import today
from web.i18n import language
from web.invoices.views import NOTE_ORDERS, read_aging, read_credit_notes
from web.invoices.views import ORDERS as INVOICE_ORDERS
from web.invoices.views import read_list as read_invoices
from web.ledger.chart import KINDS as ACCOUNT_KINDS
from web.ledger.tasks import read_tasks, task_reason
from web.ledger.views import JOURNAL_ORDERS, read_journal, read_trial_balance
from web.opportunities.listing import OPPORTUNITY_LIST
from web.orders.listing import ORDER_LIST
from web.payments.views import ORDERS as PAYMENT_ORDERS
from web.payments.views import read_list as read_payments
from web.products.views import SORTS as PRODUCT_ORDERS
from web.products.views import read_list as read_products
from web.quotations.listing import QUOTATION_LIST
from web.shipments.views import read_records, read_to_ship
from web.stock.documents import read_documents
from web.stock.views import LEVEL_ORDERS, read_levels, read_moves
from web.stock.words import EVENTS, MOVE_KINDS
from web.suppliers.views import read_list as read_suppliers

MONEY = "invoices.read"
PAYMENT_KINDS = {"receipt": _("Payment"), "refund": _("Refund")}
SHIPMENT_KINDS = {"out": _("Shipped"), "return": _("Goods back")}


def _accounts(connection: Connection) -> list[AccountRow]:
    return balances(connection, chinese=language() == "zh", until=today())


def _alerts(connection: Connection) -> list[AlertRow]:
    return open_alerts(connection, chinese=language() == "zh")


def _debit(row: Any) -> Any:
    return max(row.balance, ZERO)


def _credit(row: Any) -> Any:
    return max(-row.balance, ZERO)


_CUSTOMER = column(_("Customer"), "customer")
_NUMBER = column(_("Number"), "number")
_CURRENCY = column(_("Currency"), "currency")
_ACCOUNTS = (
    column(_("Code"), "code"),
    column(_("Account"), "name"),
    column(_("Kind"), "kind", ACCOUNT_KINDS),
    column(_("Debit"), "debit"),
    column(_("Credit"), "credit"),
    column(_("Debit balance"), _debit),
    column(_("Credit balance"), _credit),
)
_PRODUCT = (column(_("SKU"), "sku"), column(_("Product"), "product"))
_STOCK = (column(_("On hand"), "on_hand"), column(_("Available"), "available"))

_DECLARED = (
    ExportedList(
        "to-ship",
        "orders.ship",
        _("To ship"),
        read_to_ship,
        (
            _NUMBER,
            _CUSTOMER,
            column(_("Warehouse"), "warehouse"),
            column(_("Ordered"), "ordered_on"),
            column(_("Deliver on"), "requested_on"),
            column(_("Carrier"), "carrier"),
            column(_("Ready"), "ready"),
            column(_("Waiting"), "waiting"),
        ),
    ),
    ExportedList(
        "shipments",
        "stock.read",
        _("Shipments"),
        read_records,
        (
            _NUMBER,
            column(_("Kind"), "kind", SHIPMENT_KINDS),
            _CUSTOMER,
            column(_("Warehouse"), "warehouse"),
            column(_("Date"), "shipped_on"),
            column(_("Carrier"), "carrier"),
            column(_("Document"), "origin"),
            column(_("Lines"), "lines"),
            column(_("Quantity"), "quantity"),
        ),
    ),
    ExportedList(
        "products",
        "products.read",
        _("Products"),
        read_products,
        (
            column(_("SKU"), "sku"),
            column(_("Product"), "name"),
            column(_("Category"), "category"),
            column(_("Unit"), "unit"),
            column(_("Price"), "price"),
            *_STOCK,
            column(_("Back-ordered"), "back_ordered"),
        ),
        PRODUCT_ORDERS,
        "name",
    ),
    ExportedList(
        "stock-levels",
        "stock.read",
        _("Stock"),
        read_levels,
        (
            *_PRODUCT,
            column(_("Warehouse"), "warehouse"),
            column(_("Unit"), "unit"),
            *_STOCK,
            column(_("Reserved"), "reserved"),
            column(_("Back-ordered"), "back_ordered"),
            column(_("Reorder point"), "reorder_point"),
            column(_("Value"), "value", permission="costs.read"),
        ),
        LEVEL_ORDERS,
        "product",
    ),
    ExportedList(
        "stock-moves",
        "stock.read",
        _("Moves"),
        read_moves,
        (
            column(_("Recorded"), "recorded_at"),
            column(_("Kind"), "kind", MOVE_KINDS),
            *_PRODUCT,
            column(_("Warehouse"), "warehouse"),
            column(_("Quantity"), "quantity"),
            column(_("On hand after"), "on_hand_after"),
            column(_("Value"), "value", permission="costs.read"),
            column(_("Document"), "origin"),
            column(_("Reason"), "reason"),
            column(_("By"), "who"),
        ),
    ),
    ExportedList(
        "stock-documents",
        "stock.read",
        _("Receipts and adjustments"),
        read_documents,
        (
            _NUMBER,
            column(_("Kind"), "kind", MOVE_KINDS),
            column(_("Date"), "effective_on"),
            column(_("Warehouse"), "warehouse"),
            column(_("Supplier"), "supplier"),
            column(_("Reason"), "reason"),
            column(_("Lines"), "lines"),
            column(_("Value"), "value", permission="costs.read"),
            column(_("By"), "who"),
        ),
    ),
    ExportedList(
        "stock-alerts",
        "stock.read",
        _("Stock alerts"),
        whole(_alerts),
        (
            *_PRODUCT,
            column(_("Warehouse"), "warehouse"),
            column(_("Supplier"), "supplier"),
            *_STOCK,
            column(_("Back-ordered"), "back_ordered"),
            column(_("Reorder point"), "reorder_point"),
        ),
    ),
    ExportedList(
        "suppliers",
        "suppliers.read",
        _("Suppliers"),
        read_suppliers,
        (
            column(_("Code"), "code"),
            column(_("Supplier"), "name"),
            column(_("Contact"), "contact_name"),
            column(_("Phone"), "phone"),
            column(_("City"), "city"),
            column(_("Country"), "country"),
            column(_("Products"), "products"),
        ),
        ("name",),
        "name",
    ),
    ExportedList(
        "invoices",
        "invoices.read",
        _("Invoices"),
        read_invoices,
        (
            _NUMBER,
            _CUSTOMER,
            column(_("Issued"), "issued_on"),
            column(_("Due"), "due_on"),
            column(_("Amount"), "amount_total"),
            column(_("Open"), "amount_open"),
            column(_("Credited"), "amount_credited"),
            _CURRENCY,
            column(_("Document"), "origin"),
        ),
        INVOICE_ORDERS,
        "due",
    ),
    ExportedList(
        "credit-notes",
        "invoices.read",
        _("Credit notes"),
        read_credit_notes,
        (
            _NUMBER,
            _CUSTOMER,
            column(_("Issued"), "issued_on"),
            column(_("Invoice"), "invoice"),
            column(_("Amount"), "amount_total"),
            column(_("Unapplied"), "amount_unapplied"),
            _CURRENCY,
            column(_("Reason"), "reason"),
        ),
        NOTE_ORDERS,
        "-issued",
    ),
    ExportedList(
        "aging",
        "invoices.read",
        _("Aging"),
        whole(read_aging),
        (
            _CUSTOMER,
            column(_("Not due"), "current"),
            column(_("1 to 30 days"), "days_30"),
            column(_("31 to 60 days"), "days_60"),
            column(_("61 to 90 days"), "days_90"),
            column(_("Over 90 days"), "older"),
            column(_("Open"), "total"),
            column(_("Unapplied"), "unapplied"),
            column(_("Balance"), "balance"),
        ),
    ),
    ExportedList(
        "payments",
        "payments.read",
        _("Payments"),
        read_payments,
        (
            _NUMBER,
            column(_("Kind"), "kind", PAYMENT_KINDS),
            _CUSTOMER,
            column(_("Date"), "received_on"),
            column(_("Bank account"), "bank"),
            column(_("Amount"), "amount"),
            column(_("Unapplied"), "amount_unapplied"),
            _CURRENCY,
            column(_("Reference"), "reference"),
        ),
        PAYMENT_ORDERS,
        "-received",
    ),
    ExportedList(
        "journal",
        "ledger.read",
        _("Journal"),
        read_journal,
        (
            _NUMBER,
            column(_("Journal"), "journal"),
            column(_("Date"), "effective_on"),
            column(_("Recorded"), "recorded_at"),
            column(_("Event"), "event", EVENTS),
            column(_("Accounts"), "accounts"),
            column(_("Amount"), "amount"),
            column(_("Document"), "document"),
            column(_("Memo"), "memo"),
            column(_("By"), "who"),
        ),
        JOURNAL_ORDERS,
        "-recorded",
    ),
    ExportedList("accounts", "ledger.read", _("Accounts"), whole(_accounts), _ACCOUNTS),
    ExportedList("trial-balance", "ledger.read", _("Trial balance"), whole(read_trial_balance), _ACCOUNTS),
    ExportedList(
        "finance-tasks",
        "ledger.read",
        _("Finance tasks"),
        read_tasks,
        (
            column(_("Task"), lambda row: task_reason(row.kind)),
            _CUSTOMER,
            column(_("Document"), "origin"),
            column(_("Amount"), "amount"),
            column(_("Recorded"), "created_at"),
            column(_("Done"), "done_at"),
        ),
        ("created", "done"),
        "created",
    ),
)
_PAGES = (ACTIVITY_LIST, CUSTOMER_LIST, OPPORTUNITY_LIST, ORDER_LIST, QUOTATION_LIST)
LISTS: Final[dict[str, Exported]] = {
    **{page.name: PageExport(page) for page in _PAGES},
    **{declared.name: declared for declared in _DECLARED},
}
