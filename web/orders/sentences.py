"""What orders are refused for, in words: what happened, why, and what would make it pass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web.approvals.sentences import who_may
from web.filters import money, quantity
from web.sentences import general_sentence_for, sentence_for

STATES = {
    "draft": _l("Draft"),
    "confirmed": _l("Confirmed"),
    "done": _l("Completed"),
    "cancelled": _l("Cancelled"),
}
SHIPPING = {"none": _l("Not shipped"), "partial": _l("Partly shipped"), "shipped": _l("Shipped")}
INVOICING = {"none": _l("Not invoiced"), "partial": _l("Partly invoiced"), "invoiced": _l("Invoiced")}
PAYMENT = {
    "none": _l("Nothing to pay"),
    "unpaid": _l("Unpaid"),
    "partial": _l("Partly paid"),
    "paid": _l("Paid"),
    "overdue": _l("Overdue"),
}
STATE_TONES = {"draft": "mute", "confirmed": "info", "done": "ok", "cancelled": "bad"}
SHIPPING_TONES = {"none": "mute", "partial": "info", "shipped": "ok"}
PAYMENT_TONES = {"none": "mute", "unpaid": "info", "partial": "info", "paid": "ok", "overdue": "bad"}


@sentence_for("customer_unknown")
def _customer_unknown(data: Mapping[str, Any]) -> str:
    return _("No customer fits. Type the name, its pinyin, the phone number or the code.")


@sentence_for("several_customers")
def _several_customers(data: Mapping[str, Any]) -> str:
    names = _(", ").join(f"{match.code} {match.name}" for match in data["found"])
    return _("Several customers fit: %(names)s. Type the code of one.", names=names)


@general_sentence_for("insufficient_stock")
def _insufficient_stock(data: Mapping[str, Any]) -> str:
    parts = [
        _(
            "line %(position)s %(name)s short by %(short)s (%(available)s of %(requested)s available)",
            position=line["position"],
            name=line["name"],
            short=quantity(Decimal(line["short"])),
            available=quantity(Decimal(line["available"])),
            requested=quantity(Decimal(line["requested"])),
        )
        for line in data["shortages"]
    ]
    return _(
        "Not done: stock does not cover %(lines)s. Back-order the rest, lower the quantity, or wait for a receipt.",
        lines=_("; ").join(parts),
    )


@sentence_for("credit_exceeded")
def _credit_exceeded(data: Mapping[str, Any]) -> str:
    text = _(
        "Not confirmed: %(customer)s uses %(exposure)s of a limit of %(limit)s, and this order's %(amount)s go over it "
        "by %(over)s. Lower the order by that much, let the customer pay first, or ask finance for a higher limit.",
        customer=data["customer"],
        exposure=money(Decimal(data["exposure"])),
        limit=money(Decimal(data["credit_limit"])),
        amount=money(Decimal(data["amount"])),
        over=money(Decimal(data["over"])),
    )
    return text + (who_may(data["approval"]) if data.get("approval") else "")


@sentence_for("order_state")
def _order_state(data: Mapping[str, Any]) -> str:
    needed = _(" or ").join(str(STATES.get(str(state), state)) for state in data["needed"])
    return _(
        "Not done: %(number)s is “%(state)s”, and this works only while it is “%(needed)s”.",
        number=data["number"],
        state=STATES.get(data["state"], data["state"]),
        needed=needed,
    )


@sentence_for("nothing_to_ship")
def _nothing_to_ship(data: Mapping[str, Any]) -> str:
    waiting = _("; ").join(
        _("%(name)s: %(count)s", name=line["name"], count=quantity(Decimal(line["short"])))
        for line in data.get("shortages") or []
    )
    if waiting:
        return _(
            "Not shipped: nothing of %(number)s is reserved. It waits for stock (%(lines)s); a receipt reserves it.",
            number=data["number"],
            lines=waiting,
        )
    return _("Not shipped: everything of %(number)s has left already.", number=data["number"])


@sentence_for("nothing_to_cancel")
def _nothing_to_cancel(data: Mapping[str, Any]) -> str:
    return _(
        "Not cancelled: everything of %(number)s is shipped. Take the goods back with a return instead.",
        number=data["number"],
    )


@sentence_for("nothing_to_invoice")
def _nothing_to_invoice(data: Mapping[str, Any]) -> str:
    return _("Not invoiced: everything shipped is invoiced already. Ship first.")


@sentence_for("billed_on_order")
def _billed_on_order(data: Mapping[str, Any]) -> str:
    return _(
        "Not invoiced: %(number)s was invoiced as a whole when it was confirmed. Nothing is left to do.",
        number=data["number"],
    )


@general_sentence_for("nothing_to_credit")
def _nothing_to_credit(data: Mapping[str, Any]) -> str:
    return _("Not credited: nothing is invoiced yet. Cancel the line, or change the price while it is a draft.")


@sentence_for("line_not_billed")
def _line_not_billed(data: Mapping[str, Any]) -> str:
    return _(
        "%(left)s of %(sku)s are not invoiced yet. Invoice them first, or cancel what will not be shipped; then credit "
        "the price.",
        left=quantity(Decimal(data["left"])),
        sku=data["sku"],
    )


@sentence_for("more_than_to_ship")
def _more_than_to_ship(data: Mapping[str, Any]) -> str:
    return _("Only %(left)s are left to ship.", left=quantity(Decimal(data["left"])))


@sentence_for("more_than_to_cancel")
def _more_than_to_cancel(data: Mapping[str, Any]) -> str:
    return _(
        "Only %(left)s are not shipped yet; what is shipped (%(shipped)s) can only be returned.",
        left=quantity(Decimal(data["left"])),
        shipped=quantity(Decimal(data["shipped"])),
    )


@sentence_for("more_than_to_bill")
def _more_than_to_bill(data: Mapping[str, Any]) -> str:
    return _("Only %(left)s are shipped and not invoiced.", left=quantity(Decimal(data["left"])))


@sentence_for("more_than_shipped")
def _more_than_shipped(data: Mapping[str, Any]) -> str:
    return _("Only %(left)s are with the customer.", left=quantity(Decimal(data["left"])))


@sentence_for("service_is_not_shipped")
def _service_is_not_shipped(data: Mapping[str, Any]) -> str:
    return _("%(sku)s is a service; it goes with the first shipment by itself.", sku=data["sku"])


@sentence_for("service_is_not_returned")
def _service_is_not_returned(data: Mapping[str, Any]) -> str:
    return _("%(sku)s is a service and cannot come back. Credit its price instead.", sku=data["sku"])
