"""Audit rows in words: what was done, what fields are called, what their values mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from core.queries.history import AuditRecord, shown_values
from web.customers.forms import LIFECYCLES
from web.filters import day, moment
from web.history.records import KINDS as RECORD_KINDS
from web.history.records import history_address, kind_of, type_name

LONGEST_VALUE = 300

# What the session writes of any record.
_GENERAL = {"created": _("Created"), "changed": _("Changed"), "deleted": _("Deleted")}
ACTIONS: dict[str, Any] = {
    "audit.anchors_begun": _("Anchors of the audit chain begun anew"),
    "audit.retention_reported": _("Retention reported"),
    "credit_note.matched": _("Matched"),
    "credit_note.posted": _("Posted"),
    "credit_note.unmatched": _("Match undone"),
    "customer.share_ended": _("No longer shared"),
    "customer.shared": _("Shared"),
    "demo.loaded": _("Demo company loaded"),
    "field.unmasked": _("Uncovered a field"),
    "fiscal_period.closed": _("Closed"),
    "fiscal_period.reopened": _("Reopened"),
    "fiscal_year.opened": _("Fiscal year opened"),
    "invoice.fiscal_recorded": _("Fiscal invoice recorded"),
    "invoice.posted": _("Posted"),
    "journal_entry.manual": _("Posted by hand"),
    "journal_entry.reversal": _("Posted as a reversal"),
    "ledger_task.done": _("Done"),
    "ledger_task.reopened": _("Reopened"),
    "list.exported": _("Exported"),
    "opportunity.moved": _("Moved to another stage"),
    "payment.matched": _("Matched"),
    "payment.recorded": _("Recorded"),
    "payment.unmatched": _("Match undone"),
    "quotation.marked": _("Marked"),
    "quotation.ordered": _("Ordered"),
    "refund.recorded": _("Refund recorded"),
    "sales_order.billed": _("Invoiced"),
    "sales_order.cancelled": _("Cancelled"),
    "sales_order.confirmed": _("Confirmed"),
    "sales_order.credited": _("Credited"),
    "sales_order.returned": _("Goods taken back"),
    "sales_order.shipped": _("Shipped"),
    "stock.adjustment": _("Stock adjusted"),
    "stock.opening": _("Opening stock recorded"),
    "stock.receipt": _("Goods received"),
    "stock_alert.dismissed": _("Dismissed"),
    "user.roles_changed": _("Roles changed"),
    "user.sessions_ended": _("Signed out everywhere"),
    "user.sign_in_failed": _("Failed to sign in"),
    "user.signed_in": _("Signed in"),
    "user.signed_out": _("Signed out"),
    "user.viewing_ended": _("Looking as this user ended"),
    "user.viewing_started": _("Looking as this user began"),
}
FIELDS: dict[str, Any] = {
    "account_id": _("Account"),
    "action": _("Action"),
    "address": _("Address"),
    "amount": _("Amount"),
    "amount_total": _("Total"),
    "audit_years": _("Years that audit rows are kept"),
    "bank_account": _("Bank account"),
    "bank_account_id": _("Bank account"),
    "bank_name": _("Bank"),
    "barcode": _("Barcode"),
    "blocked_until": _("Blocked until"),
    "budget": _("Budget"),
    "carrier": _("Carrier"),
    "category_id": _("Category"),
    "chart": _("Chart of accounts"),
    "city": _("City"),
    "code": _("Code"),
    "competitor": _("Competitor"),
    "contact_id": _("Contact"),
    "contact_name": _("Contact"),
    "contact_title": _("Job title"),
    "contrast": _("Contrast"),
    "cost": _("Cost"),
    "country": _("Country"),
    "created_at": _("Created"),
    "created_by_id": _("Created by"),
    "credit_limit": _("Credit limit"),
    "currency": _("Currency"),
    "customer_id": _("Customer"),
    "customer_reference": _("Customer's reference"),
    "days": _("Days"),
    "decision_power": _("Say in decisions"),
    "density": _("Density"),
    "description": _("Description"),
    "do_not_call": _("Do not call"),
    "done_at": _("Done"),
    "due": _("Older than they have to be kept"),
    "due_from": _("Due counted from"),
    "due_on": _("Due"),
    "email": _("E-mail"),
    "ended_at": _("Ended"),
    "exit_criteria": _("Exit criteria"),
    "expected_close_on": _("Expected close"),
    "expires_at": _("Expires"),
    "failed_sign_ins": _("Failed sign-ins"),
    "field": _("Field"),
    "filters": _("Filters"),
    "fiscal_issued_on": _("Fiscal invoice of"),
    "fiscal_number": _("Fiscal invoice number"),
    "fiscal_year": _("Fiscal year"),
    "fiscal_year_start_month": _("First month of the fiscal year"),
    "format": _("Format"),
    "id": _("Id"),
    "industry": _("Industry"),
    "invoice": _("Invoice"),
    "invoicing_policy": _("Invoicing"),
    "is_active": _("In use"),
    "is_default": _("Default"),
    "is_demo": _("Demo company"),
    "is_discontinued": _("Discontinued"),
    "is_standard": _("Standard role"),
    "kind": _("Kind"),
    "language": _("Language"),
    "last_recorded_at": _("Last recorded"),
    "last_value": _("Last number"),
    "legal_name": _("Legal name"),
    "lifecycle": _("Stage"),
    "lines": _("Lines"),
    "login": _("Sign-in name"),
    "logo": _("Logo"),
    "logo_type": _("Kind of logo"),
    "lost_reason": _("Why it was lost"),
    "matched": _("Matched"),
    "merged_into_id": _("Merged into"),
    "name": _("Name"),
    "name_english": _("English name"),
    "name_zh": _("Chinese name"),
    "note": _("Note"),
    "notices": _("Notices"),
    "number": _("Number"),
    "oldest": _("Oldest"),
    "opportunity_id": _("Opportunity"),
    "owner_id": _("Owner"),
    "parent_id": _("Belongs to"),
    "password_hash": _("Password"),
    "path": _("Place in the tree"),
    "payment_terms_days": _("Payment terms, days"),
    "payment_terms_id": _("Payment terms"),
    "permissions": _("Permissions"),
    "phone": _("Phone"),
    "position": _("Place"),
    "postal_code": _("Postal code"),
    "preferred_channel": _("Preferred channel"),
    "price": _("Price"),
    "probability": _("Probability"),
    "product_id": _("Product"),
    "quantity": _("Quantity"),
    "reason": _("Reason"),
    "region": _("Region"),
    "reports_to_id": _("Reports to"),
    "requested_on": _("Requested"),
    "result": _("Result"),
    "role": _("Used by posting rules as"),
    "role_id": _("Role"),
    "roles": _("Roles"),
    "row_scope": _("Rows seen"),
    "rows": _("Rows"),
    "salesperson_id": _("Salesperson"),
    "schedule": _("Schedule"),
    "scopes": _("Scopes"),
    "sessions": _("Sessions"),
    "ship_to": _("Ship to"),
    "shipment": _("Shipment"),
    "shortcuts": _("Single-key shortcuts"),
    "since": _("Since"),
    "size": _("Size"),
    "sku": _("SKU"),
    "source": _("Source"),
    "stage": _("Stage"),
    "stage_id": _("Stage"),
    "starts_on": _("Starts"),
    "state": _("State"),
    "street": _("Street"),
    "subject": _("Subject"),
    "supplier_id": _("Supplier"),
    "swept": _("Deleted"),
    "tax_id": _("Tax id"),
    "tax_point": _("Tax point"),
    "tax_rate": _("Tax rate"),
    "tax_rounding": _("Tax rounding"),
    "theme": _("Theme"),
    "time_zone": _("Time zone"),
    "title": _("Job title"),
    "token_hash": _("Token"),
    "total": _("In all"),
    "unit_id": _("Unit"),
    "until": _("Until"),
    "user_id": _("User"),
    "warehouse_id": _("Warehouse"),
    "website": _("Website"),
    "years": _("Years"),
}
STATES: dict[str, Any] = {
    **LIFECYCLES,
    "cancelled": _("Cancelled"),
    "closed": _("Closed"),
    "confirmed": _("Confirmed"),
    "declined": _("Declined"),
    "done": _("Done"),
    "draft": _("Draft"),
    "en": "English",
    "open": _("Open"),
    "ordered": _("Ordered"),
    "sent": _("Sent"),
    "zh": "中文",
}
# Made by the product from other fields, or of no meaning to people.
LISTS = frozenset(("lines", "matched"))
VALUES = frozenset(("permissions", "scopes", "roles", "path", "exit_criteria"))
UNTOLD = frozenset(
    ("id", "name_key", "email_key", "phone_key", "tax_id_key", "search_text", "version", "updated_at", "created_at",
     "is_demo", "path", "logo_type")
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One field: what it is called, before and after in words. Without `before`, it was given first."""

    field: str
    after: str
    before: str | None = None
    changed: bool = False


@dataclass(frozen=True)
class Entry:
    """One audit row in words. `where` says by which way and from where it came."""

    row: AuditRecord
    action: str
    record: str
    changes: list[Change]
    where: list[str]
    record_url: str | None
    history_url: str | None


def entries(rows: list[AuditRecord], names: Mapping[int, str]) -> list[Entry]:
    """The rows in words, as the reader may see their values."""
    return [_entry(row, names) for row in rows]


def _entry(row: AuditRecord, names: Mapping[int, str]) -> Entry:
    changes = shown_values(row.record_type, row.changes)
    told = [_change(name, given, names) for name, given in changes.items() if name not in UNTOLD]
    is_known = row.record_type in RECORD_KINDS and row.record_id > 0
    return Entry(
        row,
        action_name(row.action),
        type_name(row.record_type),
        [change for change in told if change.after or change.changed],
        [part for part in (channel_name(row.channel), row.route, row.address, row.request_id) if part],
        kind_of(row.record_type).address(row.record_id) if is_known else None,
        history_address(row.record_type, row.record_id) if is_known else None,
    )


def action_name(action: str) -> str:
    """What an action is called."""
    known = ACTIONS.get(action) or _GENERAL.get(action.rpartition(".")[2])
    return str(known) if known else action


def filter_name(action: str) -> str:
    """What an action is called where its record is not told beside it."""
    about = action.rpartition(".")[0]
    return f"{type_name(about)}{gettext(': ')}{action_name(action)}" if about in RECORD_KINDS else action_name(action)


def channel_name(channel: str | None) -> str:
    """The way a change came, in words."""
    if channel and channel.startswith("api: "):
        return gettext("API, token “%(name)s”", name=channel.removeprefix("api: "))
    names = {"browser": _("Browser"), "worker": _("Worker"), "command line": _("Command line")}
    return str(names.get(channel or "", channel or ""))


def field_name(name: str) -> str:
    """What a field is called."""
    return str(FIELDS[name]) if name in FIELDS else name.removesuffix("_id").replace("_", " ").capitalize()


def _change(name: str, given: Any, names: Mapping[int, str]) -> Change:
    # A pair is before and after; what was given first stands alone.
    if _is_pair(name, given):
        before, after = (_said(name, value, names) for value in given)
        return Change(field_name(name), after, before, changed=True)
    return Change(field_name(name), _said(name, given, names))


def _is_pair(name: str, given: Any) -> bool:
    if not isinstance(given, list) or len(given) != 2 or name in LISTS:
        return False
    # A list of values that was changed is a pair of lists; one that was given first is a list of values.
    return name not in VALUES or all(value is None or isinstance(value, list) for value in given)


def _said_line(line: Any) -> str:
    """A line of a document: what and how many; its prices stand on the document."""
    parts = line.values() if isinstance(line, dict) else line if isinstance(line, list) else [line]
    return " × ".join(str(part) for part in list(parts)[:2])


def _said(name: str, value: Any, names: Mapping[int, str]) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if name.endswith("_id") and type(value) is int:
        return names.get(value, f"#{value}")
    if name == "lines" and isinstance(value, list):
        return _cut(gettext(", ").join(map(_said_line, value)))
    if isinstance(value, list | tuple):
        return _cut(gettext(", ").join(_said("", part, names) for part in value))
    if isinstance(value, dict):
        return _cut(gettext(", ").join(f"{field_name(key)} {_said(key, part, names)}" for key, part in value.items()))
    return _cut(_plain(name, str(value)))


def _plain(name: str, text: str) -> str:
    """Days, moments, figures and states as people read them."""
    if name in ("state", "lifecycle", "language") and text in STATES:
        return str(STATES[text])
    try:
        if name.endswith("_on") or name in ("since", "until", "oldest"):
            return day(date.fromisoformat(text), year=True)
        if name.endswith(("_at", "_until")):
            return moment(datetime.fromisoformat(text))
        if name in ("amount", "amount_total", "credit_limit", "price", "cost", "budget"):
            return f"{Decimal(text):,.2f}"
    except (ValueError, InvalidOperation):
        return text
    return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
