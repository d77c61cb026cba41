"""Every list that can be exported, with its columns. Heads are the words of its page."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _
from sqlalchemy import Connection

from core.money import ZERO
from finance.queries.ledger import AccountRow, balances
from inventory.queries.alerts import AlertRow, open_alerts
from web.activities.listing import ACTIVITY_LIST
from web.contacts.listing import CONTACT_LIST
from web.customers.listing import CUSTOMER_LIST
from web.exports.lists import Exported, ExportedList, PageExport, column, whole
from web.filters import today
from web.i18n import language
from web.invoices.listing import CREDIT_NOTE_LIST, INVOICE_LIST
from web.invoices.views import read_aging
from web.ledger.chart import KINDS as ACCOUNT_KINDS
from web.ledger.listing import JOURNAL_LIST, TASK_LIST
from web.ledger.views import read_trial_balance
from web.opportunities.listing import OPPORTUNITY_LIST
from web.orders.listing import ORDER_LIST
from web.payments.listing import PAYMENT_LIST
from web.products.listing import PRODUCT_LIST
from web.quotations.listing import QUOTATION_LIST
from web.shipments.listing import SHIPMENT_LIST, TO_SHIP_LIST
from web.stock.listing import DOCUMENT_LIST, LEVEL_LIST, MOVE_LIST
from web.suppliers.listing import SUPPLIER_LIST


def _accounts(connection: Connection) -> list[AccountRow]:
    return balances(connection, chinese=language() == "zh", until=today())


def _alerts(connection: Connection) -> list[AlertRow]:
    """Those to be answered, then those dismissed."""
    return [row for tab in ("", "dismissed") for row in open_alerts(connection, chinese=language() == "zh", tab=tab)]


def _debit(row: Any) -> Any:
    return max(row.balance, ZERO)


def _credit(row: Any) -> Any:
    return max(-row.balance, ZERO)


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
        "aging",
        "invoices.read",
        _("Aging"),
        whole(read_aging),
        (
            column(_("Customer"), "customer_name"),
            column(_("Not due"), "not_due"),
            column(_("1 to 30 days"), "days_1_30"),
            column(_("31 to 60 days"), "days_31_60"),
            column(_("61 to 90 days"), "days_61_90"),
            column(_("Over 90 days"), "days_over_90"),
            column(_("Open"), "open"),
            column(_("Unapplied"), "unapplied"),
            column(_("Balance"), "balance"),
        ),
    ),
    ExportedList("accounts", "ledger.read", _("Accounts"), whole(_accounts), _ACCOUNTS),
    ExportedList("trial-balance", "ledger.read", _("Trial balance"), whole(read_trial_balance), _ACCOUNTS),
)
_PAGES = (
    ACTIVITY_LIST,
    CONTACT_LIST,
    CREDIT_NOTE_LIST,
    CUSTOMER_LIST,
    DOCUMENT_LIST,
    INVOICE_LIST,
    JOURNAL_LIST,
    LEVEL_LIST,
    MOVE_LIST,
    OPPORTUNITY_LIST,
    ORDER_LIST,
    PAYMENT_LIST,
    PRODUCT_LIST,
    QUOTATION_LIST,
    SHIPMENT_LIST,
    SUPPLIER_LIST,
    TASK_LIST,
    TO_SHIP_LIST,
)
LISTS: Final[dict[str, Exported]] = {
    **{page.name: PageExport(page) for page in _PAGES},
    **{declared.name: declared for declared in _DECLARED},
}
