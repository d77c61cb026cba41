"""The lines of previews that orders, quotations and opportunities bring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from core.masks import is_masked
from web.effects import EffectLine, effect_for, general_effect_for
from web.filters import company_currency, currency_symbol, day, money, percent, quantity


def amount(value: Decimal, currency: str | None = None) -> str:
    """An amount with its sign, as the right-hand number of a line."""
    return ("−" if value < 0 else "") + currency_symbol(currency or company_currency()) + money(abs(value))


@effect_for("reserve")
def _reserve(data: Mapping[str, Any]) -> EffectLine:
    name = _("%(position)s. %(product)s", position=data["position"], product=data["product"])
    if not data["reserved"]:
        text = _("%(name)s waits for stock", name=name)
        return EffectLine("clock", text, quantity(data["back_ordered"]), tone="warn")
    note = ""
    if data["back_ordered"]:
        note = _("%(count)s more wait for stock", count=quantity(data["back_ordered"]))
    return EffectLine("box", _("Reserve %(name)s", name=name), quantity(data["reserved"]), note)


@general_effect_for("receivable")
def _receivable(data: Mapping[str, Any]) -> EffectLine:
    note = _("Due after delivery, %(days)s days", days=data["terms_days"])
    if data["due_on"]:
        note = _("Due %(day)s (%(days)s days)", day=day(_date(data["due_on"]), year=True), days=data["terms_days"])
    text = _("Post a receivable for %(name)s", name=data["customer"])
    return EffectLine("coin", text, amount(data["amount"], data["currency"]), note)


@effect_for("credit")
def _credit(data: Mapping[str, Any]) -> EffectLine:
    if data["limit"] is None:
        return EffectLine("bank", _("Use credit: %(used)s, no limit is set", used=money(data["used"])))
    text = _("Use credit: %(used)s of %(limit)s", used=money(data["used"]), limit=money(data["limit"]))
    share = percent(round(data["used"] / data["limit"], 2)) if data["limit"] else ""
    return EffectLine("bank", text, share)


@general_effect_for("ship")
def _ship(data: Mapping[str, Any]) -> EffectLine:
    text = _("Take %(position)s. %(product)s out of stock", position=data["position"], product=data["product"])
    return EffectLine("truck", text, quantity(data["quantity"]))


@general_effect_for("take_back")
def _take_back(data: Mapping[str, Any]) -> EffectLine:
    text = _("Put %(position)s. %(product)s back into stock", position=data["position"], product=data["product"])
    return EffectLine("swap", text, quantity(data["quantity"]))


@general_effect_for("release")
def _release(data: Mapping[str, Any]) -> EffectLine:
    text = _("Release %(position)s. %(product)s", position=data["position"], product=data["product"])
    return EffectLine("box", text, quantity(data["quantity"]))


@general_effect_for("revenue")
def _revenue(data: Mapping[str, Any]) -> EffectLine:
    note = "" if is_masked(data["cost"]) else _("Cost of goods %(cost)s", cost=money(data["cost"]))
    return EffectLine("chart", _("Recognise revenue"), amount(data["amount"], data["currency"]), note)


@general_effect_for("credit_note")
def _credit_note(data: Mapping[str, Any]) -> EffectLine:
    note = ""
    if data["unapplied"]:
        note = _(
            "%(applied)s off what is owed, %(unapplied)s stay as the customer's credit",
            applied=money(data["applied"]),
            unapplied=money(data["unapplied"]),
        )
    text = _("Issue a credit note on %(invoice)s", invoice=data["invoice"])
    return EffectLine("minus", text, amount(-data["amount"]), note, "bad")


@general_effect_for("unmatch")
def _unmatch(data: Mapping[str, Any]) -> EffectLine:
    text = _("Take a payment off %(invoice)s; it stays as the customer's credit", invoice=data["invoice"])
    return EffectLine("swap", text, amount(data["amount"]), tone="warn")


@effect_for("order")
def _order(data: Mapping[str, Any]) -> EffectLine:
    text = _("Write a draft order as quoted in %(quotation)s", quotation=data["quotation"])
    return EffectLine(
        "order", text, amount(data["amount"]), _("Prices stay as quoted; stock is checked on confirming.")
    )


@effect_for("opportunity")
def _opportunity(data: Mapping[str, Any]) -> EffectLine:
    if data["stage"] == "won":
        return EffectLine("deal", _("Win the opportunity “%(name)s”", name=data["name"]), tone="ok")
    return EffectLine("deal", _("Move the opportunity “%(name)s”", name=data["name"]))


@effect_for("exit_criteria")
def _exit_criteria(data: Mapping[str, Any]) -> EffectLine:
    from web.opportunities.sentences import missing_text

    text = _("%(number)s skips what its stages ask for", number=data["number"])
    return EffectLine("warn", text, note=missing_text(data["missing"]), tone="warn")


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
