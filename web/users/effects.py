"""What a departure does, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.effects import EffectLine, effect_for


@effect_for("access_ends")
def _access_ends(data: Mapping[str, Any]) -> EffectLine:
    note = _("%(sessions)s sessions and %(tokens)s tokens end", sessions=data["sessions"], tokens=data["tokens"])
    return EffectLine("lock", _("%(name)s is out at the next click", name=data["name"]), note=note, tone="bad")


@effect_for("customers_taken_over")
def _customers_taken_over(data: Mapping[str, Any]) -> EffectLine:
    text = ngettext(
        "%(num)s customer goes to %(name)s", "%(num)s customers go to %(name)s", data["count"], name=data["to"]
    )
    return EffectLine("people", text, tone="ok")


@effect_for("work_goes_along")
def _work_goes_along(data: Mapping[str, Any]) -> EffectLine:
    text = _(
        "With them go %(deals)s open opportunities, %(quotations)s quotations, %(orders)s orders (%(drafts)s drafts)",
        deals=data["opportunities"],
        quotations=data["quotations"],
        orders=data["open_orders"] + data["draft_orders"],
        drafts=data["draft_orders"],
    )
    note = _("%(count)s planned activities; credit for past sales stays", count=data["activities"])
    return EffectLine("order", text, note=note)


@effect_for("shares_taken_over")
def _shares_taken_over(data: Mapping[str, Any]) -> EffectLine:
    text = ngettext(
        "%(num)s shared customer is shown to %(name)s instead",
        "%(num)s shared customers are shown to %(name)s instead",
        data["count"],
        name=data["to"],
    )
    return EffectLine("seen", text)


@effect_for("people_report_to")
def _people_report_to(data: Mapping[str, Any]) -> EffectLine:
    text = ngettext(
        "%(num)s person reports to %(name)s", "%(num)s people report to %(name)s", data["count"], name=data["to"]
    )
    return EffectLine("user", text)


@effect_for("place_left")
def _place_left(data: Mapping[str, Any]) -> EffectLine:
    return EffectLine("group", _("The place in %(unit)s becomes free", unit=data["unit"]))


@effect_for("approvals_end")
def _approvals_end(data: Mapping[str, Any]) -> EffectLine:
    parts = []
    if data["own"]:
        parts.append(ngettext("%(num)s own request is taken back", "%(num)s own requests are taken back", data["own"]))
    if data["stuck"]:
        parts.append(
            ngettext(
                "%(num)s request that nobody else can decide goes back to who asked",
                "%(num)s requests that nobody else can decide go back to who asked",
                data["stuck"],
            )
        )
    if data["deputies"]:
        parts.append(ngettext("%(num)s deputy ends", "%(num)s deputies end", data["deputies"]))
    if data["rules"]:
        parts.append(
            ngettext(
                "%(num)s rule names this person; its step falls to the administrators",
                "%(num)s rules name this person; their steps fall to the administrators",
                data["rules"],
            )
        )
    return EffectLine("ok", _("Approvals"), note=_("; ").join(parts))
