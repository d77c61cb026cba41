"""What closing a month and opening a year do, line by line; and the task a payment leaves for finance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.effects import EffectLine, effect_for
from web.filters import day, money
from web.ledger.sentences import month_name


@effect_for("fiscal_year")
def _fiscal_year(data: Mapping[str, Any]) -> EffectLine:
    span = _("%(first)s to %(last)s", first=day(data["starts_on"], year=True), last=day(data["ends_on"], year=True))
    return EffectLine("cal", _("Open the twelve months of fiscal year %(year)s", year=data["fiscal_year"]), note=span)


@effect_for("close_month")
def _close_month(data: Mapping[str, Any]) -> EffectLine:
    note = _("nothing can be dated %(first)s to %(last)s any more", first=day(data["starts_on"], year=True),
             last=day(data["ends_on"], year=True))  # fmt: skip
    return EffectLine("lock", _("Close %(month)s", month=month_name(data["starts_on"])), note=note)


@effect_for("month_entries")
def _month_entries(data: Mapping[str, Any]) -> EffectLine:
    if not data["entries"]:
        return EffectLine("group", _("No entry stands in this month"))
    text = ngettext("Keep %(num)s entry as it is", "Keep %(num)s entries as they are", data["entries"])
    return EffectLine("group", text, money(data["amount"]))


@effect_for("month_not_over")
def _month_not_over(data: Mapping[str, Any]) -> EffectLine:
    text = _("The month is not over: it ends on %(day)s", day=day(data["ends_on"]))
    return EffectLine("warn", text, note=_("What happens until then could not be posted."), tone="warn")


@effect_for("month_unmatched")
def _month_unmatched(data: Mapping[str, Any]) -> EffectLine:
    text = ngettext("%(num)s payment is not matched in full", "%(num)s payments are not matched in full",
                    data["payments"])  # fmt: skip
    note = _("They can be matched later; that match is dated in an open month.")
    return EffectLine("swap", text, money(data["amount"]), note, "warn")


@effect_for("month_unbilled")
def _month_unbilled(data: Mapping[str, Any]) -> EffectLine:
    text = _("Shipped and not invoiced at the end of the month")
    note = _("Invoice it before closing if the invoice is to carry a date of this month.")
    return EffectLine("truck", text, money(data["amount"]), note, "warn")


@effect_for("month_drafts")
def _month_drafts(data: Mapping[str, Any]) -> EffectLine:
    text = ngettext("%(num)s order written in this month is still a draft",
                    "%(num)s orders written in this month are still drafts", data["drafts"])  # fmt: skip
    note = _("A draft is posted on the day it is confirmed. The first is %(number)s.", number=data["first"])
    return EffectLine("order", text, money(data["amount"]), note, "warn")


@effect_for("open_tasks")
def _open_tasks(data: Mapping[str, Any]) -> EffectLine:
    text = ngettext("%(num)s task waits for finance", "%(num)s tasks wait for finance", data["tasks"])
    return EffectLine("task", text, tone="warn")


@effect_for("finance_task")
def _finance_task(data: Mapping[str, Any]) -> EffectLine:
    text = _("Note a task for finance: %(origin)s was cancelled", origin=data["origin"])
    return EffectLine("task", text, money(data["amount"]), _("Somebody must ask what this money is for."), "warn")
