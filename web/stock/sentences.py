"""What stock refuses, and what moving it does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.effects import EffectLine, effect_for
from web.filters import money, quantity
from web.sentences import sentence_for


@sentence_for("product_unknown")
def _product_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no such product. Type its code or name.")


@sentence_for("alert_closed")
def _alert_closed(data: Mapping[str, Any]) -> str:
    return _("Not taken back: there is no such alert any more; stock has recovered.")


@sentence_for("duplicate_code")
def _duplicate_code(data: Mapping[str, Any]) -> str:
    return _("This code is taken. Choose a different one.")


@effect_for("stock")
def _stock(data: Mapping[str, Any]) -> EffectLine:
    change = data["quantity"]
    sign = "+" if change > 0 else ""
    text = _("%(product)s: %(change)s on hand", product=data["product"], change=sign + quantity(change))
    return EffectLine("box", text, money(data["value"]), tone="ok" if change > 0 else "bad")


@sentence_for("short_line")
def _short_line(data: Mapping[str, Any]) -> str:
    return _(
        "Short by %(short)s: only %(available)s is free.",
        short=quantity(data["short"]),
        available=quantity(data["available"]),
    )
