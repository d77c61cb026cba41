"""What money does when it is posted, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.effects import EffectLine, effect_for
from web.filters import money


@effect_for("payment")
def _payment(data: Mapping[str, Any]) -> EffectLine:
    text = _("Receive from %(customer)s on %(bank)s", customer=data["customer"], bank=data["bank"])
    return EffectLine("bank", text, money(data["amount"]), tone="ok")


@effect_for("match")
def _match(data: Mapping[str, Any]) -> EffectLine:
    left = data["open"]
    note = _("%(amount)s stays open", amount=money(left)) if left else _("settled in full")
    return EffectLine("ok", _("Put on %(invoice)s", invoice=data["invoice"]), money(data["amount"]), note)


@effect_for("unmatch")
def _unmatch(data: Mapping[str, Any]) -> EffectLine:
    note = _("the money becomes unapplied credit of the customer")
    return EffectLine("swap", _("Take off %(invoice)s", invoice=data["invoice"]), money(data["amount"]), note, "warn")


@effect_for("refund")
def _refund(data: Mapping[str, Any]) -> EffectLine:
    text = _("Pay %(customer)s from %(bank)s", customer=data["customer"], bank=data["bank"])
    return EffectLine("out", text, money(-data["amount"]), tone="warn")
