"""What the books refuse, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from web.effects import EffectLine, effect_for
from web.filters import day, money
from web.i18n import language
from web.sentences import sentence_for


@sentence_for("period_closed")
def _period_closed(data: Mapping[str, Any]) -> str:
    on = data["date"]
    if data.get("first_open_on"):
        return _(
            "Not posted: %(month)s is closed. Choose a date from %(first)s, or ask whoever closed it to reopen it.",
            month=month_name(on),
            first=day(_date(data["first_open_on"])),
        )
    return _("Not posted: %(month)s is closed, and no later month is open. Reopen one first.", month=month_name(on))


@sentence_for("period_missing")
def _period_missing(data: Mapping[str, Any]) -> str:
    return _(
        "Not posted: the books have no month for %(date)s. Open its fiscal year under Journal, Periods; "
        "finance may do that.",
        date=day(_date(data["date"]), year=True),
    )


@sentence_for("period_state")
def _period_state(data: Mapping[str, Any]) -> str:
    if str(data["state"]) == "closed":
        return _("This month is closed already.")
    return _("This month is open already.")


@sentence_for("earlier_period_open")
def _earlier_period_open(data: Mapping[str, Any]) -> str:
    return _(
        "Not closed: a month before %(month)s is still open and has entries. Close the earliest one first.",
        month=month_name(data["starts_on"]),
    )


@sentence_for("later_period_closed")
def _later_period_closed(data: Mapping[str, Any]) -> str:
    return _(
        "Not reopened: a month after %(month)s is closed. Reopen the latest one first.",
        month=month_name(data["starts_on"]),
    )


@sentence_for("fiscal_year_exists")
def _fiscal_year_exists(data: Mapping[str, Any]) -> str:
    return _("Fiscal year %(year)s is open already. Its months stand below.", year=data["fiscal_year"])


@sentence_for("fiscal_year_apart")
def _fiscal_year_apart(data: Mapping[str, Any]) -> str:
    return _(
        "Not opened: years of the books follow one another. Open %(next)s, or %(previous)s before the first one.",
        next=data["next"],
        previous=data["previous"],
    )


@sentence_for("fiscal_year_too_far")
def _fiscal_year_too_far(data: Mapping[str, Any]) -> str:
    return _(
        "Not opened: fiscal year %(year)s begins on %(day)s, more than two years from now. Open it later.",
        year=data["fiscal_year"],
        day=day(_date(data["starts_on"]), year=True),
    )


@sentence_for("task_done")
def _task_done(data: Mapping[str, Any]) -> str:
    return _("This task is done already. It stands under Done.")


@sentence_for("task_open")
def _task_open(data: Mapping[str, Any]) -> str:
    return _("This task is open already.")


@sentence_for("account_missing")
def _account_missing(data: Mapping[str, Any]) -> str:
    return _("The chart has no account for “%(role)s”. Add it before posting this.", role=data["role"])


@sentence_for("entry_not_balanced")
def _entry_not_balanced(data: Mapping[str, Any]) -> str:
    return _(
        "Not posted: debit %(debit)s and credit %(credit)s differ by %(difference)s.",
        debit=money(data["debit"]),
        credit=money(data["credit"]),
        difference=money(data["difference"]),
    )


@sentence_for("entry_of_document")
def _entry_of_document(data: Mapping[str, Any]) -> str:
    return _(
        "%(number)s was posted by a document and is not reversed by hand. Correct the document: "
        "un-match, credit, return or adjust.",
        number=data["number"],
    )


@sentence_for("entry_reversed")
def _entry_reversed(data: Mapping[str, Any]) -> str:
    return _("This entry is reversed already. Open it to see by which one.")


@sentence_for("reversal_too_early")
def _reversal_too_early(data: Mapping[str, Any]) -> str:
    return _("A reversal is dated on or after its entry, %(date)s.", date=day(_date(data["effective_on"])))


@sentence_for("two_lines_needed")
def _two_lines_needed(data: Mapping[str, Any]) -> str:
    return _("An entry has at least two lines.")


@sentence_for("account_unknown")
def _account_unknown(data: Mapping[str, Any]) -> str:
    return _("Choose an account of the list.")


@sentence_for("account_kept_by_documents")
def _account_kept_by_documents(data: Mapping[str, Any]) -> str:
    return _(
        "Account %(code)s follows invoices, payments and stock. Post it by a document, not by hand.",
        code=data["account"],
    )


@sentence_for("one_side_only")
def _one_side_only(data: Mapping[str, Any]) -> str:
    return _("Enter either a debit or a credit.")


@effect_for("ledger_line")
def _ledger_line(data: Mapping[str, Any]) -> EffectLine:
    if data["debit"]:
        return EffectLine("group", _("Debit %(account)s", account=data["account"]), money(data["debit"]))
    return EffectLine("group", _("Credit %(account)s", account=data["account"]), money(data["credit"]))


def month_name(value: Any) -> str:
    """A month as people say it, `March 2026` or `2026年3月`."""
    on = _date(value)
    return f"{on.year}年{on.month}月" if language() == "zh" else format_date(on, "MMMM y", rebase=False)


def _date(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


@sentence_for("account_fixed")
def _account_fixed(data: Mapping[str, Any]) -> str:
    return _(
        "%(account)s keeps its code and kind, because entries or posting rules stand on it.", account=data["account"]
    )


@sentence_for("account_in_use")
def _account_in_use(data: Mapping[str, Any]) -> str:
    account = data["account"]
    if data["reason"] == "role":
        return _("%(account)s stays open: the product's own postings go there.", account=account)
    if data["reason"] == "bank":
        return _(
            "%(account)s stays open: bank account %(bank)s uses it. Archive that first.",
            account=account,
            bank=data["bank"],
        )
    return _(
        "%(account)s stays open: its balance is %(balance)s. Move it to another account first.",
        account=account,
        balance=money(data["balance"]),
    )
