"""Audit rows in words: what was done, what fields are called, what their values mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from core.context import SYSTEM
from core.custom_fields.definitions import Field
from core.custom_fields.models import FieldKind
from core.queries.history import AuditRecord, shown_values
from web.custom_fields.shown import told_field, told_value
from web.filters import day, moment
from web.history.fields import CHOICES, FIELDS, LISTS, STATES, UNTOLD, VALUES
from web.history.records import KINDS as RECORD_KINDS
from web.history.records import history_address, kind_of, type_name
from web.i18n import language

LONGEST_VALUE = 300

# What the session writes of any record.
_GENERAL = {"created": _("Created"), "changed": _("Changed"), "deleted": _("Deleted")}
ACTIONS: dict[str, Any] = {
    "approval.approved": _("Approval given"),
    "approval.asked": _("Asked for an approval"),
    "approval.carried_out": _("Approved action carried out"),
    "approval.delegated": _("Deputy named"),
    "approval.delegation_ended": _("Deputy ended"),
    "approval.missing": _("Refused for want of an approval"),
    "approval.refused": _("Approval refused"),
    "approval.refused_try": _("Tried to decide, and was refused"),
    "approval.used": _("Approval used"),
    "approval.waived": _("Went on as the only one who could approve"),
    "approval.withdrawn": _("Approval request taken back"),
    "approval_rule.steps_changed": _("Steps changed"),
    "audit.anchors_begun": _("Anchors of the audit chain begun anew"),
    "audit.retention_reported": _("Retention reported"),
    "bulk_job.started": _("Change of many rows begun"),
    "bulk_job.undone": _("Change of many rows taken back"),
    "comment.changed": _("Changed a comment"),
    "comment.removed": _("Took a comment back"),
    "comment.written": _("Commented"),
    "credit_note.matched": _("Matched"),
    "credit_note.posted": _("Posted"),
    "credit_note.unmatched": _("Match undone"),
    "customer.share_ended": _("No longer shared"),
    "customer.shared": _("Shared"),
    "demo.loaded": _("Demo company loaded"),
    "departure.done": _("Done"),
    "departure.resumed": _("Tried again"),
    "departure.started": _("Started"),
    "field.unmasked": _("Uncovered a field"),
    "file.added": _("Added a file"),
    "file.removed": _("Removed a file"),
    "custom_field.choices_changed": _("Choices changed"),
    "fiscal_period.closed": _("Closed"),
    "fiscal_period.reopened": _("Reopened"),
    "fiscal_year.opened": _("Fiscal year opened"),
    "import_batch.checked": _("Checked"),
    "import_batch.decided": _("Rows decided"),
    "import_batch.discarded": _("Discarded"),
    "import_batch.done": _("Done"),
    "import_batch.heads_chosen": _("Heads chosen"),
    "import_batch.mapped": _("Columns confirmed"),
    "import_batch.paused": _("Paused"),
    "import_batch.resumed": _("Gone on with"),
    "import_batch.started": _("Started"),
    "import_batch.undo_started": _("Undoing started"),
    "import_batch.undone": _("Undone"),
    "import_batch.uploaded": _("Files handed in"),
    "invoice.fiscal_recorded": _("Fiscal invoice recorded"),
    "invoice.posted": _("Posted"),
    "journal_entry.manual": _("Posted by hand"),
    "journal_entry.reversal": _("Posted as a reversal"),
    "ledger_task.done": _("Done"),
    "ledger_task.reopened": _("Reopened"),
    "list.exported": _("Exported"),
    "mail.sent_again": _("Mail sent again"),
    "mail.tested": _("Test mail sent"),
    "opportunity.moved": _("Moved to another stage"),
    "payment.matched": _("Matched"),
    "payment.recorded": _("Recorded"),
    "payment.refused_try": _("Tried to match invoices not open to the person"),
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
    "stock_alert.restored": _("Opened again"),
    "user.factor_added": _("Second factor added"),
    "user.factor_removed": _("Second factor removed"),
    "user.factors_reset": _("Second factors reset"),
    "user.invited": _("Invited by mail"),
    "user.oidc_linked": _("Linked to a sign-in provider"),
    "user.oidc_unlinked": _("Link to a sign-in provider removed"),
    "user.password_changed": _("Changed the password"),
    "user.password_set_by_link": _("Set a password by a link"),
    "user.recovery_code_used": _("Used a recovery code"),
    "user.recovery_codes_made": _("Made recovery codes"),
    "user.reset_link_made": _("Password link made at the command line"),
    "user.reset_refused": _("Password link refused, too many asked for"),
    "user.reset_requested": _("Asked for a password link"),
    "user.roles_changed": _("Roles changed"),
    "user.sessions_ended": _("Signed out everywhere"),
    "user.sign_in_failed": _("Failed to sign in"),
    "user.signed_in": _("Signed in"),
    "user.signed_out": _("Signed out"),
    "user.token_ended": _("API token ended"),
    "user.viewing_ended": _("Looking as this user ended"),
    "user.viewing_started": _("Looking as this user began"),
    "write_off.posted": _("Posted"),
    "write_off.reversed": _("Reversed"),
}


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
    person: str
    record_url: str | None
    history_url: str | None


def entries(rows: list[AuditRecord], names: Mapping[int, str]) -> list[Entry]:
    """The rows in words, as the reader may see their values."""
    return [_entry(row, names) for row in rows]


def _entry(row: AuditRecord, names: Mapping[int, str]) -> Entry:
    changes = shown_values(row.record_type, row.changes)
    told = [_told(row.record_type, name, given, names) for name, given in changes.items() if name not in UNTOLD]
    is_known = row.record_type in RECORD_KINDS and row.record_id > 0
    return Entry(
        row,
        action_name(row.action),
        type_name(row.record_type),
        [change for change in told if change.after or change.changed],
        [part for part in (channel_name(row.channel), row.route, row.address, row.request_id) if part],
        person_name(row.actor_id, row.actor_name),
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
    names = {"browser": _("Browser"), "worker": _("Worker"), "command line": _("Command line"), "import": _("Import")}
    return str(names.get(channel or "", channel or ""))


def person_name(actor_id: int | None, name: str) -> str:
    """Who did it; what nobody did himself, the system did."""
    return gettext("System") if actor_id is None and name == SYSTEM.name else name


def field_name(name: str) -> str:
    """What a field is called."""
    return str(FIELDS[name]) if name in FIELDS else name.removesuffix("_id").replace("_", " ").capitalize()


def _told(record_type: str, name: str, given: Any, names: Mapping[int, str]) -> Change:
    """One field: a column of the record, or a field that the company has added to it."""
    field = told_field(record_type, name)
    if field is None:
        return _change(name, given, names)
    label = field.name(language())
    if _is_pair_of(field, given):
        before, after = (_cut(told_value(field, value, names)) for value in given)
        return Change(label, after, before, changed=True)
    return Change(label, _cut(told_value(field, given, names)))


def _is_pair_of(field: Field, given: Any) -> bool:
    """Whether it is before and after. Several choices are lists, so that theirs is a pair of lists."""
    if not isinstance(given, list):
        return False
    return field.kind != FieldKind.CHOICES or all(value is None or isinstance(value, list) for value in given)


def _change(name: str, given: Any, names: Mapping[int, str]) -> Change:
    # A pair is before and after; what was given first stands alone.
    if _is_pair(name, given):
        before, after = (_said(name, value, names) for value in given)
        return Change(field_name(name), after, before, changed=True)
    return Change(field_name(name), _said(name, given, names))


def _is_pair(name: str, given: Any) -> bool:
    if not isinstance(given, list) or len(given) != 2:
        return False
    if name in LISTS:  # lists of lines, of which each is a list or names its parts
        return all(isinstance(value, list) and all(isinstance(line, list | dict) for line in value) for value in given)
    # A list of values that was changed is a pair of lists; one that was given first is a list of values.
    return name not in VALUES or all(value is None or isinstance(value, list) for value in given)


def _said_line(line: Any) -> str:
    """A line of a document: what and how many, and where it was priced, at which price less which discount."""
    parts = list(line.values()) if isinstance(line, dict) else line if isinstance(line, list) else [line]
    said = " × ".join(_figure(part) for part in parts[:2])
    if isinstance(line, list) and len(line) > 3:
        said += f" × {_figure(line[2])}" + (f" − {_figure(line[3])} %" if _figure(line[3]) != "0" else "")
    return said


def _figure(value: Any) -> str:
    """A figure without zeros behind the point; anything else as it is."""
    text = str(value)
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text


def _said(name: str, value: Any, names: Mapping[int, str]) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if name.endswith(("_id", "_ids")) and type(value) is int:
        return names.get(value, f"#{value}")
    if name == "lines" and isinstance(value, list):
        return _cut(gettext(", ").join(map(_said_line, value)))
    if isinstance(value, list | tuple):
        return _cut(gettext(", ").join(_said(name, part, names) for part in value))
    if isinstance(value, dict):
        return _cut(gettext(", ").join(f"{field_name(key)} {_said(key, part, names)}" for key, part in value.items()))
    return _cut(_plain(name, str(value)))


def _plain(name: str, text: str) -> str:
    """Days, moments, figures and states as people read them."""
    if name in ("state", "lifecycle", "language") and text in STATES:
        return str(STATES[text])
    if text in CHOICES.get(name, ()):
        return str(CHOICES[name][text])
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
