"""Notices in words: icon, tone, sentence and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from core.queries.notices import Told
from web.approvals.sentences import approval_kind
from web.filters import money, quantity
from web.navigation import link
from web.talk.records import record_address, type_name

# Of each kind what it is called in the settings, its icon and its tone.
LOOKS: Final[dict[str, tuple[Any, str, str]]] = {
    "mentioned": (lazy_gettext("Somebody calls upon me"), "user", "vio"),
    "commented": (lazy_gettext("A comment on what I follow"), "pen", "mute"),
    "file_added": (lazy_gettext("A file beside what I follow"), "plus", "mute"),
    "assigned": (lazy_gettext("Somebody gives me a customer, an opportunity or a task"), "flag", "info"),
    "approval_asked": (lazy_gettext("An approval waits for me"), "seen", "warn"),
    "approval_decided": (lazy_gettext("What I asked for was decided"), "seen", "ok"),
    "payment_recorded": (lazy_gettext("A customer of mine has paid"), "coin", "ok"),
    "order_shipped": (lazy_gettext("An order of mine was shipped"), "truck", "vio"),
    "stock_alert": (lazy_gettext("Stock falls to the reorder point"), "warn", "warn"),
    "activity_due": (lazy_gettext("A task of mine is due today"), "task", "info"),
    "activity_overdue": (lazy_gettext("A task of mine is late"), "clock", "bad"),
    "job_finished": (lazy_gettext("Something that ran in the background is done"), "ok", "ok"),
    "customers_taken_over": (lazy_gettext("I take over somebody's customers"), "people", "info"),
    "departure_done": (lazy_gettext("A departure I began is done"), "out", "mute"),
    "password_changed": (lazy_gettext("Password changed"), "lock", "warn"),
    "factor_added": (lazy_gettext("Second factor added"), "lock", "warn"),
    "factor_removed": (lazy_gettext("Second factor removed"), "lock", "warn"),
    "factors_reset": (lazy_gettext("Second factors reset"), "lock", "warn"),
    "recovery_code_used": (lazy_gettext("Recovery code used"), "lock", "warn"),
    "recovery_codes_made": (lazy_gettext("Recovery codes made"), "lock", "warn"),
}


@dataclass(frozen=True)
class Shown:
    """A notice as a page, a panel or a mail shows it."""

    told: Told
    icon: str
    tone: str
    text: str
    url: str | None

    @property
    def is_unread(self) -> bool:
        return self.told.row.read_at is None


def shown(told: Told) -> Shown:
    """A notice in words, with the address of what it is about as far as the reader may open it."""
    row = told.row
    _name, icon, tone = LOOKS.get(row.kind, (row.kind, "bell", "mute"))
    if told.is_hidden:
        return Shown(told, "lock", "mute", _("About a record that you see no more"), None)
    return Shown(told, icon, tone, sentence_of(told), _address(told))


def _address(told: Told) -> str | None:
    row = told.row
    if told.label is not None and row.record_type and row.record_id:
        where = record_address(row.record_type, row.record_id, told.label.customer_id)
        if where and "comment_id" in row.data:
            return f"{where}#comment-{row.data['comment_id']}"
        return where
    if row.kind == "job_finished":
        target = row.data.get("url")
        return target if isinstance(target, str) and target.startswith("/") and not target.startswith("//") else None
    places = {"customers_taken_over": ("customers.index", {"view": "mine"}), "departure_done": ("users.index", {})}
    endpoint, values = places.get(row.kind, ("account.index", {}))
    return link(endpoint, **values)


def sentence_of(told: Told) -> str:
    """What happened, in one sentence."""
    data = told.row.data
    label = told.label.text if told.label else ""
    values = {"who": told.row.by or data.get("name") or _("Somebody"), "what": label, **_kind(told)}
    sentences: Mapping[str, Callable[[], Any]] = {
        "mentioned": lambda: _("%(who)s calls upon you: %(kind)s %(what)s", **values),
        "commented": lambda: _("%(who)s commented on %(kind)s %(what)s", **values),
        "file_added": lambda: _("%(who)s put files beside %(kind)s %(what)s", **values),
        "assigned": lambda: _("%(kind)s %(what)s is yours now", **values),
        "approval_asked": lambda: _(
            "%(who)s asks for your approval: %(approval)s, %(what)s", approval=_approval(data), **values
        ),
        "approval_decided": lambda: _decided(data, label),
        "payment_recorded": lambda: _("Payment %(what)s received: %(amount)s", amount=_money(data), **values),
        "order_shipped": lambda: _("%(what)s was shipped", **values),
        "stock_alert": lambda: _(
            "%(what)s: %(available)s left, reorder point %(point)s",
            available=_quantity(data.get("available")),
            point=_quantity(data.get("point")),
            **values,
        ),
        "activity_due": lambda: _("Due today: %(what)s", **values),
        "activity_overdue": lambda: _("Late: %(what)s", **values),
        "job_finished": lambda: _job(data),
        "customers_taken_over": lambda: ngettext(
            "You take over %(num)s customer of %(name)s", "You take over %(num)s customers of %(name)s",
            int(data["customers"]), name=data["user"],
        ),
        "departure_done": lambda: ngettext(
            "%(name)s has left; %(num)s customer was handed over",
            "%(name)s has left; %(num)s customers were handed over",
            int(data["customers"]), name=data["user"],
        ),
    }  # fmt: skip
    said = sentences.get(told.row.kind)
    return str(said() if said else LOOKS.get(told.row.kind, (told.row.kind,))[0])


def _kind(told: Told) -> dict[str, str]:
    return {"kind": type_name(told.row.record_type) if told.row.record_type else ""}


def _approval(data: Mapping[str, Any]) -> str:
    return approval_kind(str(data.get("approval") or data.get("kind") or ""))


def _decided(data: Mapping[str, Any], label: str) -> str:
    values = {"approval": _approval(data), "what": label}
    if data.get("state") == "approved":
        return _("Approved: %(approval)s, %(what)s", **values)
    if data.get("state") == "refused":
        return _("Refused: %(approval)s, %(what)s", **values)
    return _("Taken back: %(approval)s, %(what)s", **values)


JobSentence = Callable[[Mapping[str, Any]], str]
_JOBS: Final[dict[str, JobSentence]] = {}


def job_sentence(job: str) -> Callable[[JobSentence], JobSentence]:
    """Registers what is said when a background job of this name is done: data of its `job_finished` in, sentence out.

    The notice is written by `notify(plan, "job_finished", [user_id], job=NAME, url=PATH, …)`; without a sentence of its
    own it is called by its `title`, which no language has a claim on (the name of a file, say).
    """

    def register(function: JobSentence) -> JobSentence:
        _JOBS[job] = function
        return function

    return register


def _job(data: Mapping[str, Any]) -> str:
    if data.get("job") in _JOBS:
        return _JOBS[data["job"]](data)
    title = str(data.get("title") or _("A job"))
    return _("%(title)s failed", title=title) if data.get("failed") else _("%(title)s is done", title=title)


def _money(data: Mapping[str, Any]) -> str:
    try:
        return money(Decimal(str(data["amount"])))
    except (KeyError, InvalidOperation):
        return ""


def _quantity(value: Any) -> str:
    try:
        return quantity(Decimal(str(value)))
    except InvalidOperation:
        return ""
