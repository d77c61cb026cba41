"""How the timeline's entries read: icon, tone, sentence, link."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from flask_babel import gettext as _

from crm.queries.timeline import Entry
from web.approvals.sentences import approval_kind
from web.filters import day, local, today, weekday
from web.navigation import link
from web.talk.records import record_address

LOOKS: Final = {
    "note": ("pen", "mute"),
    "call": ("phone", "info"),
    "visit": ("user", "info"),
    "mail": ("mail", "info"),
    "meeting": ("people", "info"),
    "task": ("task", "ok"),
    "planned": ("cal", "warn"),
    "order_written": ("order", "mute"),
    "order_confirmed": ("ok", "info"),
    "order_cancelled": ("x", "bad"),
    "quotation": ("pen", "vio"),
    "shipment": ("truck", "vio"),
    "return": ("swap", "warn"),
    "invoice": ("coin", "info"),
    "credit_note": ("minus", "warn"),
    "receipt": ("coin", "ok"),
    "refund": ("out", "warn"),
    "approval_approved": ("ok", "ok"),
    "approval_refused": ("x", "bad"),
    "comment": ("people", "vio"),
}
TARGETS: Final = {
    "order_written": ("orders.show", "order_id"),
    "order_confirmed": ("orders.show", "order_id"),
    "order_cancelled": ("orders.show", "order_id"),
    "shipment": ("orders.show", "order_id"),
    "return": ("orders.show", "order_id"),
    "quotation": ("quotations.show", "quotation_id"),
    "invoice": ("invoices.show", "invoice_id"),
    "credit_note": ("invoices.credit_note", "credit_note_id"),
    "receipt": ("payments.show", "payment_id"),
    "refund": ("payments.show", "payment_id"),
    "approval_approved": ("approvals.show", "request_id"),
    "approval_refused": ("approvals.show", "request_id"),
}


@dataclass(frozen=True)
class Shown:
    """One entry as the page shows it. `before` and `after` stand around the linked number."""

    entry: Entry
    icon: str
    tone: str
    lead: str
    url: str | None
    note: str = ""
    quote: str = ""


@dataclass(frozen=True)
class Day:
    """The entries of one day under its heading."""

    heading: str
    entries: list[Shown] = field(default_factory=list)


def days_of(entries: Iterable[Entry]) -> list[Day]:
    """Entries grouped by day in the company's time zone, newest first."""
    return [
        Day(_heading(on), [_shown(entry) for entry in found])
        for on, found in groupby(entries, key=lambda entry: local(entry.at).date())
    ]


def _heading(on: date) -> str:
    if on == today():
        return _("Today")
    if on == today() - timedelta(days=1):
        return _("Yesterday")
    return _("%(day)s, %(weekday)s", day=day(on), weekday=weekday(on))


def _shown(entry: Entry) -> Shown:
    icon, tone = LOOKS.get(entry.kind, ("go", "mute"))
    endpoint, argument = TARGETS.get(entry.kind, ("", ""))
    url = link(endpoint, **{argument: entry.record_id}) if endpoint else None
    if entry.kind == "comment":
        url = _comment_address(entry)
    note, quote = _notes(entry)
    return Shown(entry, icon, tone, _lead(entry), url, note, quote)


def _comment_address(entry: Entry) -> str:
    """Where the comment stands: on its record's page, or for the customer's own on the page of all that was said."""
    where = record_address(entry.detail or "", entry.record_id) if entry.detail != "customer" else None
    return f"{where or f'/talk/{entry.detail}/{entry.record_id}'}#comment-{entry.id}"


def _lead(entry: Entry) -> str:
    who = entry.who or _("Somebody")
    leads: dict[str, Callable[[], Any]] = {
        "note": lambda: _("%(who)s noted", who=who),
        "call": lambda: _("%(who)s called", who=who),
        "visit": lambda: _("%(who)s visited", who=who),
        "mail": lambda: _("%(who)s wrote a mail", who=who),
        "meeting": lambda: _("%(who)s met them", who=who),
        "task": lambda: _("%(who)s did", who=who),
        "planned": lambda: _("%(who)s planned", who=who),
        "order_written": lambda: _("%(who)s wrote order", who=who),
        "order_confirmed": lambda: _("%(who)s confirmed order", who=who),
        "order_cancelled": lambda: _("Cancelled: order"),
        "quotation": lambda: _("%(who)s quoted", who=who),
        "shipment": lambda: _("Shipped"),
        "return": lambda: _("Came back"),
        "invoice": lambda: _("Invoiced"),
        "credit_note": lambda: _("Credited"),
        "receipt": lambda: _("Received"),
        "refund": lambda: _("Refunded"),
        "comment": lambda: (
            _("%(who)s commented", who=who) if entry.number is None else _("%(who)s commented on", who=who)
        ),
        "approval_approved": lambda: _(
            "%(who)s approved %(what)s for", who=who, what=approval_kind(entry.detail or "")
        ),
        "approval_refused": lambda: _("%(who)s refused %(what)s for", who=who, what=approval_kind(entry.detail or "")),
    }
    return str(leads[entry.kind]()) if entry.kind in leads else entry.kind


def _notes(entry: Entry) -> tuple[str, str]:
    """The small text behind, and what is quoted below."""
    if entry.group == "contacts":
        return entry.detail or "", entry.text or ""
    if entry.kind == "invoice":
        due = _("due %(day)s", day=day(date.fromisoformat(entry.detail))) if entry.detail else _("due after delivery")
        return due, ""
    if entry.kind == "quotation":
        return "", ""
    if entry.kind == "comment":
        return "", entry.text or ""
    if entry.kind.startswith("approval_"):
        return "", entry.text or ""
    return " ".join(dict.fromkeys(part for part in (entry.text, entry.detail) if part)), ""
