"""What ordering from a quotation, or writing it anew, needs while it is not possible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _

from web.filters import day, today
from web.permissions import may
from web.refused import Refused


def has_expired(quotation: Any) -> bool:
    """Whether it waited too long: open, and past its last day."""
    return bool(quotation.is_open() and quotation.valid_until and quotation.valid_until < today())


def refused_of(quotation: Any) -> Iterator[Refused]:
    """Of the actions that the reader may do, those that the quotation is not ready for."""
    order = _("Order…")
    if has_expired(quotation):
        text = _(
            "It was valid until %(day)s. Edit it and give it a new last day before ordering.",
            day=day(quotation.valid_until),
        )
        yield Refused(order, text)
    elif quotation.state == "ordered" and may("quotations.write"):
        yield Refused(_("Edit"), _("It is ordered: %(number)s holds what was agreed.", number=quotation.order_number))
    elif quotation.state == "declined" and may("orders.write"):
        yield Refused(order, _("It was declined. Write a new quotation."))
