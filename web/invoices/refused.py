"""What is not done on an invoice itself, or not any more, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _

from web.permissions import may
from web.refused import Refused


def refused_of(invoice: Any) -> Iterator[Refused]:
    """Of the actions that the reader may do, those that the invoice is not ready for."""
    if invoice.amount_open <= 0 and may("payments.write"):
        yield Refused(_("Record payment"), _("Nothing is open any more."))
    if not (may("orders.bill") or may("orders.return")):
        return
    if invoice.amount_credited >= invoice.amount_total:
        yield Refused(_("Credit note"), _("All of it is credited."))
    elif invoice.origin:
        text = _(
            "It comes from the order: return goods there, or credit the price. What is paid becomes the customer's "
            "credit."
        )
        yield Refused(_("Credit note"), text)
