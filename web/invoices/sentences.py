"""What invoices and credit notes refuse, and what posting them does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.effects import EffectLine, effect_for
from web.filters import day, money
from web.sentences import sentence_for


@sentence_for("issued_in_the_future")
def _issued_in_the_future(data: Mapping[str, Any]) -> str:
    return _("This day has not come yet. Choose %(today)s or earlier.", today=day(data["today"]))


@sentence_for("nothing_to_credit")
def _nothing_to_credit(data: Mapping[str, Any]) -> str:
    return _("There is nothing left to credit.")


@sentence_for("credit_exceeds_invoice")
def _credit_exceeds_invoice(data: Mapping[str, Any]) -> str:
    if data.get("sku"):
        return _(
            "Not credited: %(sku)s on %(invoice)s still costs %(left)s net, and %(amount)s was asked for. "
            "Enter at most %(left)s.",
            sku=data["sku"],
            invoice=data["invoice"],
            left=money(data["left"]),
            amount=money(data["amount"]),
        )
    return _(
        "Not credited: of %(invoice)s only %(left)s is not credited yet, and %(amount)s was asked for.",
        invoice=data["invoice"],
        left=money(data["left"]),
        amount=money(data["amount"]),
    )


@sentence_for("invoice_credited")
def _invoice_credited(data: Mapping[str, Any]) -> str:
    text = _("%(invoice)s was credited in full; there is nothing to issue a fiscal invoice for.", **data)
    return text


@effect_for("tax_point")
def _tax_point(data: Mapping[str, Any]) -> EffectLine:
    note = _("dated %(day)s", day=day(data["effective_on"]))
    return EffectLine("chart", _("Deferred VAT falls due"), money(data["amount"]), note)


@effect_for("fiscal_invoice")
def _fiscal_invoice(data: Mapping[str, Any]) -> EffectLine:
    text = _("Note fiscal invoice %(number)s on %(invoice)s", number=data["number"], invoice=data["invoice"])
    return EffectLine("ok", text, note=_("issued on %(day)s", day=day(data["issued_on"])))
