"""What giving money back, or matching it, needs while it is not possible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _

from web.permissions import may
from web.refused import Refused


def refused_of(payment: Any) -> Iterator[Refused]:
    """Of the actions that the reader may do, those that the payment is not ready for."""
    if payment.kind == "refund" or payment.amount_unapplied > 0 or not may("payments.write"):
        return
    yield Refused(_("Refund…"), _("All of it is put on invoices. Take it off one below, or credit the invoice first."))
